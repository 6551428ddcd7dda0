"""Figures of question 3: at which layer does the representation stop moving with the picture?"""

from __future__ import annotations

from biasscope.figures.registry import entry

_AXIS = (
    "From left to right the layers in the order in which the network runs them; broken vertical lines are layers "
    "that subsample in some model. "
)

ENTRIES = {
    "where": entry(
        "layers.where:where",
        "Where shiftability is lost",
        f"{_AXIS}A line is a model, its band the 95 % interval over images; a filled mark has a layer that "
        "subsamples at it or just before it, a hollow one has none. 0 is a layer whose maps move with the picture "
        "and are otherwise the same. The thick piece is each model's largest rise; the largest of all is written out.",
        "layers",
    ),
    "layer-measures": entry(
        "layers.where:others",
        "The same depth in other measures",
        f"{_AXIS}Marks stand where that model subsamples. The measures ask different things and have their "
        "own scales: compare shapes between the panels, and models within one.",
        "layers",
    ),
    "lattices": entry(
        "layers.lattices:lattices",
        "Error at every shift",
        "A cell is a shift down and to the right of the reference, top left; the stronger the colour, the less the "
        "layer's response is the moved reference. Outlined cells are shifts by whole positions of the map, which "
        "are compared as they are; the others fall between positions and are compared with a reference that was "
        "moved through the Fourier domain; without outlines all are whole. All maps have one scale.",
        "layers",
    ),
    "sums": entry(
        "layers.sums:sums",
        "Global sums against the shift",
        "A line is one map for one picture: the sum over all its positions, over its mean over the shifts. If the "
        "map did nothing but move, its sum would stay at 1. Grey is the band that nonshiftability allows; written "
        "below is how many of these sums are outside. These are a few maps of a few pictures: the measure counts all.",
        "layers",
    ),
    "blame": entry(
        "layers.blame:blame",
        "Layers by blame",
        "How much of the change of the answer's logit each layer accounts for, found by replacing what it gives for "
        "the moved picture by its own moved reference response: a bar is what this takes back more than doing so at "
        "the layer before. Strong bars with bold names are subsampling layers. The diamond is the estimate from "
        "gradients, which is cheap and fails where the network is far from linear.",
        "blame",
    ),
    "blame-cumulative": entry(
        "layers.blame:cumulative",
        "Blame up to each layer",
        f"{_AXIS}A line is how much of the change disappears when a model's layer gives the moved reference response: "
        "what all layers up to it did together, with its 95 % interval over images. It ends at 100 % where the rest "
        "of the network does not care where things are. A filled mark is a layer that subsamples.",
        "blame",
    ),
    "attribution-measures": entry(
        "layers.attribution:measures",
        "Explanations of the moved picture, moved back, against those of the reference",
        "An explanation that moves with the object is the same again when it is moved back. A mark is a model, its "
        "line the 95 % interval over images. Each panel has a scale and a better side of its own.",
        "attribution",
    ),
}
