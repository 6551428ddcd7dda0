"""Objects in a row of a Hugging Face dataset: their boxes, labels and flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from biasscope.boxes.readers.huggingface.features import Places
from biasscope.boxes.readers.huggingface.labels import named
from biasscope.boxes.tables.fields import is_true

_UNEQUAL = object()
"""Value for boxes that cannot be told which of a different number of values is theirs."""


class Object(NamedTuple):
    """A box as it was given, with its label and flags; ``wrong`` says why it cannot be used, or is empty."""

    box: Any
    label: Any
    flags: tuple[bool, bool, bool, bool]
    wrong: str = ""


def objects_of(row: Mapping[str, Any], places: Places) -> Iterator[Object]:
    """Objects of one row: a dict of lists or a list of dicts, both are usual, or the one box that the row is."""
    given = row[places.objects] if places.objects else row
    if given is None:
        return
    names = (places.label, *places.flags)
    if isinstance(given, list):
        for item in given:
            fields = item or {}
            box = _numbers(fields.get(places.box), places)
            yield _object(box, *(fields.get(name) if name else None for name in names))
        return
    boxes = given.get(places.box) or []
    if places.single:
        boxes = [boxes] if boxes else []
    columns = (_each(named(given.get(name)) if name else None, len(boxes)) for name in names)
    for box, *values in zip(boxes, *columns, strict=True):
        yield _object(box, *values)


def _numbers(box: Any, places: Places) -> Any:
    """Four numbers of a box that has names for them; any other as it is."""
    return [box.get(name) for name in places.corners] if isinstance(box, Mapping) else box


def _each(values: Any, count: int) -> list[Any]:
    """Value of each box; one that is no list is that of all of them."""
    if values is None or not isinstance(values, list | tuple):
        return [values] * count
    return list(values) if len(values) == count else [_UNEQUAL if values else None] * count


def _object(box: Any, label: Any, *flags: Any) -> Object:
    crowd, truncated, occluded, difficult = (is_true(value) for value in flags)
    wrong = "labels" if label is _UNEQUAL else "flags" if _UNEQUAL in flags else ""
    message = f"as many {wrong} as boxes were expected" if wrong else ""
    return Object(box, label, (crowd, truncated, occluded, difficult), message)
