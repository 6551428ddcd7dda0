"""What is wrong with the annotations: counts, and the rows by id."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, Table, table
from biasscope.figures.frame import rows as table_rows
from biasscope.report.grid import Field, Grid, grid
from biasscope.report.sections.generic import some

MOST = 200
"""Rows of one problem that the page lists; the JSON lists up to a thousand."""

PROBLEMS = [
    Field("title", "Problem", "text"),
    Field("count", "Found", "count"),
    Field("used", "Still in the statistics", "text"),
    Field("explanation", "What it means", "text"),
]
ROWS = [Field("image_id", "Image", "label"), Field("where", "Where", "text"), Field("detail", "Detail", "text")]


def view(result: Result) -> dict[str, Any]:
    """Grid of the problems, and for each that has rows a grid of those; behind a colon of the title is the dataset."""
    dataset = result.title.partition(": ")[2]
    return {
        "over": dataset,
        "brief": dataset,
        "problems": some(result, "problems", PROBLEMS, "Problems that were looked for"),
        "listed": listed(result),
    }


def listed(result: Result) -> list[tuple[str, int, Grid]]:
    """For each problem that has rows: its title, how often it was found, and a grid of its rows."""
    found = {item.name: item for item in result.tables}
    if "rows" not in found or "problems" not in found or "code" not in found["rows"]:
        return []
    made = [(_heading(row, found["rows"]), row.get("count"), _of(found["rows"], row)) for row in _problems(result)]
    return [
        (title, int(_number(count)), grid(rows, ROWS, caption=title, most=MOST))
        for title, count, rows in made
        if rows.height
    ]


def _problems(result: Result) -> list[dict[str, Any]]:
    return table_rows(result, "problems")


def _heading(row: dict[str, Any], rows: Table) -> str:
    """Title of a problem; where used and unused are listed apart, which of them it is."""
    title = str(row.get("title") or row.get("code") or "")
    if "used" not in rows or row.get("used") is None:
        return title
    return f"{title}, {'used all the same' if row['used'] else 'left out'}"


def _number(value: Any) -> float:
    return value or 0


def _of(rows: Table, problem: dict[str, Any]) -> Table:
    """Rows of a problem: of its code, and used or not where the rows say so."""
    used = rows["used"] if "used" in rows else [None] * rows.height
    known = zip(rows["code"], used, strict=True)
    wanted = problem.get("code"), problem.get("used")
    kept = [
        at
        for at, (code, use) in enumerate(known)
        if code == wanted[0] and (None in (use, wanted[1]) or use == wanted[1])
    ]
    names = [item.name for item in ROWS if item.name in rows]
    return table("rows", {name: [rows[name][index] for index in kept] for name in names}, row="row")
