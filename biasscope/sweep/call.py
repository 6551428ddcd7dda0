"""`sweep`, the function: opens what it is given and lends the model to a job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.images import ImageSource, open_images
from biasscope.models import LoadedModel, load_model
from biasscope.models.borrow import evaluating, modes_kept, moved
from biasscope.models.device import resolve_device
from biasscope.sweep.job import Job
from biasscope.sweep.result import Sweep
from biasscope.sweep.settings import AVERAGED, Settings, distinct
from biasscope.transforms import PROTOCOLS, Transformation, make


def sweep(
    model: str | nn.Module | LoadedModel,
    images: str | Path | ImageSource | Any,
    transformation: Transformation | str,
    *,
    batch: int = 64,
    limit: int | None = None,
    device: str | torch.device = "auto",
    amp: Literal["bf16", "fp16"] | None = None,
    channels_last: bool = False,
    compile: bool = False,  # noqa: A002  (as torch calls it)
    tta: Sequence[int] = AVERAGED,
    floor: int = 8,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
    strict: bool = False,
    seed: int = 0,
    shard: tuple[int, int] = (0, 1),
    label: str | None = None,
) -> Sweep:
    """Ask a model about every view of every picture.

    Parameters
    ----------
    model
        A specification as `biasscope.models.load_model` reads it, a module (then prepared for as ImageNet is, 3 x 224 x
        224; give a `LoadedModel` for anything else), or a loaded model. It is left as it was: mode, device, tensors.
        One output is read as a logit: the answer is 1 where it is positive, otherwise 0.
    images
        Whatever `biasscope.images.open_images` opens, or an open source.
    transformation
        A transformation, or the name of a protocol with its default grid.
    batch
        Views in one forward pass. Every pass has exactly this many (the last repeats some), unless there are fewer
        views in all.
    limit
        Most pictures: a seeded sample where `images` is opened here, the first ones of an open source.
    device
        ``auto``, ``cpu``, ``cuda`` ...
    amp
        Run the model under autocast in this half precision; softmax stays in float32.
    channels_last, compile
        Memory format of the model and its input; whether it is compiled, for one shape.
    tta
        Numbers k of views over which test-time augmentation averages.
    floor
        Pictures on which the numerical floors are measured; 0 measures none.
    checkpoint
        Folder in which finished blocks of pictures are stored. A sweep that was killed goes on from there and ends with
        the same result, on the CPU to the last bit; blocks of another plan or of other pictures are not used.
    progress
        Where progress and warnings are shown; silent unless given.
    strict
        Whether any problem with a picture is an error, which is raised before the model runs.
    seed
        Of the sample and of the groups of views for test-time augmentation.
    shard
        (rank, number of shards): only every so manieth picture, for `Sweep.concatenate`.
    label
        What the model is called in the result; its specification unless given.

    Returns
    -------
    Sweep
        Predictions and probabilities, (S, N) each.

    Raises
    ------
    UsageError
        An option is wrong, or the model cannot be run on pictures of this size.
    InputError
        Labels do not fit the model, its outputs are not finite, there is no usable picture, or (with ``strict``) there
        are problems with pictures.

    Examples
    --------
    >>> found = sweep("torchvision:squeezenet1_1@none?classes=10&size=32", "scenes:3", make("circular", grid="3x3"))
    >>> found.predictions.shape, found.transformation
    (torch.Size([9, 3]), 'circular')
    """
    settings = Settings(resolve_device(device), batch, amp, channels_last, compile, distinct(tta), floor, seed, shard)
    with ExitStack() as stack:
        if isinstance(model, nn.Module):
            stack.enter_context(modes_kept(model))
        loaded = model if isinstance(model, LoadedModel) else load_model(model)
        made = _transformation(transformation, seed)
        job = Job(
            loaded=loaded,
            source=open_images(images, limit=limit, seed=seed),
            transformation=made.for_model(loaded.preprocessing),
            settings=settings,
            limit=limit,
            label=label or loaded.provenance.spec,
            progress=progress or Progress(),
            folder=None if checkpoint is None else Path(checkpoint),
            strict=strict,
        )
        stack.enter_context(evaluating(loaded.module))
        stack.enter_context(moved(loaded.module, settings.device, channels_last=channels_last))
        return job.run()


def _transformation(given: Transformation | str, seed: int) -> Transformation:
    """Transformation of a protocol's name, or the one that was given."""
    if isinstance(given, str):
        return make(given, seed=seed)
    if not isinstance(given, Transformation):
        hint = f"Name a protocol ({', '.join(PROTOCOLS)}), or make one with biasscope.transforms."
        raise UsageError(f"{type(given).__name__} is no transformation", hint=hint)
    return given
