"""``augmentation``: how many transformed copies of every image does learning invariance need?"""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Group, Parameter

from biasscope.commands.asked import answered, parts
from biasscope.commands.options import COMMON, DEFAULTS, FLAG, MODELS, PARTS, RUNNING, SEVERAL, Common

PICTURES = Group("Images", sort_key=20)
COPIES = Group("Copies", sort_key=30)
TRAINING = Group("Training", sort_key=40)
SIGNED = Parameter(group=COPIES, allow_leading_hyphen=True)
"""Of ranges that may begin with a minus sign."""


def augmentation(
    *,
    model: Annotated[list[str] | None, SEVERAL, Parameter(group=MODELS)] = None,
    allow_python: Annotated[bool, FLAG, Parameter(group=MODELS)] = False,
    variants: Annotated[list[str] | None, SEVERAL, Parameter(group=MODELS)] = None,
    images: Annotated[str | None, Parameter(group=PICTURES)] = None,
    held_out: Annotated[str | None, Parameter(group=PICTURES)] = None,
    image_column: Annotated[str | None, Parameter(group=PICTURES)] = None,
    label_column: Annotated[str | None, Parameter(group=PICTURES)] = None,
    split: Annotated[str | None, Parameter(group=PICTURES)] = None,
    held_out_split: Annotated[str | None, Parameter(group=PICTURES)] = None,
    train_images: Annotated[list[str] | None, SEVERAL, Parameter(group=PICTURES)] = None,
    test_images: Annotated[int | None, Parameter(group=PICTURES)] = None,
    copies: Annotated[list[str] | None, SEVERAL, Parameter(group=COPIES)] = None,
    transform: Annotated[str, Parameter(group=COPIES)] = "shift",
    shifts: Annotated[str | None, SIGNED] = None,
    angles: Annotated[str | None, SIGNED] = None,
    scales: Annotated[str | None, Parameter(group=COPIES)] = None,
    test_shifts: Annotated[str | None, SIGNED] = None,
    test_angles: Annotated[str | None, SIGNED] = None,
    test_scales: Annotated[str | None, Parameter(group=COPIES)] = None,
    edges: Annotated[Literal["circular", "fill", "crop"], Parameter(group=COPIES)] = "circular",
    target: Annotated[str, Parameter(group=COPIES)] = "0.95",
    augment: Annotated[list[str] | None, SEVERAL, Parameter(group=COPIES)] = None,
    seeds: Annotated[int | None, Parameter(group=TRAINING)] = None,
    steps: Annotated[int | None, Parameter(group=TRAINING)] = None,
    epochs: Annotated[float | None, Parameter(group=TRAINING)] = None,
    batch: Annotated[int, Parameter(group=TRAINING)] = 64,
    rate: Annotated[float, Parameter(group=TRAINING)] = 0.01,
    amp: Annotated[Literal["bf16"] | None, Parameter(group=TRAINING)] = None,
    channels_last: Annotated[bool, FLAG, Parameter(group=TRAINING)] = False,
    compile: Annotated[bool, FLAG, Parameter(group=TRAINING)] = False,  # noqa: A002  (the option's name)
    engine: Annotated[Literal["auto", "sequential", "vectorised"], Parameter(group=RUNNING)] = "auto",
    together: Annotated[int, Parameter(group=RUNNING)] = 64,
    budget: Annotated[str | None, Parameter(group=RUNNING)] = None,
    resume: Annotated[bool, Parameter(group=RUNNING)] = True,
    html: Annotated[bool, Parameter(group=PARTS)] = True,
    common: Annotated[Common, Parameter(group=COMMON)] = DEFAULTS,
) -> int:
    """How many transformed copies of every image does learning invariance need?

    Networks are trained from scratch on n versions of each image, for several n, and asked about held-out images in all
    versions. Without a model it trains small networks of stride product 4 and 8 in three variants on embedded digits.

    Parameters
    ----------
    model
        A model: `small:4` or `small:8` (stride product), `small:resnet18` (stride product 8), each with its width after
        a second colon; `torchvision:resnet18@none`, `timm:NAME@none`, one's own as `python:package.module:function`,
        which is called anew for every repetition; may be given several times.
    allow_python
        Import the code that a model names (`python:module:function`).
    variants
        Forms of each model that are trained: plain, antialias, polyphase, pac; several joined with commas.
    images
        Images with labels, all of one size: a folder, a Parquet file, a saved Hugging Face dataset; or embedded digits,
        `centred:2500@28` (all in the middle) and `scenes:2500@32` (anywhere).
    held_out
        Images to ask about; a fifth of the images unless given.
    image_column
        Column of a table or dataset with the images.
    label_column
        Column with the labels.
    split
        Split of a dataset, or sub-folder, that is trained on.
    held_out_split
        Split that is asked about, of the same images unless others are held out.
    train_images
        Training-set sizes, joined with commas; all images unless given.
    test_images
        Held-out images that are asked about.
    copies
        Numbers n of versions of each image, joined with commas: `1,2,4,8`; for products of transformations pairs as
        `4x3`, or numbers that are crossed.
    transform
        What is done to the copies: `shift`, `rotate`, `scale`, or a product as `shift+rotate`.
    shifts
        Whole shifts that are trained: `8x8` are the 64 phases of stride product 8, around zero.
    angles
        Angles in degrees that are trained: `-30..30:10`.
    scales
        Factors of size that are trained: `0.7,0.85,1,1.15`.
    test_shifts
        Shifts that are asked about; those that are trained unless given.
    test_angles
        Angles that are asked about.
    test_scales
        Factors of size that are asked about.
    edges
        What enters where content leaves: circular, fill (black), or crop (a window moves in a larger image).
    target
        Consistency to reach: `0.95`; or `antialias@1`, what that variant reaches with one copy.
    augment
        A training transform of torchvision.transforms.v2, as `RandomCrop(32, padding=4)`: how many distinct copies and
        which phases it delivers an epoch. May be given several times.
    seeds
        Networks of each kind, trained from different weights: 5 unless given.
    steps
        Gradient steps of every network, whatever n is: 300 unless given. A pass over the images
        shows one version of each.
    epochs
        Passes over all copies instead of steps.
    batch
        Images in one step.
    rate
        Largest learning rate.
    amp
        Train in a half precision.
    channels_last
        Train in the channels-last memory format.
    compile
        Train through torch.compile.
    engine
        One network after the other, many at once, or whichever is faster.
    together
        Most networks at once.
    budget
        Time for training and asking: `90s`, `10m`, `2h`; training, questions and steps are thinned to it, which the
        report says. Starting, estimates and figures come on top, some ten seconds.
    resume
        Continue a run that was stopped.
    html
        Write report.html beside report.json.
    common
        Options that every command shares.
    """
    arguments = locals() | {"train_images": _numbers(train_images)}
    return answered("augmentation", arguments, joined=["variants", "copies"])


def _numbers(given: list[str] | None) -> list[int | str]:
    """Whole numbers; what is none is left as it is, to be refused by name."""
    return [int(part) if part.lstrip("-").isdecimal() else part for part in parts(given or [])]
