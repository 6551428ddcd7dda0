"""Any result: its scalars and all its tables."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, Table
from biasscope.report.grid import Field, Grid, every_column, grid

MOST = 2000
"""Rows of a table that the page shows at most; the JSON holds all of them."""


def view(result: Result) -> dict[str, Any]:
    """All tables with all their columns."""
    return {"grids": [_grid(item) for item in result.tables if item.columns]}


def _grid(item: Table) -> Grid:
    return grid(item, every_column(item), caption=item.title or item.name.replace("_", " "), most=MOST)


def some(
    result: Result, name: str, fields: list[Field], caption: str, row: str = "", most: int | None = None
) -> Grid | None:
    """Grid of one table of a result, when the result has it and it has rows."""
    for item in result.tables:
        if item.name == name and item.height:
            return grid(item, fields, caption=caption, row=row, most=most)
    return None
