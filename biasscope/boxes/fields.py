"""Columns of a table as the columns of BOXES: names, classes, numbers, flags, each an expression over one column.

Texts are mended a piece of the column at a time: what nothing has to be done about, which is the usual case, is then
found out at once rather than value by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import polars as pl

from biasscope.boxes.commas import EITHER, pointed
from biasscope.boxes.filenames import IMAGE_SUFFIXES, SUFFIX, suffix_of

_WHOLE = r"^\s*(-?[0-9]+)\.0+\s*$"
_TRUE = ("1", "1.0", "true", "yes")
BLANK, ASCII = 32, 128
"""Bytes up to the first and from the second on may be blanks, or parts of such."""
MANY = 1 << 16


def number(name: str, kind: pl.DataType, commas: str = EITHER) -> pl.Expr:
    """Column as floats; text that is no number becomes null, commas are understood as said."""
    column = pl.col(name)
    if kind in (pl.String, pl.Categorical, pl.Enum):
        column = pointed(column.cast(pl.String).str.strip_chars(), commas)
    return column.cast(pl.Float64, strict=False)


def flag(name: str, kind: pl.DataType) -> pl.Expr:
    """Column as true or false; empty is false, and so is -1 (unknown in Open Images)."""
    column = pl.col(name)
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return column.cast(pl.String).str.to_lowercase().str.strip_chars().is_in(_TRUE).fill_null(False)
    return (column.cast(pl.Float64, strict=False) > 0).fill_null(False)


def is_true(value: object) -> bool:
    """One value as true or false, as :func:`flag` understands it.

    >>> is_true(True), is_true(1), is_true("yes"), is_true(-1), is_true(None)
    (True, True, True, False, False)
    """
    if isinstance(value, str):
        return value.strip().lower() in _TRUE
    return isinstance(value, int | float) and value > 0


def side(name: str, kind: pl.DataType, commas: str = EITHER) -> pl.Expr:
    """Column as a width or height in pixels; null where it is no positive whole number."""
    return whole_side(number(name, kind, commas), kind)


def whole_side(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Floats, made of a column of some kind, as widths or heights; null where they are no positive whole numbers."""
    whole = value >= 1 if kind.is_integer() else (value >= 1) & (value == value.floor())
    return pl.when(whole).then(value).cast(pl.Int32, strict=False)


def image_name(column: pl.Expr, kind: pl.DataType, *, whole: bool = False) -> pl.Expr:
    """Image column without the suffix of an image file; null where it is empty. ``whole`` is as in :func:`words`."""
    return _by_piece(words(column, kind, whole=whole), plain_names)


def text(column: pl.Expr, kind: pl.DataType, *, whole: bool = False) -> pl.Expr:
    """Column as categories, without blanks around; empty text is null, and so is what is no number among numbers."""
    made = words(column, kind, whole=whole)
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return made.map_batches(classes, return_dtype=pl.Categorical(), is_elementwise=True)
    return _by_piece(made, known).cast(pl.Categorical)


def words(column: pl.Expr, kind: pl.DataType, *, whole: bool = False) -> pl.Expr:
    """Column as texts; a float that is whole is its integer, as one missing value makes floats of integers in pandas.

    ``whole`` says that so are texts, which are otherwise left as they are: a class may be called 1.0.
    """
    if kind.is_float():
        given, integer = column.fill_nan(None), column.cast(pl.Int64, strict=False)
        return pl.when(given == integer).then(integer.cast(pl.String)).otherwise(given.cast(pl.String))
    made = column.cast(pl.String)
    return made.str.replace(_WHOLE, "${1}") if whole else made


def word(value: object) -> str | None:
    """One value as :func:`words` and :func:`text` understand it.

    >>> word(" cat"), word(""), word(2.0), word(2.5), word(float("nan")), word(None)
    ('cat', None, '2', '2.5', None, None)
    """
    if isinstance(value, float):
        return None if value != value else str(int(value) if value.is_integer() else value)
    return None if value is None else str(value).strip() or None


def are_whole(texts: Iterable[str]) -> bool:
    """Whether texts are floats that are whole, as pandas writes integers where one is missing; empty ones are none.

    >>> are_whole(["1.0", "", "12.0"]), are_whole(["1.0", "1.10"]), are_whole(["1"]), are_whole([""])
    (True, False, False, False)
    """
    given = [text for text in texts if text.strip()]
    return bool(given) and all(re.match(_WHOLE, text) for text in given)


def plain_words(name: str) -> pl.Expr:
    """Column as texts, without blanks around; empty text is null."""
    return _by_piece(pl.col(name).cast(pl.String), stripped)


def plain_names(names: pl.Series) -> pl.Series:
    """Names without blanks around and without the suffix of an image file; empty ones are null.

    >>> plain_names(pl.Series([" a.jpg", "b.JPG", "c.v2", ".png", None])).to_list()
    ['a', 'b', 'c.v2', None, None]
    """
    letters = np.frombuffer((names.str.join("").item() or "").encode(), np.uint8)
    if letters.min(initial=BLANK + 1) <= BLANK or letters.max(initial=0) >= ASCII:
        names = names.str.strip_chars()
    elif not (letters == ord(".")).any():
        return known(names)
    first = next(iter(names.drop_nulls().head(1)), "")
    own = first[len(first) - len(suffix_of(first)) :]
    if own.lower() in IMAGE_SUFFIXES and names.str.ends_with(own).all():
        return known(names.str.strip_suffix(own))
    return known(names.str.replace(SUFFIX, "") if names.str.contains(".", literal=True).any() else names)


def classes(words: pl.Series) -> pl.Series:
    """Words as categories, without blanks around; empty ones are null. Only the distinct ones are looked at.

    >>> classes(pl.Series(["cat", " cat", " ", None])).cast(pl.String).to_list()
    ['cat', 'cat', None, None]
    """
    made = words.cast(pl.Categorical())
    given = made.drop_nulls() if made.null_count() else made
    codes = given.to_physical().to_numpy()
    if not len(codes) or (size := int(codes.max()) + 1) > len(codes) + MANY:
        return stripped(words).cast(pl.Categorical())
    place = np.full(size, -1)
    place[codes] = np.arange(len(codes))
    names = given.gather(place[place >= 0]).cast(pl.String())
    clean = names.str.strip_chars()
    return made if (clean == names).all() and (names != "").all() else stripped(words).cast(pl.Categorical())


def stripped(words: pl.Series) -> pl.Series:
    """Words without blanks around; empty ones are null."""
    return known(words.str.strip_chars())


def known(words: pl.Series) -> pl.Series:
    """Words, and null for empty ones."""
    empty = words == ""
    return words.set(empty, None) if empty.any() else words


def _by_piece(column: pl.Expr, mended: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return column.map_batches(mended, return_dtype=pl.String, is_elementwise=True)
