"""Any pipeline of ``torchvision.transforms.v2``, run on boxes alone: no picture is needed. The only place with torch.

Each box goes through twice in one call, clamped to the canvas after every step, as the network sees it, and never
clamped, as it would be without a frame. The quotient of the areas is the visible share. Rotated and sheared boxes are
the upright boxes around them, as torchvision defines them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from biasscope.bias.columns import Columns, Floats
from biasscope.bias.repair.arguments import check_arguments
from biasscope.bias.repair.text import Call, Name, Value, parse, unknown
from biasscope.bias.repair.view import View
from biasscope.core.errors import UsageError

MOST_BOXES = 5_000
REFUSED = ("Lambda", "CutMix", "MixUp", "FiveCrop", "TenCrop", "SanitizeBoundingBoxes", "LinearTransformation")
"""They need code, labels or batches, give several pictures, or drop boxes."""


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

    def _image(self, boxes: Columns, part: slice) -> tuple[Floats, Floats, tuple[int, int]]:
        size = (int(boxes.height[part.start]), int(boxes.width[part.start]))
        corners = torch.from_numpy(boxes.corners[part].astype(np.float32))
        clamped, free = (_wrapped(corners, size, mode) for mode in ("hard", None))
        try:
            clamped, free = self._apply(clamped, free, size)
        except UsageError:
            raise
        except Exception as error:  # whatever a transform raises on boxes, its user must learn which it was
            reason = f"the augmentation {self.text} cannot be run on boxes ({type(error).__name__}: {error})"
            raise UsageError(reason, where="--augment", hint="Check sizes and arguments.") from error
        _check(clamped, len(corners), self.text)
        return (
            _xyxy(v2.functional.clamp_bounding_boxes(clamped, clamping_mode="hard")),
            _xyxy(free),
            clamped.canvas_size,
        )

    def _apply(self, clamped: Any, free: Any, size: tuple[int, int]) -> tuple[Any, Any]:
        """Without a picture, or, where a step insists on one, with a picture that takes no memory."""
        try:
            found = self.transform((clamped, free))
        except TypeError:
            picture = tv_tensors.Image(torch.zeros(1, 1, 1, dtype=torch.uint8).expand(3, *size))
            found = self.transform((picture, clamped, free))
        return found[-2], found[-1]


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
        steps = [_built(call) for call in parse(given)]
        return Pipeline(given.strip(), v2.Compose(steps) if len(steps) > 1 else steps[0])
    if callable(given):
        return Pipeline(" ".join(repr(given).split()), given, written=False)
    raise UsageError(f"an augmentation must be text or a transform, not {type(given).__name__}", where="--augment")


@contextmanager
def quiet() -> Iterator[None]:
    """Without torchvision's warnings: they are of pictures, or of what is checked here and refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _known() -> dict[str, Any]:
    named = {name: getattr(v2, name) for name in dir(v2) if name[0].isupper() and name not in REFUSED}
    return {name: kind for name, kind in named.items() if isinstance(kind, type) and issubclass(kind, torch.nn.Module)}


def _built(value: Value) -> Any:
    match value:
        case Call():
            return _constructed(value)
        case Name():
            return _constant(value)
        case list():
            return [_built(item) for item in value]
        case tuple():
            return tuple(_built(item) for item in value)
        case dict():
            return {_built(key): _built(item) for key, item in value.items()}
    return value


def _constructed(call: Call) -> Any:
    known = _known()
    if call.name in REFUSED:
        raise UsageError(f"{call.name} cannot be run on boxes alone.", where="--augment", hint="Leave it out.")
    if call.name not in known:
        raise unknown(call.name, known)
    given = [_built(item) for item in call.arguments], {name: _built(item) for name, item in call.options}
    try:
        check_arguments(call.name, inspect.signature(known[call.name]).bind(*given[0], **given[1]).arguments)
        with quiet():
            return known[call.name](*given[0], **given[1])
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{call.name} does not take these arguments ({error}).", where="--augment") from error


def _constant(name: Name) -> Any:
    space = name.prefix.rpartition(".")[2]
    if space == "InterpolationMode" and name.name in v2.InterpolationMode.__members__:
        return v2.InterpolationMode[name.name]
    if space == "torch" and isinstance(getattr(torch, name.name, None), torch.dtype):
        return getattr(torch, name.name)
    raise unknown(f"{name.prefix}.{name.name}", list(v2.InterpolationMode.__members__), "constant")


def _wrapped(corners: torch.Tensor, size: tuple[int, int], mode: str | None) -> Any:
    return tv_tensors.BoundingBoxes(corners.clone(), format="XYXY", canvas_size=size, clamping_mode=mode)


def _check(found: object, boxes: int, text: str) -> None:
    if not isinstance(found, tv_tensors.BoundingBoxes) or len(found) != boxes:
        raise UsageError(
            f"the augmentation {text} does not keep boxes", where="--augment", hint="Leave such steps out."
        )


def _xyxy(boxes: Any) -> Floats:
    converted = v2.functional.convert_bounding_box_format(boxes, new_format="XYXY")
    return np.asarray(converted.as_subclass(torch.Tensor).numpy(), np.float64)


def _joined(boxes: Columns, shown: list[tuple[Floats, Floats, tuple[int, int]]]) -> View:
    clamped, free = (np.concatenate([item[part] for item in shown]) for part in (0, 1))
    times = [len(item[0]) for item in shown]
    height, width = (np.repeat([float(item[2][axis]) for item in shown], times) for axis in (0, 1))
    seen, whole, source = (_area(corners) for corners in (clamped, free, boxes.corners))
    visible = np.where(whole > 0, np.clip(seen / np.where(whole > 0, whole, 1.0), 0.0, 1.0), 0.0)
    return View(clamped, width, height, np.where(visible > 1 - 1e-6, 1.0, visible), np.sqrt(whole / source))


def _area(corners: Floats) -> Floats:
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))
