"""``layers``: at which layer is shiftability lost, and which layer is to blame for a flipped answer?"""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Group, Parameter

from biasscope.commands.asked import answered
from biasscope.commands.options import (
    COMMON,
    DEFAULTS,
    FLAG,
    FORMS,
    MODELS,
    PARTS,
    PICTURES,
    READING,
    RUNNING,
    SEVERAL,
    Common,
    Forms,
    Reading,
)

LAYERS = Group("Layers and measures", sort_key=30)
SHIFTS = Group("Shifts", sort_key=40)


def layers(
    *,
    model: Annotated[list[str] | None, SEVERAL, Parameter(group=MODELS)] = None,
    allow_python: Annotated[bool, FLAG, Parameter(group=MODELS)] = False,
    forms: Forms = FORMS,
    images: Annotated[str | None, Parameter(group=PICTURES)] = None,
    reading: Reading = READING,
    label_column: Annotated[str | None, Parameter(group=PICTURES)] = None,
    limit: Annotated[int | None, Parameter(group=PICTURES)] = None,
    strict: Annotated[bool, FLAG, Parameter(group=PICTURES)] = False,
    layers: Annotated[list[str] | None, SEVERAL, Parameter(group=LAYERS)] = None,
    functional: Annotated[Literal["auto", "yes", "no"], Parameter(group=LAYERS)] = "auto",
    split_layers: Annotated[Literal["none", "pools", "all"], Parameter(group=LAYERS)] = "pools",
    measures: Annotated[list[str] | None, SEVERAL, Parameter(group=LAYERS)] = None,
    threshold: Annotated[float, Parameter(group=LAYERS)] = 0.2,
    margin: Annotated[float, Parameter(group=LAYERS)] = 0.125,
    protocol: Annotated[Literal["circular", "crop", "embed"], Parameter(group=SHIFTS)] = "circular",
    grid: Annotated[str | None, Parameter(group=SHIFTS, alias="--shifts", allow_leading_hyphen=True)] = None,
    fill: Annotated[str | None, Parameter(group=SHIFTS)] = None,
    side: Annotated[int | None, Parameter(group=SHIFTS)] = None,
    batch: Annotated[int, Parameter(group=RUNNING)] = 64,
    amp: Annotated[Literal["bf16", "fp16"] | None, Parameter(group=RUNNING)] = None,
    blame: Annotated[bool, Parameter(group=PARTS)] = True,
    blame_limit: Annotated[int | None, Parameter(group=PARTS)] = None,
    between: Annotated[Literal["fourier", "nearest"], Parameter(group=PARTS)] = "fourier",
    attribution: Annotated[list[str] | None, SEVERAL, Parameter(group=PARTS)] = None,
    attribution_limit: Annotated[int | None, Parameter(group=PARTS)] = None,
    html: Annotated[bool, Parameter(group=PARTS)] = True,
    common: Annotated[Common, Parameter(group=COMMON)] = DEFAULTS,
) -> int:
    """At which layer is shiftability lost, and which layer is to blame when a shift changes the answer?

    Without a model it measures small networks in four forms, trained here on first use, on embedded scenes.

    Parameters
    ----------
    model
        A model: `torchvision:resnet18`, `timm:NAME`, `file:weights.safetensors?arch=cifar_resnet20`, `small:digits8`,
        one's own as `python:package.module:function`; may be given several times. Blame and explanations need class
        scores, alone or named `logits` in what it returns.
    allow_python
        Import the code that a model names (`python:module:function`).
    forms
        Forms of each model.
    images
        Pictures: a folder, a Parquet or CSV file, a saved Hugging Face dataset, `hf://owner/name`, `scenes:200` (the
        embedded default).
    reading
        How pictures are read.
    label_column
        Column of the table that holds the classes.
    limit
        Most pictures that are measured, a seeded sample: 32 unless given, 0 for all.
    strict
        Exit with 3 when a picture cannot be read as it is.
    layers
        Which layers: names, patterns as `layer*.bn?`, or leaves, blocks, subsampling, functions; several joined with
        commas. Unless given: leaves and functions.
    functional
        Whether functions that a model calls in its forward are layers too: auto where there are some.
    split_layers
        Layers that get a second row, NAME:max or NAME:dense, with what they give at stride 1, so that their maximum
        and their subsampling are told apart: max pools, all (strided convolutions too) or none.
    measures
        Measures at every layer, joined with commas, or all: nonshiftability, sum_variation, equivariance_cosine,
        equivariance_l2, fourier_cosine, fourier_l2, aliasing, maximum_bias, phase_variance, phase_decoding,
        lie_derivative.
    threshold
        Deviation from its mean over shifts, as a share, beyond which a map's global sum counts as not shiftable.
    margin
        Share of the side of a map that equivariance errors leave out at every edge, where padding is seen.
    protocol
        How pictures are shifted: circular, in crop windows, or embedded in a canvas.
    grid
        Shifts: `0..7`, `7x7`, `7x7:2`, `diagonal:8`, or pairs `0,0;1,1`. Unless given: 0 to 7 on both axes and
        multiples of the largest stride.
    fill
        What surrounds an embedded picture: black, mean, reflect, inpaint or a colour as #336699.
    side
        Side in pixels of an embedded picture.
    batch
        Views in one forward pass.
    amp
        Run the models in a half precision.
    blame
        Find the layers that are to blame for changed answers, by patching activations.
    blame_limit
        Most of the measured pictures that layers are patched for: 16 unless given, 64 for networks of at most 64
        pixels, 0 for all. Every layer takes three passes a picture.
    between
        How maps that are patched move by fractions of a position: in the Fourier domain, or rounded to the nearest.
    attribution
        Explanations that should move with the object: gradcam, saliency, integrated_gradients, joined with commas;
        none for none. Unless given: gradcam and saliency, and integrated_gradients for the embedded networks.
    attribution_limit
        Most of the measured pictures whose answers are explained: 8 unless given, 0 for all.
    html
        Write report.html beside report.json.
    common
        Options that every command shares.
    """
    return answered("layers", locals(), joined=["variants", "layers", "measures", "attribution"])
