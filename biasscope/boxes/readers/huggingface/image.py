"""Which features of a Hugging Face dataset are the image of a row: its name, its picture, its width and height."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from biasscope.boxes.readers.table.columns import IMAGE, OTHERS, field_of

_ID = ("image_id", "image_name", "file_name", "filename", "id")
_PICTURE = ("image", "img", "jpeg", "jpg", "png", "picture", "image_bytes", "img_bytes")
_BYTES = ("binary", "large_binary")
_WORDS = ("string", "large_string", "int", "uint", "float")
"""How the types begin whose values may be names of images."""


def image_id_of(features: Mapping[str, Any]) -> str | None:
    """Feature that names the image; words such as ``image`` and ``path`` only where it is a text or a number."""
    words = {name: kind for name, kind in features.items() if str(getattr(kind, "dtype", "")).startswith(_WORDS)}
    return field_of(features, _ID) or field_of(words, IMAGE)


def image_of(features: Mapping[str, Any]) -> str | None:
    """Feature of the picture; where the library does not say so, one of bytes beside a path, as it stores them.

    Bytes alone are a picture where they are called so.
    """
    known = (name for name, kind in features.items() if type(kind).__name__ == "Image")
    stored = (name for name, kind in features.items() if _stored(kind))
    found = next(chain(known, stored), None)
    encoded = {name: kind for name, kind in features.items() if getattr(kind, "dtype", None) in _BYTES}
    return field_of(encoded, _PICTURE) if found is None else found


def _stored(kind: Any) -> bool:
    return isinstance(kind, Mapping) and kind.keys() == {"bytes", "path"} and "binary" in kind["bytes"].dtype


def sides_of(features: Mapping[str, Any]) -> tuple[str, str] | None:
    """Features of the image's width and height, by any of the usual names, the same for both."""
    lower = {name.lower(): name for name in reversed([*features])}
    pairs = zip(OTHERS["image_width"], OTHERS["image_height"], strict=True)
    return next(((lower[width], lower[height]) for width, height in pairs if {width, height} <= lower.keys()), None)
