"""A column that holds a whole box: four numbers as a list, an array, a struct, or a text such as ``[10, 20, 5, 5]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from biasscope.boxes.tables.fields import number
from biasscope.core.errors import InputError

SHOWN = 100
BBOX = "bbox"
"""Key of such a column among the target columns of a table."""
NAMES = ("bbox", "box", "bounding_box", "boundingbox", "bndbox", "box_2d")
_NUMBER = r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
_FOUR = r"^\s*[\[(]?\s*" + r"\s*[,;\s]\s*".join([_NUMBER] * 4) + r"\s*[\])]?\s*$"
_NOTHING = re.compile(r"[\[({]?\s*[\])}]?|none|null|nan|n/?a|<na>")
"""What stands for no box, in lower case."""
Layouts = Callable[[Sequence[str]], tuple[bool, tuple[str, str, str, str]] | None]


def four_numbers(name: str, kind: pl.DataType, asked: str, layout: Layouts, path: Path) -> tuple[list[pl.Expr], bool]:
    """Four numbers of a box column, and whether the last two are width and height.

    Parameters
    ----------
    name, kind
        The column and its type.
    asked
        Box convention. A list says nothing about itself: with ``auto`` or ``xywh`` its numbers are left, top, width and
        height, as in COCO; with any other they are corners.
    layout
        What the field names of a struct mean.
    path
        The file, for errors.

    Raises
    ------
    InputError
        The column's type cannot hold four numbers.
    """
    if isinstance(kind, pl.Struct):
        fields = {field.name.strip().lower(): field for field in kind.fields}
        found = layout(list(fields))
        if found is not None:
            return [_numeric(pl.col(name).struct.field(fields[key].name)) for key in found[1]], found[0]
    made = _listed(name, kind)
    if made is None:
        hint = "It may hold lists of four numbers, structs such as {x, y, w, h} or {xmin, ymin, xmax, ymax}, or text."
        raise InputError(f"column {name!r} holds no boxes (its type is {kind})", where=str(path), hint=hint)
    return made, asked in ("auto", "xywh")


def check_texts(name: str, words: Sequence[str], path: Path) -> None:
    """One of the first texts of a box column, at least, is four numbers.

    Raises
    ------
    InputError
        None is, but some text is there that does not stand for no box.
    """
    there = [word for word in words if not _NOTHING.fullmatch(word.strip().lower())]
    if there and not any(re.search(_FOUR, word) for word in there):
        what = f"column {name!r} holds no four numbers a row, but {there[0][:SHOWN]!r}"
        hint = "One row is one box, such as [10, 20, 5, 5]; several boxes of an image are several rows."
        raise InputError(what, where=str(path), hint=hint)


def _listed(name: str, kind: pl.DataType) -> list[pl.Expr] | None:
    """Numbers by their place; null all four when there are not exactly four."""
    column = pl.col(name)
    if kind == pl.String:
        groups = column.str.extract_groups(_FOUR)
        return [_numeric(groups.struct.field(str(place))) for place in range(1, 5)]
    if isinstance(kind, pl.Array) and kind.shape == (4,) and kind.inner.is_numeric():
        return [_numeric(column.arr.get(place)) for place in range(4)]
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.DataType) and kind.inner.is_numeric():
        held = column.list.len() == 4
        return [_numeric(pl.when(held).then(column.list.get(place, null_on_oob=True))) for place in range(4)]
    return None


def _numeric(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64, strict=False)


def corners(names: Sequence[str], schema: pl.Schema, commas: str) -> list[pl.Expr]:
    """Four columns of one number each; see :mod:`biasscope.boxes.tables.commas` for what commas in texts mean."""
    return [number(name, schema[name], commas) for name in names]
