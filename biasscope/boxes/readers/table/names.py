"""Columns of a table that name the image and the class: which of them can, and what stands in them as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from biasscope.boxes.files.names import SPLIT_NAMES
from biasscope.boxes.readers.table.columns import NAME_OF_CLASS, field_of
from biasscope.boxes.tables.fields import image_name, text
from biasscope.boxes.tables.opening import class_names, readable, scan
from biasscope.core.errors import InputError

PATH = "path"
"""Field of an encoded picture, as the hub has it, that names its file."""
LOOKED_AT = 100
"""Rows in which a name has to be met where a column may hold pictures."""


def naming(path: Path, kinds: pl.Schema, options: Sequence[str]) -> str:
    """First column of text, else first of any kind, that can name the image: pictures, in bytes, are no names.

    Parameters
    ----------
    path
        The table.
    kinds
        Its columns.
    options
        Names of columns, one at least, those that are usual first.

    Raises
    ------
    InputError
        None of them can.
    """
    texts = [name for name in options if kinds[name] in (pl.String, pl.Categorical, pl.Enum)]
    plain = [name for name in options if not (kinds[name].is_nested() or kinds[name] == pl.Binary)]
    found = next((name for name in (*texts, *options) if name in plain or _has_names(path, name, kinds[name])), None)
    if found is None:
        what = f"column {options[0]!r} holds no names of images (its type is {_short(kinds[options[0]])})"
        raise InputError(what, where=str(path), hint="Name the column that does with --columns image_id=...")
    return found


def names_of(
    path: Path, chosen: Mapping[str, str], schema: pl.Schema, spellings: dict[str, set[str]]
) -> dict[str, pl.Expr]:
    """Image, class and split of each row, as far as there are columns for them, the first being there.

    Words that are taken for a split are put into ``spellings`` while rows are read.

    Raises
    ------
    InputError
        The column for the class holds none.
    """
    made = {"image_id": image_name(*_name_in(chosen["image_id"], schema[chosen["image_id"]]))}
    if "label" in chosen:
        made["label"] = _class_of(path, chosen["label"], schema[chosen["label"]])
    if "split" in chosen:
        split = _with_names(path, chosen["split"], schema[chosen["split"]])
        called = partial(_called, spellings=spellings)
        made["split"] = split.map_batches(called, return_dtype=pl.Categorical(), is_elementwise=True)
    return made


def _class_of(path: Path, name: str, kind: pl.DataType) -> pl.Expr:
    """Classes in a column, by their names where the file or the column says them beside their numbers."""
    if isinstance(kind, pl.Struct):
        fields = pl.Schema(kind.to_schema())
        if (field := field_of(fields, NAME_OF_CLASS)) is not None and not fields[field].is_nested():
            return text(pl.col(name).struct.field(field), fields[field])
    if kind.is_nested():
        hint = "Name the column of the classes with --columns label=..."
        raise InputError(f"column {name!r} holds no classes (its type is {_short(kind)})", where=str(path), hint=hint)
    return _with_names(path, name, kind)


def _with_names(path: Path, name: str, kind: pl.DataType) -> pl.Expr:
    """Words of a column, for whose numbers the file may have names."""
    names = class_names(path, name) if kind.is_integer() else None
    if not names:
        return text(pl.col(name).cast(pl.String) if kind == pl.Binary else pl.col(name), kind)
    numbers, called = pl.col(name).cast(pl.Int64, strict=False), [given.strip() or None for given in names]
    return numbers.replace_strict(
        [-1, *range(len(names))], [None, *called], default=numbers.cast(pl.String), return_dtype=pl.String
    ).cast(pl.Categorical)


def _called(splits: pl.Series, spellings: dict[str, set[str]]) -> pl.Series:
    """Splits by the names that they have everywhere; only the distinct ones are looked at."""
    given = splits.unique().cast(pl.String)
    for word in given:
        if word in SPLIT_NAMES:
            spellings.setdefault(SPLIT_NAMES[word], set()).add(word)
    if given.replace(SPLIT_NAMES).equals(given):
        return splits
    return splits.cast(pl.String).replace(SPLIT_NAMES).cast(pl.Categorical)


def _has_names(path: Path, name: str, kind: pl.DataType) -> bool:
    """Whether a column of bytes or pictures names files in its first rows."""
    column, inner = _name_in(name, kind)
    if inner.is_nested():
        return False
    with readable(path):
        return any(map(_is_text, scan(path).select(column).head(LOOKED_AT).collect().to_series()))


def _is_text(value: object) -> bool:
    try:
        return bool(str(value, "utf-8") if isinstance(value, bytes) else value)
    except UnicodeDecodeError:
        return False


def _name_in(name: str, kind: pl.DataType) -> tuple[pl.Expr, pl.DataType]:
    """What names the image in a column: the path of an encoded picture, else all of it."""
    inner = pl.Schema(kind.to_schema()).get(PATH) if isinstance(kind, pl.Struct) else None
    return (pl.col(name), kind) if inner is None else (pl.col(name).struct.field(PATH), inner)


def _short(kind: pl.DataType) -> str:
    return str(kind)[:100]
