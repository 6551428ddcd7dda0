"""Which column of a table is what, and what its labels are: shared by tables and Hugging Face datasets."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from biasscope.core.errors import InputError, UsageError
from biasscope.images.picture import ImageSource
from biasscope.images.request import Request

Kind = Literal["bytes", "text", "integer", "float", "other"]

_IMAGE = ("image", "img", "jpeg", "jpg", "png", "picture", "pixels", "bytes", "image_bytes", "data", "content")
_PATH = ("image", "path", "image_path", "img_path", "filepath", "file_path", "file", "file_name", "filename", "img")
_NUMBER = ("class_id", "label", "fine_label", "target", "category_id", "class_index", "class_idx", "labels", "y", "cls")
_NAME = ("class_name", "label_name", "category", "class", "label", "target", "synset", "wnid", "labels")
_ID = ("image_id", "image_name", "file_name", "filename", "path", "file", "id", "image", "name")
_BOX = (("x0", "y0", "x1", "y1"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"))
_MOST = 100_000
_NEVER: tuple[tuple[str, tuple[Kind, ...], str], ...] = (
    ("image_column", ("integer", "float"), "pictures"),
    ("label_column", ("bytes",), "classes"),
)
"""What a column that was named cannot hold."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns; ``names`` holds the words for integer labels."""

    image: str
    label: str | None
    names: str | None
    image_id: str | None
    box: tuple[str, ...] | None

    def sentence(self) -> str:
        """Give the choice in words."""
        parts = [f"pictures from {self.image}", f"labels from {self.label}" if self.label else "no labels"]
        parts += [f"names of the classes from {self.names}"] if self.names else []
        parts += [f"boxes from {', '.join(self.box)}"] if self.box else []
        return f"Columns: {'; '.join(parts)}."


def find_columns(kinds: Mapping[str, Kind], request: Request, where: str) -> Columns:
    """Take the columns that were named, and find the others by type and name.

    Raises
    ------
    UsageError
        A column that was named is not there.
    InputError
        No column holds pictures, or several might.
    """
    box_columns = tuple(request.box_columns) if request.box_columns else ()
    named = {"image_column": request.image_column, "label_column": request.label_column, "id_column": request.id_column}
    for option, name in (*named.items(), *(("box_columns", name) for name in box_columns)):
        if name is not None and name not in kinds:
            raise UsageError(f"there is no column {name!r}", where=option, hint=f"There are: {', '.join(kinds)}.")
    for option, never, what in _NEVER:
        if (name := named[option]) is not None and kinds[name] in never:
            others = ", ".join(f"{other} ({kind})" for other, kind in kinds.items())
            raise UsageError(f"the column {name!r} holds no {what}", where=option, hint=f"There are: {others}.")
    image = request.image_column or _image(kinds, where)
    label = request.label_column or _first(kinds, _NUMBER, "integer", "float") or _first(kinds, _NAME, "text")
    return Columns(
        image,
        label,
        _first(kinds, _NAME, "text") if label and kinds[label] in ("integer", "float") else None,
        request.id_column or _first(kinds, _ID, "text", "integer"),
        box_columns or next((names for names in _BOX if all(name in kinds for name in names)), None),
    )


def _image(kinds: Mapping[str, Kind], where: str) -> str:
    binary = [name for name, kind in kinds.items() if kind == "bytes"]
    known = _first(kinds, _IMAGE, "bytes") or (binary[0] if len(binary) == 1 else None)
    if known is None and not binary:
        known = _first(kinds, _PATH, "text")
    if known is None:
        what = f"several columns hold bytes: {', '.join(binary)}" if binary else "no column holds pictures"
        hint = "Pictures are encoded bytes, or paths. Name the column with image_column (--image-column)."
        raise InputError(f"{what}; the columns are {', '.join(kinds)}", where=where, hint=hint)
    return known


def _first(kinds: Mapping[str, Kind], names: Sequence[str], *wanted: Kind) -> str | None:
    lower = {name.lower(): name for name in reversed(list(kinds))}
    return next((lower[name] for name in names if name in lower and kinds[lower[name]] in wanted), None)


@dataclass(frozen=True)
class Labels:
    """Labels of all rows and what they are called."""

    values: list[int | None]
    names: tuple[str, ...] | None
    origin: Literal["integers", "names"]

    @property
    def highest(self) -> int | None:
        """Largest label, ``None`` without any."""
        return max((value for value in self.values if value is not None and value >= 0), default=None)

    def describe(self, source: ImageSource, column: str) -> None:
        """Tell a source what its labels are; a column without a single one gives none."""
        if self.highest is None:
            source.notes.append(f"There is no label in {column}.")
            return
        source.labels, source.highest_label = self.origin, self.highest
        source.class_names = source.class_names or self.names


def read_labels(values: Sequence[object], words: Sequence[object] | None, where: str) -> Labels:
    """Labels of a column: integers stay as they are, names become places in the sorted names.

    Parameters
    ----------
    values
        The label column: integers, whole floats, or text, with ``None`` where there is none.
    words
        For integers, the column with their names.
    where
        For the error.

    Raises
    ------
    InputError
        The column holds neither.

    Examples
    --------
    >>> read_labels(["cat", "ant", None], None, "a.csv").values
    [1, 0, None]
    >>> read_labels([2, 0], ["sea", "sky"], "a.csv").names
    ('sky', '', 'sea')
    """
    if all(value is None or isinstance(value, str) for value in values):
        texts = [None if value is None else str(value).strip() or None for value in values]
        names = tuple(sorted({text for text in texts if text is not None}))
        place = {name: number for number, name in enumerate(names)}
        return Labels([None if text is None else place[text] for text in texts], names, "names")
    numbers = [_integer(value, where) for value in values]
    return Labels(numbers, names_of(numbers, words) if words is not None else None, "integers")


def names_of(numbers: Sequence[int | None], words: Sequence[object]) -> tuple[str, ...] | None:
    """Names by class number, empty for numbers that do not occur; ``None`` if a number has several."""
    pairs = {(number, str(word)) for number, word in zip(numbers, words, strict=True) if number is not None and word}
    names = {number: word for number, word in pairs if number >= 0}
    if not names or len({number for number, _ in pairs}) < len(pairs) or max(names) > _MOST:
        return None
    return tuple(names.get(number, "") for number in range(max(names) + 1))


def _integer(value: object, where: str) -> int | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (int, float)) and int(value) == value:
        return int(value)
    hint = "A label is a class number or a class name; name another column with label_column (--label-column)."
    raise InputError(f"{reprlib.repr(value)} is no class", where=where, hint=hint)
