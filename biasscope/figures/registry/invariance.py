"""Figures of question 2: does a model keep its answer when the picture moves, grows, turns or is resized?"""

from __future__ import annotations

from biasscope.figures.registry import entry

_MARKS = "Each model keeps its colour and its mark in all figures of the section."

ENTRIES = {
    "shift-map": entry(
        "shiftmaps:maps",
        "Agreement with the reference, shift by shift",
        "A cell is a shift, down and to the right of the cross, which is the reference. It is the paper's colour "
        "where all pictures keep their answer, and the stronger vermilion the more of them change it. All maps have "
        "the same scale; grey was not measured.",
        "shifts",
    ),
    "shift-path": entry(
        "shiftmaps:paths",
        "Agreement with the reference along the path",
        f"How many pictures keep the answer of the reference after so many pixels. {_MARKS}",
        "shifts",
    ),
    "pareto": entry(
        "pareto:pareto",
        "Accuracy against consistency",
        "Up is more often right, to the right is more often the same answer; a model can be consistent and wrong. A "
        "dot is a model, its cross the 95 % intervals both ways, and a thin line leads from a baseline to its "
        "variants. What lies inside another's cross is not told apart from it.",
        "shifts",
    ),
    "consistencies": entry(
        "pareto:consistencies",
        "Consistency of each model",
        "A dot is a model, the bar its 95 % interval. There are no labels, so accuracy is unknown, and a model that "
        "always says the same would lead.",
        "shifts",
    ),
    "shift-traces": entry(
        "traces:shifts",
        "How sure the model is along the way",
        "The probability at every step of the path: of the true class where it is known, else of the class that the "
        "reference answered. A filled mark is a right answer, a hollow one a wrong (or changed) one. A model that "
        f"does not care about shifts would draw a level line. {_MARKS}",
        "shifts",
    ),
    "raster": entry(
        "raster:raster",
        "Every picture at every shift",
        "A row is a picture, a column a shift; light is right and dark is wrong (without labels: the same answer as "
        "the reference, or another). The most often right are on top. Rows of one shade all along are what one "
        "would hope for; flecked rows are pictures whose answer hangs on a few pixels.",
        "shifts",
    ),
    "rescale-top5": entry(
        "curves:top5",
        "Top-5 accuracy against the size in the frame",
        "How often the true class is among the first five when the object is pasted that small. Bands are 95 % "
        "intervals.",
        "rescale",
        where={
            "published.top5": "The grey series are published: [P] read in the paper, [S] second-hand, [D], faint and "
            "broken, read off a print. They were measured on ImageNet, so compare shapes, not heights, unless your "
            "pictures are ImageNet's too."
        },
    ),
    "rescale-top1": entry(
        "curves:top1",
        "Top-1 accuracy against the size in the frame",
        "How often the first answer is right when the object is pasted that small. Bands are 95 % intervals.",
        "rescale",
        where={"published.top5": "No published series exists for it."},
    ),
    "rescale-agreement": entry(
        "curves:agreement_by_size",
        "Agreement with the reference, by size",
        "How many pictures keep the answer of the reference at that size, whether it was right or not.",
        "rescale",
    ),
    "rotation-agreement": entry(
        "curves:agreement_by_angle",
        "Agreement with the upright picture",
        "How many pictures keep the answer that they get upright. Bands are 95 % intervals. Small angles also "
        "change the picture by interpolation alone: the floor of it is beside the measures.",
        "rotation",
    ),
    "rotation-accuracy": entry(
        "curves:accuracy_by_angle",
        "Accuracy against the angle",
        "How many answers are right at that angle. A fall that agreement shows too is sensitivity; digits such as 6 "
        "and 9 really do become each other.",
        "rotation",
    ),
    "resize-agreement": entry(
        "agreement:matrices",
        "Agreement of the resize implementations",
        "How many pictures get the same answer after being resized by the one and by the other implementation, in "
        "per cent; stronger vermilion is more disagreement. All maps have the same scale.",
        "resize",
    ),
    "video-traces": entry(
        "traces:video",
        "How sure the model stays from frame to frame",
        "The probability of the class that the first frame answered. A hollow mark is a frame whose answer differs "
        f"from that of the frame before. {_MARKS}",
        "video",
    ),
    "lie-intervals": entry(
        "lie:intervals",
        "Lie derivative, by transformation",
        "How strongly the output moves per infinitely small step of the transformation; less is steadier. A dot is a "
        "model, the line its 95 % interval, mostly on a logarithmic axis. Units differ: compare within a panel only.",
        "lie",
    ),
    "published-own": entry(
        "pareto:published",
        "Published and own, where the protocol is the same",
        "A diamond is the published figure, a dot what was measured here, with its 95 % interval. Only rows of the "
        "same protocol are drawn; the table holds the others and says what differs.",
        "published",
    ),
}
