"""Tables as seaborn wants them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Result, Table


def columns(table: Table) -> dict[str, NDArray[Any]]:
    """Mapping of column name to numpy array (numbers as float with NaN for undefined, text as objects).

    seaborn 0.13 refuses frames of polars 2.1 and takes such a mapping as it is. Columns of vectors are left out.

    >>> from biasscope.core.results import table
    >>> columns(table("t", {"a": [1, None]}))
    {'a': array([ 1., nan])}
    """
    return {
        item.name: np.array(item.values, object)
        if item.kind == "text"
        else np.array([np.nan if value is None else value for value in item.values], float)
        for item in table.columns
        if item.kind != "vector"
    }


def rows(result: Result, name: str) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries; no rows when the result has no such table."""
    for table in result.tables:
        if table.name == name:
            keys = [item.name for item in table.columns]
            return [dict(zip(keys, row, strict=True)) for row in zip(*(c.values for c in table.columns), strict=True)]
    return []


def counts(result: Result, table: str, key: str, name: str, field: str = "counts") -> NDArray[np.float64] | None:
    """Vector of counts in the row of ``table`` whose ``key`` is ``name``; ``None`` when missing, empty or all zero."""
    for row in rows(result, table):
        if row.get(key) == name and row.get(field):
            vector = np.array([value or 0 for value in row[field]], float)
            return vector if vector.sum() > 0 else None
    return None


def square(vector: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Vector of a square grid as a matrix, row = y from the top; ``None`` when its length is no square."""
    side = round(len(vector) ** 0.5)
    return vector.reshape(side, side) if side * side == len(vector) and side else None
