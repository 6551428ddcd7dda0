"""Does the label survive another library's resize?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.figures.agreement import titles_of
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import names, of
from biasscope.report import pictures
from biasscope.report.grid import BY_MEASURE, Field, Grid, Shown
from biasscope.report.sections import protocols
from biasscope.report.sections.shifts import own_numbers
from biasscope.report.sections.side_by_side import floors, measures, number

MEASURES = {"accuracy": "Accuracy", "agreement": "As with the reference"}
_ENDS = {"value": "", "low": "_low", "high": "_high"}

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
    """A row an implementation, for each model its accuracy and how often it answers as with the reference."""
    found = rows(result, "implementations")
    models = names(found) if any(row.get("model") for row in found) else [""]
    measures = [name for name in MEASURES if any(row.get(name) is not None for row in found)]
    heads = [
        Field(f"{name}{at}", _head(name, model), BY_MEASURE) for at, model in enumerate(models) for name in measures
    ]
    lines = [
        [
            Shown(_titled(kept[0])),
            *(number(_cell(of(kept, model) if model else kept, name)) for model in models for name in measures),
        ]
        for one in names(found, "name")
        if (kept := of(found, one, "name"))
    ]
    columns = [Field("name", "Implementation", "label"), *heads]
    return Grid("implementations", "Implementations", columns, lines, "implementation") if lines else None


def _head(measure: str, model: str) -> str:
    return f"{MEASURES[measure]}, {short(model)}" if model else MEASURES[measure]


def _titled(row: dict[str, Any]) -> str:
    name = str(row.get("title") or row.get("name") or "(no name)")
    missing = " (not installed)" if row.get("available") is False else ""
    return f"{name} (reference)" if row.get("reference") is True else name + missing


def _cell(found: list[dict[str, Any]], measure: str) -> dict[str, Any] | None:
    """The number of a measure with its interval, as :func:`number` shows it."""
    row = found[0] if found else {}
    return {"metric": measure} | {key: row.get(f"{measure}{end}") for key, end in _ENDS.items()}


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
