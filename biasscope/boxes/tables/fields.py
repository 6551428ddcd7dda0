"""Columns of a table as the columns of BOXES: names, classes, numbers, flags, each an expression over one column.

Texts are mended a piece of the column at a time: what nothing has to be done about, which is the usual case, is then
found out at once rather than value by value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from biasscope.boxes.files.names import IMAGE_SUFFIXES, QUERY, SUFFIX, suffix_of
from biasscope.boxes.tables.commas import EITHER, pointed

IMAGE_WIDTH = ("image_width", "img_width", "imagewidth", "im_width", "image_w", "img_w", "im_w", "width")
IMAGE_HEIGHT = ("image_height", "img_height", "imageheight", "im_height", "image_h", "img_h", "im_h", "height")
"""Names of the columns of an image's size, in lower case; the last may be that of a box."""
_WHOLE = r"^(-?[0-9]+)\.0+$"
_TRUE = ("1", "1.0", "true", "yes")
BLANK, ASCII = 32, 128
"""Bytes up to the first and from the second on may be blanks, or parts of such."""
MANY = 1 << 16
LARGE = 1e13
"""Floats from here on may be written with an exponent, those of 32 bits already."""


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


def image_name(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Image column without the suffix of an image file; null where it is empty. Whole floats are their integers."""
    if kind.is_float():
        return _by_piece(_float_words(column), cleaned)
    return _by_piece(column.cast(pl.String), plain_names)


def without_query(column: pl.Expr) -> pl.Expr:
    """Names of images, of which those that are addresses end before the query, as in the names of their files."""
    return _by_piece(column, _without_queries)


def _without_queries(names: pl.Series) -> pl.Series:
    return names.str.replace(QUERY, "${1}") if names.str.contains("://", literal=True).any() else names


def looked_up(column: pl.Expr) -> pl.Expr:
    """Names of images as another table may have them: a whole float (1.0) is its integer."""
    return _by_piece(column, whole)


def text(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Column as categories, without blanks around; empty text is null, and so is what is no number among numbers.

    A float that is whole is its integer, as one missing value makes floats of integers in pandas, and texts of them.
    """
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return column.cast(pl.String).map_batches(classes, return_dtype=pl.Categorical(), is_elementwise=True)
    if kind.is_float():
        return _by_piece(_float_words(column), cleaned).cast(pl.Categorical)
    return _by_piece(column.cast(pl.String), known).cast(pl.Categorical)


def _float_words(column: pl.Expr) -> pl.Expr:
    """Floats as texts; large whole ones in digits, as they are written where they are integers."""
    known = column.fill_nan(None)
    large = (known.abs() >= LARGE) & (known == known.floor())
    digits = pl.when(large).then(known).cast(pl.Int128, strict=False).cast(pl.String)
    return pl.coalesce(digits, known.cast(pl.String))


def word(value: object) -> str | None:
    """One value of a row as text: a whole float is its integer; a text stays what it is but for blanks around.

    >>> word(" cat"), word(""), word(2.0), word(2.5), word(float("nan")), word(None)
    ('cat', None, '2', '2.5', None, None)
    """
    if isinstance(value, float):
        return None if value != value else str(int(value) if value.is_integer() else value)
    return None if value is None else str(value).strip() or None


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
    """Words as categories, as :func:`text` understands them. Only the distinct ones are looked at.

    >>> classes(pl.Series(["cat", " cat", " ", "1.0", "1.10", None])).cast(pl.String).to_list()
    ['cat', 'cat', None, '1', '1.10', None]
    """
    made = words.cast(pl.Categorical())
    given = made.drop_nulls() if made.null_count() else made
    codes = given.to_physical().to_numpy()
    if not len(codes) or (size := int(codes.max()) + 1) > len(codes) + MANY:
        return cleaned(words).cast(pl.Categorical())
    place = np.full(size, -1)
    place[codes] = np.arange(len(codes))
    names = given.gather(place[place >= 0]).cast(pl.String())
    return made if cleaned(names).equals(names) else cleaned(words).cast(pl.Categorical())


def cleaned(words: pl.Series) -> pl.Series:
    """Words without blanks around, whole floats as integers; empty ones are null."""
    return whole(stripped(words))


def whole(words: pl.Series) -> pl.Series:
    """Words, and the integers of those that are whole floats.

    >>> whole(pl.Series(["1.0", "1.05", "a", None])).to_list()
    ['1', '1.05', 'a', None]
    """
    return words.str.replace(_WHOLE, "${1}") if words.str.contains(".0", literal=True).any() else words


def stripped(words: pl.Series) -> pl.Series:
    """Words without blanks around; empty ones are null."""
    return known(words.str.strip_chars())


def known(words: pl.Series) -> pl.Series:
    """Words, and null for empty ones."""
    empty = words == ""
    return words.set(empty, None) if empty.any() else words


def _by_piece(column: pl.Expr, mended: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return column.map_batches(mended, return_dtype=pl.String, is_elementwise=True)
