"""What a row of a table is about: the columns that name it, and the key made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from biasscope.core.results import Cell, Column, Table

NAMES = frozenset(
    {
        *("label", "model", "against", "remedy", "surgery", "layer", "metric", "measure", "method", "floor", "feature"),
        *("code", "name", "protocol", "architecture", "series", "frequency", "role", "direction", "scope", "image_id"),
        *("where", "axis", "clip", "a", "b", "variant", "region", "law", "transform"),
    }
)
"""Columns of text that say what a row is about."""
PLACES = frozenset(
    {
        *("copies", "size", "angle", "dy", "dx", "step", "frame", "level", "map", "image"),
        *("seed", "epochs", "train_images", "n"),
    }
)
"""Columns of any kind that say where on a curve or grid a row stands."""
UNLESS = {"method": "layer", "label": "image_id", "step": "remedy", "variant": "family", "law": "status"}
"""Columns that only describe a row where it has this other one."""
FACETS = ("metric", "measure", "method")
"""Columns that say which number stands in the row."""


def key_columns(table: Table) -> list[Column]:
    """Columns that together name a row: those with known names, else the first column of text, else the first.

    >>> from biasscope.core.results import table
    >>> [item.name for item in key_columns(table("t", {"model": ["a"], "size": [32], "value": [0.5]}))]
    ['model', 'size']
    """
    known = [item for item in table.columns if _names(item) and UNLESS.get(item.name) not in table]
    known = [item for item in known if item.name != "n" or _given(table)]
    text = [item for item in table.columns if item.kind == "text"][:1]
    return known or text or list(table.columns[:1])


def _given(table: Table) -> bool:
    """Whether the column ``n`` stands before all numbers, so that it is given: copies, not how many were measured."""
    for item in table.columns:
        if item.name == "n":
            return item.kind == "integer"
        if item.kind == "number" and item.name not in PLACES:
            break
    return False


def row_keys(table: Table) -> list[str]:
    """Key of every row: its names joined by commas; rows that share one are numbered from the second on.

    >>> from biasscope.core.results import table
    >>> row_keys(table("t", {"model": ["a", "a", "b"], "layer": ["conv", "pool", None], "value": [1, 2, 3]}))
    ['a,conv', 'a,pool', 'b,']
    """
    return list(_numbered(_joined(key_columns(table))))


def facets(table: Table) -> tuple[list[str], list[str]]:
    """Measure or metric that each row is about, and in words what else names it; no measures where rows have none.

    >>> from biasscope.core.results import table
    >>> facets(table("t", {"model": ["a", "b"], "metric": ["accuracy", "accuracy"], "value": [0.5, 0.6]}))
    (['accuracy', 'accuracy'], ['a', 'b'])
    """
    which, others = _split(table)
    return list(_joined(which)) if which else [""] * table.height, list(_joined(others, ", "))


def noun(table: Table) -> str:
    """What one row stands for: with measures in rows, what they were measured of.

    >>> from biasscope.core.results import table
    >>> noun(table("t", {"model": ["a"], "layer": ["conv"], "measure": ["error"], "value": [0.5]}, row="measure"))
    'layer'
    """
    which, others = _split(table)
    return others[-1].name if which or table.row in ("", "row") else table.row


def _split(table: Table) -> tuple[list[Column], list[Column]]:
    """Key columns that name the measure, and the others; all are others where nothing else names a row."""
    columns = key_columns(table)
    which = [item for item in columns if item.name in FACETS]
    others = [item for item in columns if item.name not in FACETS]
    return (which, others) if others else ([], columns)


def _names(item: Column) -> bool:
    return item.name in NAMES if item.kind == "text" else item.name in PLACES and item.kind != "vector"


def _joined(columns: Sequence[Column], by: str = ",") -> Iterable[str]:
    for cells in zip(*(item.values for item in columns), strict=True):
        yield by.join(map(_word, cells))


def _word(cell: Cell) -> str:
    return "" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def _numbered(keys: Iterable[str]) -> Iterable[str]:
    seen: Counter[str] = Counter()
    for key in keys:
        seen[key] += 1
        yield key if seen[key] == 1 else f"{key}#{seen[key]}"
