"""Figures of question 4: how many copies does learning invariance need?"""

from __future__ import annotations

from biasscope.figures.registry import entry

_CURVE = (
    "A mark is what networks that were trained on n copies of each image reach on held-out images in all versions, "
    "mean over seeds; the band is its 95 % bootstrap interval over seeds and images, the line the law that was chosen "
    "by leaving out one n after the other. The broken upright line is what the subsampling argument says, one copy for "
    "each of the s² phases"
)

ENTRIES = {
    "copies-consistency": entry(
        "augmentation.curves:consistency",
        "Consistency by number of copies",
        f"{_CURVE}; the dotted level line is the target. A network that is invariant by construction starts at 100 %.",
        "copies",
    ),
    "copies-accuracy": entry(
        "augmentation.curves:accuracy",
        "Accuracy over all versions, by number of copies",
        f"{_CURVE}. Consistent answers may be wrong; this is how many are right.",
        "copies",
    ),
    "copies-coverage": entry(
        "augmentation.curves:coverage",
        "What the argument expects: phases that n copies cover",
        "If a network had to see every phase of its stride product s, its curve would follow this one: the share of "
        "the s² phases that n random copies of an image are expected to cover, drawn independently or "
        "without repetition.",
        "copies",
    ),
    "copies-maps": entry(
        "augmentation.places:maps",
        "Where answers are kept",
        "A cell is a shift of held-out images, down and to the right; the stronger the colour, the more answers differ "
        "from those to the unmoved image (the cross). An outline is the range that was trained, and the number at the "
        "right its mean; grey was not asked. All maps have one scale.",
        "copies",
    ),
    "copies-knee": entry(
        "augmentation.places:knee",
        "By distance, inside and outside the trained range",
        "How many answers are right by the distance of the version from the image as it is: filled marks inside the "
        "trained range, hollow ones outside of it, beyond the broken upright line. What was learned from copies "
        "is not promised to hold there. Bands are 95 % intervals over images.",
        "copies",
    ),
    "copies-products": entry(
        "augmentation.products:cells",
        "Two transformations at once",
        "A cell is networks that were trained on so many values of the one transformation times so many of the other, "
        "and asked about all products; its number is the share of versions answered alike, in per cent. If the needs "
        "multiply, a network needs enough of both: rows and columns both matter, and more of one does not make up for "
        "too little of the other.",
        "copies",
    ),
    "copies-residuals": entry(
        "augmentation.curves:residuals",
        "What the chosen laws leave over",
        "Measured consistency less that of the law that was chosen, in points. A law that fits scatters around zero; "
        "a bow says that the growth is of another shape, and that extrapolation is not to be trusted.",
        "copies",
    ),
    "transforms-phases": entry(
        "augmentation.delivered:phases",
        "Phases met, by epochs",
        "One image goes through the transform once an epoch; a mark is the share of the s² phases that its middle has "
        "landed on by then, mean over repetitions. Padding of a few pixels can never reach every phase of a large "
        "stride product.",
        "transforms",
    ),
}
