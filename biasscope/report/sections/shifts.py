"""Does the answer survive a shift? One section a protocol."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, Scalar
from biasscope.figures import traces
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import MOST, names, of
from biasscope.report import pictures, wording
from biasscope.report.grid import Field
from biasscope.report.sections import protocols
from biasscope.report.sections.generic import some
from biasscope.report.sections.side_by_side import differences, floors, measures

WORST = 12
"""Worst images shown at most; the JSON holds all of them."""

MODELS = [
    Field("model", "Model", "label"),
    Field("consistency", "Consistency", "share", "How often two shifts of a picture get the same answer"),
    Field("accuracy", "Accuracy", "share", "How often the answer is right, over all shifts"),
    Field("worst_case", "Worst case", "share", "Share of pictures that are right at every one of the shifts"),
]


def view(result: Result) -> dict[str, Any]:
    """Grids of the measures, floors and models; cards of the traced and of the worst images."""
    return {
        "short": protocols.title(result) or "Shifts",
        "over": protocols.over(result) or "Shifts",
        "title": protocols.TITLES.get(str(result.parameters.get("protocol"))),
        "numbers": own_numbers(result),
        "explained": protocols.explained(result),
        "measures": measures(result),
        "floors": floors(result),
        "differences": differences(result),
        "models": some(result, "models", MODELS, "Models", "model"),
        "more_models": max(0, len(names(rows(result, "models"))) - MOST),
        "traced": traced(result),
        "worst": worst(result),
    }


def own_numbers(result: Result) -> list[Scalar]:
    """Scalars that the table of measures does not repeat."""
    told = bool(rows(result, "metrics"))
    return [item for item in result.scalars if not (told and "@" in item.name)]


def traced(result: Result, unit: str = "image_id", step: str = "step") -> dict[str, pictures.Card]:
    """For each traced image (or clip) its picture and the answers of every model in words."""
    found, shown = rows(result, "traces"), pictures.of_role(result, "trace")
    made = {}
    for name in names(found, unit)[: traces.MOST]:
        line = [row for row in of(found, name, unit) if row.get(step) is not None]
        made[name] = pictures.card(shown.get(name), name, _answered(sorted(line, key=lambda row: row[step]), step))
    return made


def _answered(found: list[dict[str, Any]], noun: str) -> list[str]:
    """What each model answers on the way; those that keep one answer in one line."""
    lines, steady = [], []
    for model in names(found):
        line = of(found, model)
        if len({row.get("answer") for row in line}) == 1:
            steady.append(f"{short(model)} ({short(line[0].get('answer') or '(no name)')})")
        else:
            lines.append(f"{short(model)}: {traces.words(line, noun)}")
    return lines + ([f"Keep one answer: {', '.join(steady)}"] if steady else [])


def worst(result: Result) -> list[pictures.Card]:
    """Cards of the images whose answer changed most, with what every model said."""
    found = [row for row in rows(result, "worst") if row.get("image_id") is not None]
    found.sort(key=lambda row: -(row.get("flips") or 0))
    shown = pictures.of_role(result, "worst", "trace")
    return [
        pictures.card(shown.get(name), _title(of(found, name, "image_id"), name), _told(of(found, name, "image_id")))
        for name in names(found, "image_id")[:WORST]
    ]


def _title(found: list[dict[str, Any]], name: str) -> str:
    label = found[0].get("label")
    return f"{name}, labelled {short(label)}" if label not in (None, "") else name


def _told(found: list[dict[str, Any]]) -> list[str]:
    return [_answers(row) for row in found]


def _answers(row: dict[str, Any]) -> str:
    changes = row.get("flips")
    told = "" if changes is None else f"{wording.count(changes)} change{'s' * (changes != 1)}"
    answers = short(row.get("answers") or "", 90)
    return f"{names([row])[0]}: " + "; ".join(part for part in (told, answers) if part)
