"""Pictures beside their shifted copies, prepared for a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models import LoadedModel, Preprocessing, load_model
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.trace.pictures import Pictures
from biasscope.trace.probe import device_of, float_type, unwrap
from biasscope.trace.shifts import Plan, plan_of, transformation_of

if TYPE_CHECKING:
    from biasscope.transforms import Transformation

Model = str | LoadedModel | nn.Module
DEFAULT = ((0, 1), (1, 0), (1, 1))
"""One pixel down, right, and both."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some pictures and all their views.

    Attributes
    ----------
    ids
        Of the P pictures.
    reference
        (P, C, H, W).
    shifted
        (P, S, C, H, W), without the reference.
    """

    ids: tuple[str, ...]
    reference: Tensor
    shifted: Tensor


@dataclass(frozen=True, eq=False)
class Opened:
    """A model and the pairs it is asked about.

    Attributes
    ----------
    module, label
        The network, behind `torch.compile` if there was that, and its name.
    plan, protocol, parameters
        Shifts of the views; what made them.
    preprocessing
        How pictures were prepared.
    pictures
        Where they come from; holds the problems once they were read.
    """

    module: nn.Module
    label: str
    plan: Plan
    transformation: Transformation
    preprocessing: Preprocessing
    pictures: Pictures

    @property
    def offsets(self) -> list[tuple[float, float]]:
        """Shifts (dy, dx) of the views other than the reference, in pixels."""
        rows = np.delete(self.plan.offsets, self.plan.reference, 0).tolist()
        return [(dy, dx) for dy, dx in rows]

    def blocks(self, size: int = 1) -> Iterator[Block]:
        """Pictures, ``size`` at a time, on the model's device and in its type."""
        like = torch.empty(0, dtype=float_type(self.module), device=device_of(self.module))
        sources = self.pictures.sources(self.transformation, self.preprocessing)
        first, number = next(sources), 0
        window: tuple[int, int] | None = None
        rest = chain([first], sources)
        while group := list(islice(rest, size)):
            stack = torch.stack([source for _, source in group]).to(like)
            window = window or self._window(stack)
            yield self._block([name for name, _ in group], stack, window, number)
            number += len(group)

    def _window(self, stack: Tensor) -> tuple[int, int]:
        """Rows and columns of the network's input."""
        whole = (stack.shape[-2], stack.shape[-1])
        size = whole if self.transformation.name in ("circular", "fourier") else self.preprocessing.size
        window = getattr(self.transformation.open(stack[:1], [0]), "window", size)
        return int(window[0]), int(window[1])

    def _block(self, ids: list[str], stack: Tensor, window: tuple[int, int], number: int) -> Block:
        views = self.transformation.open(stack, list(range(number, number + len(ids))))
        count = len(ids)
        out = stack.new_empty(self.plan.views, count, stack.shape[1], *window)
        for view in range(self.plan.views):
            views.write(out[view], [view] * count, list(range(count)))
        others = [view for view in range(self.plan.views) if view != self.plan.reference]
        return Block(tuple(ids), out[self.plan.reference], out[others].movedim(0, 1))


def open_pairs(
    model: Model, images: Any, shifts: Any, *, limit: int | None, seed: int, preprocessing: Preprocessing | None,
    label: str | None,
) -> Opened:  # fmt: skip
    """Prepare model, pictures and shifts; see `biasscope.trace.blame.blame` for what they may be.

    Raises
    ------
    UsageError
        There is no shift beside the reference, or the transformation does not shift.
    """
    pictures = Pictures(images, limit)
    loaded = load_model(model) if isinstance(model, str) else model
    module = unwrap(loaded.module if isinstance(loaded, LoadedModel) else loaded)
    prepare = preprocessing or _preprocessing(loaded, pictures)
    transformation = transformation_of(_given(shifts), [], (1, 1)).for_model(prepare)
    plan = plan_of(transformation, seed)
    if plan.views < 2:
        raise UsageError("there is no shift beside the reference", hint="Give shifts as 'circular:3x3' or [(0, 1)].")
    spec = loaded.provenance.spec if isinstance(loaded, LoadedModel) else class_name(module)
    return Opened(module, label or spec, plan, transformation, prepare, pictures)


def _given(shifts: Any) -> Any:
    """Shifts as `transformation_of` takes them; the reference (0, 0) is put in front of pairs that lack it."""
    if shifts is None:
        shifts = DEFAULT
    if not isinstance(shifts, (Sequence, np.ndarray)) or isinstance(shifts, str):
        return shifts
    pairs = np.asarray(shifts).reshape(-1, 2).tolist()
    return pairs if [0, 0] in pairs else [[0, 0], *pairs]


def _preprocessing(model: LoadedModel | nn.Module, pictures: Pictures) -> Preprocessing:
    """How pictures are prepared; for tensors it does not matter."""
    if isinstance(pictures.images, Tensor):
        return Preprocessing((pictures.images.shape[-2], pictures.images.shape[-1]), None)
    if isinstance(model, LoadedModel):
        return model.preprocessing
    return load_model(model).preprocessing
