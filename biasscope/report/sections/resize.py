"""Does the label survive another library's resize?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.figures.agreement import titles_of
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import names
from biasscope.report import pictures
from biasscope.report.grid import Field, Grid, every_column, grid
from biasscope.report.sections import protocols
from biasscope.report.sections.shifts import own_numbers
from biasscope.report.sections.side_by_side import floors, measures

FLIPS = 12
"""Pictures that flip shown at most; the JSON holds all of them."""


def view(result: Result) -> dict[str, Any]:
    """Grids of the measures, floors and implementations; cards of pictures that flip, two by two."""
    return {
        "over": protocols.over(result),
        "numbers": own_numbers(result),
        "explained": protocols.explained(result) or protocols.PROTOCOLS["resize"][1],
        "measures": measures(result),
        "floors": floors(result),
        "implementations": _implementations(result),
        "flips": flips(result),
    }


def _implementations(result: Result) -> Grid | None:
    """The table as it is: which columns of accuracy it has depends on the models."""
    for item in result.tables:
        if item.name == "implementations" and item.height:
            fields = [one for one in every_column(item) if one.name not in ("name", "title")]
            named = [Field("title" if "title" in item else "name", "Implementation", "label")]
            return grid(item, named + [_share(one) for one in fields], caption="Implementations", row="implementation")
    return None


def _share(one: Field) -> Field:
    return Field(one.name, one.title, "share", one.help) if one.name.startswith("accuracy") else one


def flips(result: Result) -> list[pictures.Card]:
    """Two pictures a card: the same file, resized by two implementations, with the two answers."""
    said = titles_of(result)
    return [_flip(row, said) for row in rows(result, "flips")[:FLIPS]]


def _flip(row: dict[str, Any], said: dict[str, str]) -> pictures.Card:
    shots = []
    for side in ("a", "b"):
        how = short(said.get(str(row.get(side)), str(row.get(side) or "")), 40)
        answer = short(row.get(f"answer_{side}") or "no answer", 60)
        shots += pictures.shots(
            row.get(f"picture_{side}"), f"Resized by {how}: the answer is {answer}", f"{how}: {answer}"
        )
    told = [] if len(shots) == 2 else [f"{row.get('a')}: {row.get('answer_a')}; {row.get('b')}: {row.get('answer_b')}"]
    label = row.get("label")
    title = f"{row.get('image_id')}" + (f", labelled {short(label)}" if label not in (None, "") else "")
    return pictures.Card(title, shots, [*told, names([row])[0]])
