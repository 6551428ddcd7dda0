"""Tables from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from biasscope.core.results import Table, table


def tabled(name: str, rows: Sequence[Mapping[str, Any]], title: str, row: str) -> Table:
    """Table from rows that have the same keys; one without columns when there are none.

    Parameters
    ----------
    name, title
        Of the table.
    rows
        Column -> cell, of every row.
    row
        What one row stands for.

    Examples
    --------
    >>> tabled("sizes", [{"size": 3, "n": 5}, {"size": 4, "n": 6}], "Sizes", "size")["n"]
    [5, 6]
    """
    columns = {key: [one[key] for one in rows] for key in (rows[0] if rows else ())}
    return table(name, columns, title=title, row=row)
