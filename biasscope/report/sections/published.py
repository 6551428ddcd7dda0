"""Published figures beside one's own."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, Scalar
from biasscope.figures.frame import rows
from biasscope.report import wording
from biasscope.report.grid import Field, Grid, Shown, grid
from biasscope.report.sections.side_by_side import style

FIGURES = [
    Field("model", "Model", "label"),
    Field("measure", "Measure", "measure"),
    Field("architecture", "Architecture", "text"),
    Field(
        "published", "Published", "real", "With its grade: read in the paper, second-hand, or read off a printed figure"
    ),
    Field("own", "Own", "real", "What was measured here, with its 95 % interval"),
    Field("same_protocol", "Same protocol", "text"),
    Field("protocol", "Protocol", "text"),
    Field("statement", "What differs", "text"),
    Field("source", "Source", "text"),
]
_GRADES = {"P": "read in the paper", "S": "second-hand", "D": "digitised"}


def view(result: Result) -> dict[str, Any]:
    """Grid of the figures, numbers shown by their measure."""
    return {"over": "Published figures", "numbers": _scalars(result), "figures": _figures(result)}


def _scalars(result: Result) -> list[Scalar]:
    return list(result.scalars)


def _figures(result: Result) -> Grid | None:
    for item in result.tables:
        if item.name == "figures" and item.height:
            plain = grid(item, FIGURES, caption="Published figures beside one's own", row="figure")
            lines = zip(plain.rows, rows(result, "figures"), strict=True)
            made = [
                [_again(one, given, row) for one, given in zip(plain.fields, cells, strict=True)]
                for cells, row in lines
            ]
            return Grid(plain.name, plain.caption, plain.fields, made, plain.row)
    return None


def _again(one: Field, given: Shown, row: dict[str, Any]) -> Shown:
    """Published and own number as their measure is read, a published one with its grade below."""
    if one.name not in ("published", "own") or row.get(one.name) is None:
        return given
    measure = str(row.get("measure") or "").lower().replace("-", "").replace(" ", "_")
    show = wording.STYLES[style({"metric": measure, "unit": row.get("unit")})]
    ends = row.get(f"{one.name}_low"), row.get(f"{one.name}_high")
    below = wording.span(show, *ends)
    if one.name == "published":
        below = _GRADES.get(str(row.get("grade")), str(row.get("grade") or ""))
    return Shown(show(row[one.name]), given.sort, below)
