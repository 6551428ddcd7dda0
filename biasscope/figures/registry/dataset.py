"""Figures of question 1: where and how large the objects are."""

from __future__ import annotations

from biasscope.figures.registry import entry

_CELLS = (
    "Each cell holds how many times as many boxes fall there as an even spread would put there: 1 is even, 2 twice as "
    "many. Vermilion is more, blue is less; the colour is full at a quarter and at four times."
)
_STEPS = "The height is the density against an even spread (dashed, 1). "
_RANKED = (
    "A dot is the value of a class, the bar its 95 % interval. Two classes whose intervals lie apart differ; intervals "
    "that overlap do not prove them alike."
)
_BESIDE = "Read like the map before it; the two have the same colours for the same numbers."
_BOTH = ("splits", "comparison")

ENTRIES = {
    "map-feasible": entry(
        "maps:feasible",
        "Where boxes are in the room their size leaves them",
        f"{_CELLS} The left edge is a box pushed to the left frame, whatever its size.",
        "position",
    ),
    "map-raw": entry(
        "maps:raw",
        "Where box centres are in the picture",
        "The same numbers for the centre of the box in the picture. No large box has its centre near the frame, so "
        "the rim is blue even for boxes placed evenly.",
        "position",
    ),
    "map-interior": entry(
        "maps:interior",
        "The same without boxes that touch the frame",
        "As in feasible coordinates. Boxes cut off by the frame pile up at its edge: what is gone here may "
        "be truncation, what stays is placement.",
        "position",
    ),
    "marginal-u": entry(
        "marginals:horizontal",
        "The horizontal axis on its own",
        f"{_STEPS}Filled: the share of the free room that is left of the box. Thin line: the raw centre.",
        "position",
    ),
    "marginal-v": entry(
        "marginals:vertical",
        "The vertical axis on its own",
        f"{_STEPS}Filled: the share of the free room that is above the box. Thin line: the raw centre.",
        "position",
    ),
    "joint-y": entry(
        "maps:joint_y",
        "Vertical centre and height together",
        "Stronger is more boxes. A box as high as the picture is centred: its room lies between the dashed lines.",
        "position",
    ),
    "joint-x": entry(
        "maps:joint_x",
        "Horizontal centre and height together",
        "Stronger is more boxes. If height did not matter, all rows would have one shape.",
        "position",
    ),
    "strongest": entry(
        "effects:strongest",
        "The most biased classes",
        f"{_RANKED} The ring is the same measure on raw centres, to which the size of the boxes adds its part.",
        "position",
    ),
    "spread": entry(
        "effects:spread",
        "Effect sizes of all classes",
        "How many of the tested classes have an effect of that size. 0 is evenly placed, 1 is every box in one cell.",
        "position",
    ),
    "displacements": entry(
        "effects:displacements",
        "Which way each class is displaced",
        "A dot is a class; the cross is the middle of the room its boxes have. 0.1 is a tenth of that room.",
        "position",
    ),
    "scale": entry(
        "marginals:scale",
        "How large the boxes are",
        "Every mark on the axis is twice the side of the one before: 1/2 is half the side, a quarter of the area.",
        "scale",
    ),
    "scale-strongest": entry("effects:scale_strongest", "The classes whose scale differs most", _RANKED, "scale"),
    "pair-first": entry("maps:first", "Map of the first", _CELLS, "repair", *_BOTH),
    "pair-second": entry("maps:second", "Map of the second", _BESIDE, "repair", *_BOTH),
    "pair-third": entry(
        "maps:third",
        "Placement before",
        "Read like the maps above, in feasible coordinates (u, v), of the objects that no frame cuts: what the "
        "crop does to placement, without what it cuts off.",
        "repair",
    ),
    "pair-fourth": entry("maps:fourth", "Placement after", _BESIDE, "repair"),
    "apparent-scale": entry(
        "marginals:scales",
        "How much of the picture objects fill",
        "Thin: of the dataset's pictures as they are. Filled: what is left of objects, of what the network sees in "
        "training. In how many pixels they are shown, against evaluation, is not in the figure: that is the number "
        "called apparent scale.",
        "repair",
    ),
    "distances": entry("effects:distances", "The classes that differ most", _RANKED, *_BOTH),
    "features": entry(
        "effects:features",
        "What one feature gives away",
        "The length of a bar is how often the class is guessed right from that number alone; dashed is guessing.",
        "leakage",
    ),
    "recalls": entry(
        "effects:recalls",
        "The classes that geometry recognises best",
        f"{_RANKED} A class that many boxes are taken for is often right by chance: see the table.",
        "leakage",
    ),
}
