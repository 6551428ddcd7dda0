"""``invariance``: does a model keep its answer when the picture moves, grows, turns, or is resized otherwise?"""

from __future__ import annotations

from pathlib import Path
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

PROTOCOLS = Group("Protocols", sort_key=30)

Convention = Literal["edges", "inclusive0", "inclusive1", "xywh", "fraction"]


def invariance(
    *,
    model: Annotated[list[str] | None, SEVERAL, Parameter(group=MODELS)] = None,
    allow_python: Annotated[bool, FLAG, Parameter(group=MODELS)] = False,
    forms: Forms = FORMS,
    images: Annotated[str | None, Parameter(group=PICTURES)] = None,
    reading: Reading = READING,
    label_column: Annotated[str | None, Parameter(group=PICTURES)] = None,
    box_columns: Annotated[list[str] | None, SEVERAL, Parameter(group=PICTURES)] = None,
    box_convention: Annotated[Convention, Parameter(group=PICTURES)] = "edges",
    classes_file: Annotated[Path | None, Parameter(group=PICTURES)] = None,
    clip_length: Annotated[int, Parameter(group=PICTURES)] = 16,
    limit: Annotated[int | None, Parameter(group=PICTURES)] = None,
    strict: Annotated[bool, FLAG, Parameter(group=PICTURES)] = False,
    protocol: Annotated[list[str] | None, SEVERAL, Parameter(group=PROTOCOLS)] = None,
    grid: Annotated[str | None, Parameter(group=PROTOCOLS, allow_leading_hyphen=True)] = None,
    fill: Annotated[str | None, Parameter(group=PROTOCOLS)] = None,
    side: Annotated[int | None, Parameter(group=PROTOCOLS)] = None,
    sizes: Annotated[str | None, Parameter(group=PROTOCOLS)] = None,
    angles: Annotated[str | None, Parameter(group=PROTOCOLS, allow_leading_hyphen=True)] = None,
    batch: Annotated[int, Parameter(group=RUNNING)] = 64,
    amp: Annotated[Literal["bf16", "fp16"] | None, Parameter(group=RUNNING)] = None,
    channels_last: Annotated[bool, FLAG, Parameter(group=RUNNING)] = False,
    compile: Annotated[bool, FLAG, Parameter(group=RUNNING)] = False,  # noqa: A002  (the option's name)
    resume: Annotated[bool, Parameter(group=RUNNING)] = True,
    lie: Annotated[int, Parameter(group=PARTS)] = 32,
    html: Annotated[bool, Parameter(group=PARTS)] = True,
    common: Annotated[Common, Parameter(group=COMMON)] = DEFAULTS,
) -> int:
    """Does a model keep its answer when the picture moves, grows, turns, or is resized by another library?

    Without a model it measures small networks, trained here on first use, on embedded scenes with one digit each.

    Parameters
    ----------
    model
        A model: `torchvision:resnet18`, `timm:NAME`, `file:weights.safetensors?arch=cifar_resnet20`, `small:digits8`,
        one's own as `python:package.module:function`; may be given several times. One output alone is read as a logit:
        yes where it is positive.
    allow_python
        Import the code that a model names (`python:module:function`).
    forms
        Forms of each model.
    images
        Pictures: a folder (one sub-folder a class, or pictures alone), a Parquet or CSV file, a saved Hugging Face
        dataset, `hf://owner/name`, a video file, `video:FOLDER` for a folder of frames, `scenes:200` (the embedded
        default).
    reading
        How pictures are read.
    label_column
        Column of the table that holds the classes.
    box_columns
        Columns of a table that hold a box (x0,y0,x1,y1), for the protocol box; joined with commas.
    box_convention
        What these numbers mean: pixel edges, first and last pixel counted from 0 or from 1, x y width height, or
        fractions of the picture.
    classes_file
        Text file with one class name of the pictures a line, in the order of the model's outputs.
    clip_length
        Frames in one clip of a video.
    limit
        Most pictures that are measured, a seeded sample: 200 unless given, 0 for all.
    strict
        Exit with 3 when a picture cannot be read as it is or a protocol refuses it, or a form cannot be made.
    protocol
        What is done to the pictures: crop, embed, circular, box, fourier, bilinear, pairs, scale, rescale, rotation,
        resize, video; several joined with commas. Unless given: what suits the pictures.
    grid
        Shifts: `7x7`, `7x7:2` (every second pixel), `diagonal:8`, `horizontal:16`, `vertical:16`, `axes:8`, `0..31`.
    fill
        What surrounds an embedded picture: black, mean, reflect, inpaint or a colour as #336699.
    side
        Side in pixels of an embedded picture.
    sizes
        Sizes in pixels for scale and rescale, of the short side of what the model sees: `60,100,150` or `95..105`.
    angles
        Angles in degrees for rotation: `-30..30:5` or `0,90,180`. The upright picture is the reference, named or not.
    batch
        Views in one forward pass.
    amp
        Run the models in a half precision.
    channels_last
        Run the models in the channels-last memory format.
    compile
        Run the models through torch.compile.
    resume
        Continue a run that was stopped, from ~/.cache/biasscope/sweeps; what is left there goes after 14 days.
    lie
        Pictures of which Lie derivatives are taken, 0 for none.
    html
        Write report.html beside report.json.
    common
        Options that every command shares.
    """
    return answered("invariance", locals(), joined=["variants", "box_columns", "protocol"])
