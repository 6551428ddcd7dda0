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
        "Inside and outside the trained range",
        "How many answers are right by the distance of the version from the image as it is; the broken upright line is "
        "where the trained range ends. What was learned from copies is not promised to hold beyond it. Bands are 95 % "
        "intervals over images.",
        "copies",
    ),
}
