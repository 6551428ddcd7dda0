"""Published numbers side by side with those that were measured."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Cell, Result
from biasscope.figures.frame import rows
from biasscope.report import wording
from biasscope.report.grid import Field, Grid, Shown, grid

NUMBERS = [
    Field("figure", "What", "text"),
    Field("published", "Published", "real", "With how it is known: read in the paper, second-hand, or derived"),
    Field("measured", "Measured here", "real", "With its interval"),
    Field("difference", "Difference", "signed"),
    Field("tolerance", "Tolerance", "real", "How far apart the two may be and agree"),
    Field("verdict", "Verdict", "verdict"),
    Field("setting", "How it was measured there", "text"),
    Field("source", "Source", "text"),
    Field("address", "Number of this report", "code", "Its address, as gates and comparisons name it"),
]
GRADES = {"P": "read in the paper", "S": "second-hand", "D": "derived or digitised"}
_DIFFERENCES = ("difference", "tolerance")


def view(result: Result) -> dict[str, Any]:
    """Grid of the numbers, each written by its unit."""
    return {"over": "Published figures", "numbers": _numbers(result)}


def _numbers(result: Result) -> Grid | None:
    for item in result.tables:
        if item.name == "numbers" and item.height:
            fields = [one for one in NUMBERS if one.name in item and _tells(one.name, item[one.name], result)]
            plain = grid(item, fields, caption="Published and measured numbers", row="number")
            made = [
                [_again(one, cell, row) for one, cell in zip(plain.fields, cells, strict=True)]
                for cells, row in zip(plain.rows, rows(result, "numbers"), strict=True)
            ]
            return Grid(plain.name, plain.caption, plain.fields, made, plain.row, verdicts=plain.verdicts)
    return None


def _tells(name: str, cells: list[Cell], result: Result) -> bool:
    """Whether a column says anything that is not said elsewhere."""
    told = {cell for cell in cells if not isinstance(cell, list)} - {None, ""}
    return bool(told - {result.source} if name == "source" else told)


def _again(one: Field, cell: Shown, row: dict[str, Any]) -> Shown:
    """Cell as the unit of its row is read; a published number with its grade below."""
    value, unit = row.get(one.name), str(row.get("unit") or "")
    if one.style not in ("real", "signed") or value is None:
        return cell
    show = wording.STYLES[_style(one.name, unit)]
    below = wording.span(show, row.get(f"{one.name}_low"), row.get(f"{one.name}_high"))
    if one.name == "published":
        below = GRADES.get(str(row.get("grade")), "")
    text = show(value).lstrip("+") if one.name == "tolerance" else show(value)
    return Shown(text, cell.sort, below)


def _style(name: str, unit: str) -> str:
    if unit in wording.SHARES:
        return "points" if name in _DIFFERENCES else "share"
    return "signed" if name == "difference" else "real"
