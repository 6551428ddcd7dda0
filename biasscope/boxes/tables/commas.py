r"""What a comma in the numbers of a table means: ``0,358`` is a decimal, ``1,369.5`` has thousands set apart.

Convention
----------
``1,369`` alone can be either. The first numbers of the file decide: other decimal commas (not three digits behind, or
more than three or a zero before) against decimal points, two groups of thousands, or whole numbers below 1000 in the
same column, which would have decimals too. Where both kinds are met, what can be either is no number, and so listed;
where none is met, it is an error. With decimal commas ``1.369`` is as doubtful.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from biasscope.boxes.files.listing import HEAD
from biasscope.boxes.files.names import suffix_of
from biasscope.boxes.tables.opening import TEXTS, csv_text, readable, scan, separator
from biasscope.core.errors import InputError

DECIMAL, THOUSANDS, EITHER = "decimal", "thousands", "either"
LINES = 1000
"""Lines of a table that are looked at."""
_THREE = r"[-+]?[1-9]\d{0,2}"
_DOUBTFUL, _DOUBTFUL_POINT = rf"^{_THREE},\d{{3}}$", rf"^{_THREE}\.\d{{3}}$"
_GROUPS = rf"^{_THREE}(?:,\d{{3}})+(?:\.\d*)?$"
_COMMA, _POINT = r"^[-+]?\d*,\d+(?:[eE][-+]?\d+)?$", r"^[-+]?\d*\.\d+(?:[eE][-+]?\d+)?$"
_SHORT, _LONG = rf"^(?:0|{_THREE})$", r"^[-+]?\d{4,}$"
Words = Sequence[Sequence[str]]


def first_words(path: Path, *sorts: Sequence[str]) -> Words:
    """First texts of columns, for each sort of columns together; of those that hold numbers nothing."""
    found = _columns(path, [name for names in sorts for name in names])
    return [[word for name in names for word in found.get(name, ())] for names in sorts]


def _columns(path: Path, names: Sequence[str]) -> dict[str, list[str]]:
    if suffix_of(path.name) not in TEXTS:
        frame = scan(path)
        texts = [name for name, kind in frame.collect_schema().items() if name in names and kind == pl.String]
        with readable(path):
            return frame.select(texts).head(LINES).fill_null("").collect().to_dict(as_series=False) if texts else {}
    text = csv_text(path).lstrip("\n\r")
    lines = text.splitlines()[: LINES + 1]
    if len(text) > HEAD // 4 and 1 < len(lines) <= LINES:  # the last line may be cut off
        lines.pop()
    try:
        rows = list(csv.DictReader(lines, delimiter=separator(path, lines[0])))
    except csv.Error:
        return {}
    return {name: [row[name] or "" for row in rows if name in row] for name in names}


def plain(words: Words) -> bool:
    """Whether numbers have neither a comma nor blanks around them."""
    return not any(word != word.strip() or "," in word for sort in words for word in sort)


def meaning(words: Words, path: Path) -> str:
    """What commas in the numbers of a file mean, whose first texts are given for each sort of columns.

    Raises
    ------
    InputError
        Nothing tells.

    Examples
    --------
    >>> meaning([["0,358", "1,369"]], Path()), meaning([["358", "1,369"]], Path())
    ('decimal', 'thousands')
    """
    sorts = [[word.strip() for word in sort] for sort in words]
    every = [word for sort in sorts for word in sort]
    doubtful = [word for word in every if re.search(_DOUBTFUL, word)]
    decimal = _any(every, _COMMA, but=_DOUBTFUL)
    point = _any(every, _POINT, but=_DOUBTFUL_POINT if decimal else None) or _any(every, _GROUPS, but=_DOUBTFUL)
    if decimal or point:
        return EITHER if decimal and point else DECIMAL if decimal else THOUSANDS
    if not doubtful:
        return EITHER
    if any(_any(sort, _DOUBTFUL) and _any(sort, _SHORT) for sort in sorts) and not _any(every, _LONG):
        return THOUSANDS
    hint = "Write decimals with a point, and thousands without a comma."
    raise InputError(f"{doubtful[0]!r} may be a decimal number or set apart thousands", where=str(path), hint=hint)


def pointed(column: pl.Expr, commas: str) -> pl.Expr:
    """Texts of numbers as ``1369.5``: null where it cannot be told what they mean."""
    if commas == THOUSANDS:
        return (
            pl.when(column.str.contains(_GROUPS)).then(column.str.replace_all(",", "", literal=True)).otherwise(column)
        )
    doubtful = column.str.contains(_DOUBTFUL if commas == EITHER else _DOUBTFUL_POINT)
    return pl.when(~doubtful).then(column.str.replace(",", ".", literal=True))


def _any(words: Sequence[str], pattern: str, but: str | None = None) -> bool:
    found = (word for word in words if re.search(pattern, word))
    return any(but is None or re.search(but, word) is None for word in found)
