"""Any pipeline of ``torchvision.transforms.v2``, run on boxes alone: no picture is needed.

Each box goes through twice in one call, clamped to the canvas after every step, as the network sees it, and never
clamped, as it would be without a frame. The quotient of the areas is the visible share. Rotated and sheared boxes are
the upright boxes around them, as torchvision defines them; so the corners go through too, as points, and say how large
the object itself has become, and so how many pixels of the output are one of the source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from biasscope.bias.columns import Columns, Floats
from biasscope.bias.repair.outlines import Outlines, area
from biasscope.bias.repair.text import parse
from biasscope.bias.repair.torchvision_steps import built, check_steps, is_slow, quiet
from biasscope.bias.repair.view import View
from biasscope.core.errors import UsageError

MOST_BOXES, MOST_BOXES_SLOW = 5_000, 200
CORNERS = [[0, 1], [2, 1], [2, 3], [0, 3]]
"""Columns of the four corners of a box, around it."""


@dataclass(frozen=True)
class _Shown:
    """Boxes of one image after a draw: clamped, never clamped, and their corners as points, where these went along."""

    clamped: Floats
    free: Floats
    points: Floats
    size: tuple[int, int]


@dataclass(frozen=True)
class Pipeline:
    """A torchvision pipeline as an augmentation; ``most_boxes`` keeps it to seconds, ``written`` says that it is text.

    What torchvision shows of an object is no text that builds it again.
    """

    text: str
    transform: Callable[..., Any]
    most_boxes: int = MOST_BOXES
    written: bool = True

    def __str__(self) -> str:
        """The pipeline as its user would write it, or that it was an object."""
        return self.text if self.written else f"<Python object: {self.text}>"

    def view(self, boxes: Columns, rng: np.random.Generator) -> View:
        """Boxes through one draw an image; boxes of one image share it.

        The global state of torch's generator is put back afterwards.
        """
        starts = np.flatnonzero(np.diff(boxes.image, prepend=-1, append=-1))
        rows = [slice(*pair) for pair in pairwise(starts)]
        with torch.random.fork_rng(devices=[]), quiet():
            torch.manual_seed(int(rng.integers(2**62)))
            shown = [self._image(boxes, part) for part in rows]
        return _joined(boxes, shown)

    def _image(self, boxes: Columns, part: slice) -> _Shown:
        size = (int(boxes.height[part.start]), int(boxes.width[part.start]))
        corners = torch.from_numpy(boxes.corners[part])
        try:
            clamped, free, points = self._sent(corners, size)
        except UsageError:
            raise
        except Exception as error:  # whatever a transform raises on boxes, its user must learn which it was
            image = f"image {boxes.name_of(part.start)} of {size[1]} x {size[0]} pixels"
            said = f"{type(error).__name__}: {str(error).rstrip('.')}"
            reason = f"the pipeline {self.text} cannot be run on the boxes of {image} ({said})"
            raise UsageError(reason, where="--augment", hint=_remedy(str(error))) from error
        _check(clamped, len(corners), self.text)
        last = _xyxy(v2.functional.clamp_bounding_boxes(clamped, clamping_mode="hard"))
        return _Shown(last, _xyxy(free), _moved(points, clamped.canvas_size, len(corners)), clamped.canvas_size)

    def _sent(self, corners: torch.Tensor, size: tuple[int, int]) -> Any:
        """In double precision, in which whole pixels stay whole; a transform of one's own may know single only."""
        try:
            return self._apply(_given(corners, size), size)
        except RuntimeError:
            return self._apply(_given(corners.float(), size), size)

    def _apply(self, given: tuple[Any, ...], size: tuple[int, int]) -> Any:
        """Without a picture, or, where a step insists on one, with a picture that takes no memory."""
        try:
            found = self.transform(given)
        except TypeError:
            picture = tv_tensors.Image(torch.zeros(1, 1, 1, dtype=torch.uint8).expand(3, *size))
            found = self.transform((picture, *given))
        return found[-len(given) :]


def pipeline(given: object) -> Pipeline:
    """Pipeline from text or from a transform.

    Raises
    ------
    UsageError
        For text that is not understood, an unknown transform or option, or something that cannot be called.

    Examples
    --------
    >>> pipeline("RandomResizedCrop(224), RandomHorizontalFlip()").text
    'RandomResizedCrop(224), RandomHorizontalFlip()'
    """
    if isinstance(given, str):
        steps = [built(call) for call in parse(given)]
        transform = v2.Compose(steps) if len(steps) > 1 else steps[0]
        return Pipeline(given.strip(), transform, _most(transform))
    if callable(given):
        check_steps(given)
        return Pipeline(" ".join(repr(given).split()), given, _most(given), written=False)
    raise UsageError(f"an augmentation must be text or a transform, not {type(given).__name__}", where="--augment")


def _most(transform: object) -> int:
    return MOST_BOXES_SLOW if is_slow(transform) else MOST_BOXES


def _remedy(said: str) -> str:
    if "Required crop size" in said:
        return "Give it pad_if_needed=True, or resize first."
    if "Padding mode" in said:
        return "Leave padding_mode out: what the padding shows moves no box."
    return "Check sizes and arguments, and leave out steps that take pictures only."


def _given(corners: torch.Tensor, size: tuple[int, int]) -> tuple[Any, ...]:
    """Boxes that are clamped, boxes that never are, and their corners."""
    points = tv_tensors.KeyPoints(corners[:, CORNERS], canvas_size=size)
    return (*(_wrapped(corners, size, mode) for mode in ("hard", None)), points)


def _wrapped(corners: torch.Tensor, size: tuple[int, int], mode: str | None) -> Any:
    return tv_tensors.BoundingBoxes(corners.clone(), format="XYXY", canvas_size=size, clamping_mode=mode)


def _check(found: object, boxes: int, text: str) -> None:
    if not isinstance(found, tv_tensors.BoundingBoxes) or len(found) != boxes:
        raise UsageError(f"the pipeline {text} does not keep boxes", where="--augment", hint="Leave such steps out.")


def _xyxy(boxes: Any) -> Floats:
    converted = v2.functional.convert_bounding_box_format(boxes, new_format="XYXY")
    return np.asarray(converted.as_subclass(torch.Tensor).numpy(), np.float64)


def _moved(points: Any, size: tuple[int, int], boxes: int) -> Floats:
    """Corners as points, shape (N, 4, 2); NaN where a transform of one's own left them behind."""
    if isinstance(points, tv_tensors.KeyPoints) and points.shape == (boxes, 4, 2) and points.canvas_size == size:
        return np.asarray(points.as_subclass(torch.Tensor).numpy(), np.float64)
    return np.full((boxes, 4, 2), np.nan)


def _joined(boxes: Columns, shown: list[_Shown]) -> View:
    clamped, free, points = (
        np.concatenate([getattr(item, name) for item in shown]) for name in ("clamped", "free", "points")
    )
    times = [len(item.clamped) for item in shown]
    height, width = (np.repeat([float(item.size[axis]) for item in shown], times) for axis in (0, 1))
    seen, whole = area(clamped), area(free)
    visible = np.where(whole > 0, np.clip(seen / np.where(whole > 0, whole, 1.0), 0.0, 1.0), 0.0)
    outlines = Outlines(points, free, boxes.corners)
    zoom = np.sqrt(outlines.area / area(boxes.corners))
    wide, high = outlines.magnification.T
    source = clamped / np.stack([wide, high, wide, high], axis=1)
    return View(source, width / wide, height / high, np.where(visible > 1 - 1e-6, 1.0, visible), zoom, outlines.notes)
