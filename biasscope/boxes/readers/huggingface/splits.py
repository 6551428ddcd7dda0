"""Splits of the rows of a Hugging Face dataset: a column of them, where its splits have no names or it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from biasscope.boxes.files.names import SPLIT_NAMES
from biasscope.boxes.readers.huggingface.labels import class_names, class_of
from biasscope.boxes.readers.table.columns import OTHERS, field_of
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

DICT = "dataset_dict.json"
"""File of a dataset whose splits have names."""
_ONE = ("Value", "ClassLabel")
"""Types of a feature that has one value a row."""


def split_feature(features: Mapping[str, Any], request: Request) -> tuple[str | None, str | None]:
    """Feature that holds the split of each row, and one that could: as in tables, but after names of the dataset's own.

    Those has the hub, and what ``save_to_disk`` made of several splits; names of files and folders come after a column.

    Raises
    ------
    InputError
        The column that was named holds several values a row.
    """
    if request.split is not None:
        return None, None
    if name := request.split_column:
        if type(features[name]).__name__ not in _ONE:
            what = f"column {name!r} holds several values a row (it is {features[name]}), where one split is wanted"
            raise InputError(what, where=request.path.name)
        return name, None
    words = {name: kind for name, kind in features.items() if type(kind).__name__ in _ONE and _is_word(kind)}
    found = field_of(words, OTHERS["split"])
    named = not request.path.exists() or any(name.endswith(DICT) for name in request.files.names)
    return (None, found) if named else (found, None)


def of_rows(features: Mapping[str, Any] | None, request: Request) -> bool:
    """Whether rows say their splits: those of all named splits are then images of the same ones."""
    if request.split_column is not None and request.split_column not in (features or {}):
        return False
    return features is not None and split_feature(features, request)[0] is not None


def _is_word(kind: Any) -> bool:
    return class_names(kind) is not None or "string" in kind.dtype


def split_of(value: object, names: list[str] | None, spellings: dict[str, set[str]]) -> str | None:
    """Split that a value in such a column is called; words that are taken for one are put into ``spellings``.

    >>> spellings = {}
    >>> split_of(" valid", None, spellings), split_of(1, ["train", "test"], spellings), split_of("", None, spellings)
    ('val', 'test', None)
    >>> spellings
    {'val': {'valid'}, 'test': {'test'}}
    """
    word = class_of(value, names)
    if word not in SPLIT_NAMES:
        return word
    spellings.setdefault(SPLIT_NAMES[word], set()).add(word)
    return SPLIT_NAMES[word]
