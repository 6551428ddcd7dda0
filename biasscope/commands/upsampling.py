"""``upsampling``: which layer writes a checkerboard, how strong is it, and what removes it?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Group, Parameter

from biasscope.commands.asked import answered
from biasscope.commands.options import (
    COMMON,
    DEFAULTS,
    FLAG,
    MODELS,
    PARTS,
    PICTURES,
    READING,
    RUNNING,
    SEVERAL,
    Common,
    Reading,
)

MEASURES = Group("Measures", sort_key=30)


def upsampling(
    *,
    model: Annotated[list[str] | None, SEVERAL, Parameter(group=MODELS)] = None,
    allow_python: Annotated[bool, FLAG, Parameter(group=MODELS)] = False,
    latent: Annotated[str | None, Parameter(group=MODELS)] = None,
    images: Annotated[str | None, Parameter(group=PICTURES)] = None,
    reading: Reading = READING,
    limit: Annotated[int | None, Parameter(group=PICTURES)] = None,
    strict: Annotated[bool, FLAG, Parameter(group=PICTURES)] = False,
    channels: Annotated[int, Parameter(group=MEASURES)] = 16,
    margin: Annotated[int | None, Parameter(group=MEASURES)] = None,
    draws: Annotated[int, Parameter(group=MEASURES)] = 199,
    heads: Annotated[int, Parameter(group=MEASURES)] = 4,
    padding: Annotated[int, Parameter(group=MEASURES)] = 4,
    batch: Annotated[int, Parameter(group=RUNNING)] = 16,
    remedies: Annotated[list[str] | None, SEVERAL, Parameter(group=PARTS)] = None,
    position: Annotated[bool, Parameter(group=PARTS)] = True,
    knee: Annotated[bool | None, Parameter(group=PARTS)] = None,
    html: Annotated[bool, Parameter(group=PARTS)] = True,
    common: Annotated[Common, Parameter(group=COMMON)] = DEFAULTS,
) -> int:
    """Which layer writes a checkerboard, how strong is it, and what removes it at which price?

    Without a model it looks at three small decoders, trained here on first use, on embedded scenes.

    Parameters
    ----------
    model
        A model: `small:decoder-transposed3`, `torchvision:resnet18`, a segmentation network as
        `torchvision:fcn_resnet50@none?size=128`, `timm:NAME`, `file:weights.safetensors?arch=...`, one's own as
        `python:package.module:function`; may be given several times.
    allow_python
        Import the code that a model names (`python:module:function`).
    latent
        Shape of what a generator takes instead of pictures, as 100 or 100x1x1; drawn from a standard normal law.
    images
        Pictures: a folder, a Parquet or CSV file, a saved Hugging Face dataset, `hf://owner/name`, `scenes:200` (the
        embedded default).
    reading
        How pictures are read.
    limit
        Most pictures, a seeded sample: 32 unless given (8 where a model takes more than 128 pixels), 0 for all.
    strict
        Exit with 3 when a picture cannot be read as it is.
    channels
        Most channels of a layer to look at, evenly spaced.
    margin
        Positions that are left out on every side of a map; an eighth of its side unless given.
    draws
        Draws of the permutation test of phases.
    heads
        Random heads a picture for the gradients; 0 for none.
    padding
        Padding of the random crops whose coverage of positions is told.
    batch
        Pictures at once.
    remedies
        Remedies to try on copies of each model: divisible, divisible-new, equal-phases, resize-nearest,
        resize-bilinear, icnr, icnr-new, hold, smooth, blurpool, joined with commas; none for none. Unless given: all.
    position
        Also say how positions are covered and sampled.
    knee
        Train a small network on crops of that padding and ask it inside and outside of its range, some seconds; unless
        given, beside the embedded decoders only.
    html
        Write report.html beside report.json.
    common
        Options that every command shares.
    """
    return answered("upsampling", locals(), joined=["remedies"])
