"""Pictures that are in memory already: arrays, tensors, and sequences of pictures with or without labels.

Convention
----------
Tensors of torch have channels first; arrays of numpy have them last, if the last axis has 1, 3 or 4 places, else
first. Floats lie in [0, 1] and are rounded to 8 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import InputError, UsageError
from biasscope.core.words import counted
from biasscope.images.columns import read_labels
from biasscope.images.decode import Decoded, Limits
from biasscope.images.encoded import DecodedSource, Item
from biasscope.images.pixels import Note, to_pixels
from biasscope.images.request import Request
from biasscope.images.sampling import choose

_CHANNELS = (1, 3, 4)
_HEAD = 64


@dataclass
class MemorySource(DecodedSource):
    """A sequence of pictures.

    Attributes
    ----------
    pictures
        Anything with a length that gives a picture, or a pair of picture and label, for a number.
    places
        Which of them are taken.
    known
        Labels of all of them, unless they come with the pictures.
    paired
        Whether they do.
    """

    pictures: Any = ()
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    known: Sequence[int | None] | None = None
    paired: bool = False

    @property
    def count(self) -> int:
        """Number of pictures."""
        return len(self.places)

    def items(self) -> Iterator[Item]:
        """Pictures in order, named by their number."""
        digits = len(str(len(self.pictures)))
        for place in self.places.tolist():
            value, label = self.pictures[place] if self.paired else (self.pictures[place], None)
            if self.known is not None:
                label = self.known[place]
            yield Item(f"{place:0{digits}d}", as_data(value, self.limits), None if label is None else int(label))


def as_data(value: Any, limits: Limits) -> Any:
    """Item data of one picture: encoded bytes, paths and Pillow pictures as they are, arrays as pixels."""
    if isinstance(value, (bytes, Decoded)) or hasattr(value, "getbands") or hasattr(value, "is_file"):
        return value
    tensor = hasattr(value, "detach")
    array = to_array(value)
    if array.ndim not in (2, 3):
        return _left_out("unsupported", f"an array of shape {array.shape} is no picture")
    return _checked(channels_last(array, first=tensor), limits)


def to_array(value: Any) -> NDArray[Any]:
    """Numpy array of an array or a tensor, wherever it lies."""
    return np.asarray(_plain_tensor(value) if hasattr(value, "detach") else value)


def _plain_tensor(value: Any) -> Any:
    value = value.detach().cpu()
    return value.float() if str(value.dtype) == "torch.bfloat16" else value


def channels_last(array: NDArray[Any], *, first: bool) -> NDArray[Any]:
    """Bring (H, W), (H, W, C) or (C, H, W) to (H, W) or (H, W, C); ``first`` decides where both could be.

    Examples
    --------
    >>> channels_last(np.zeros((3, 8, 9)), first=True).shape, channels_last(np.zeros((1, 8, 9)), first=False).shape
    ((8, 9, 3), (8, 9))
    """
    if array.ndim == 2:
        return array
    moved = array.shape[0] in _CHANNELS and (first or array.shape[-1] not in _CHANNELS)
    array = np.moveaxis(array, 0, -1) if moved else array
    return array[..., 0] if array.shape[-1] == 1 else array


def _checked(array: NDArray[Any], limits: Limits) -> Decoded:
    if array.ndim == 3 and array.shape[-1] not in (3, 4):
        return _left_out("unsupported", f"{array.shape[-1]} channels are no picture")
    refused = limits.refusal(array.shape[1], array.shape[0])
    if refused:
        return Decoded(None, [refused])
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all():
            return _left_out("not-finite", "values are not finite")
        array = np.rint(np.asarray(array, np.float64) * 255)
    elif array.dtype != np.uint8:
        return _left_out("unsupported", f"pixels of type {array.dtype}")
    if array.min() < 0 or array.max() > 255:
        return _left_out("unsupported", "floats are not in [0, 1]")
    pixels = np.array(array, np.uint8)
    return Decoded(*_opaque(pixels)) if pixels.shape[-1] == 4 and pixels.ndim == 3 else Decoded(pixels)


def _left_out(code: str, detail: str) -> Decoded:
    return Decoded(None, [Note(code, detail, used=False)])


def _opaque(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[Note]]:
    from PIL import Image

    return to_pixels(Image.fromarray(np.ascontiguousarray(pixels)))


def detect(request: Request) -> bool:
    """Everything with a length and numbered places that is no text."""
    spec = request.spec
    return not isinstance(spec, (str, bytes, dict)) and hasattr(spec, "__len__") and hasattr(spec, "__getitem__")


def open_source(request: Request) -> MemorySource:
    """Take pictures, or a pair of pictures and labels.

    Raises
    ------
    InputError
        There are no pictures, arrays have no such shape, or floats do not lie in [0, 1].
    UsageError
        There are not as many labels as pictures.
    """
    pictures, labels = _taken_apart(request)
    if len(pictures) == 0:
        raise InputError("there are no pictures", where="images")
    if hasattr(pictures, "shape"):
        _check_array(pictures)
    source = MemorySource(f"{counted(len(pictures), 'picture')} in memory", limits=request.limits, pictures=pictures)
    source.places = choose(len(pictures), request.limit, request.seed)
    source.class_names = tuple(request.class_names) if request.class_names else None
    first = pictures[0]
    source.paired = isinstance(first, tuple) and len(first) == 2
    if labels is not None:
        if len(labels) != len(pictures):
            raise UsageError(f"there are {len(labels)} labels for {len(pictures)} pictures", where="labels")
        found = read_labels([_plain(label) for label in labels], None, "labels")
        source.known = found.values
        found.describe(source, "labels")
    elif source.paired and first[1] is not None:
        source.labels = "integers"
    return source


def _taken_apart(request: Request) -> tuple[Any, Any]:
    spec, labels = request.spec, request.labels
    # A pair of a block of pictures and their labels; a pair of two pictures has no block of labels behind it.
    if labels is None and isinstance(spec, tuple) and len(spec) == 2 and _is_labels(spec[1], spec[0]):
        spec, labels = spec
    return spec, labels


def _is_labels(value: Any, pictures: Any) -> bool:
    if not hasattr(value, "__len__") or not hasattr(pictures, "__len__") or isinstance(value, (str, bytes)):
        return False
    shape = getattr(value, "shape", None)
    return len(shape) == 1 if shape is not None else not hasattr(value, "getbands")


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label


def _check_array(pictures: Any) -> None:
    shape = tuple(pictures.shape)
    if len(shape) not in (3, 4):
        hint = "Pictures are (N, H, W), (N, H, W, C) or (N, C, H, W)."
        raise InputError(f"an array of shape {shape} holds no pictures", where="images", hint=hint)
    kind = str(pictures.dtype).removeprefix("torch.")
    if kind not in ("uint8", "float16", "float32", "float64", "bfloat16"):
        raise InputError(f"pixels of type {kind}", where="images", hint="Use uint8, or floats in [0, 1].")
    if kind == "uint8":
        return
    head = to_array(pictures[:_HEAD])
    low, high = (float(find(head)) for find in (np.nanmin, np.nanmax)) if not np.isnan(head).all() else (0.0, 0.0)
    if low < 0 or high > 1:
        hint = "Give pictures before the normalisation: uint8, or floats in [0, 1]."
        raise InputError(f"floats from {low:g} to {high:g} are no picture", where="images", hint=hint)
