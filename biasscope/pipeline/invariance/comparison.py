"""Published figures beside one's own, where the architecture is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from biasscope.core.results import Result, number, table
from biasscope.core.words import counted, first_few
from biasscope.pipeline.common.forms import BASELINE
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.published import AZULAY, ZHANG, Published, figures

METRICS = {
    "consistency": ("sampled_consistency", "consistency"),
    "accuracy": ("accuracy", "accuracy_per_shift"),
    "top1_change": ("top1_change", "top_1_change"),
    "mean_absolute_change": ("mean_absolute_change",),
}
"""Published measure -> names that it has here, the first that is there counts."""
ALIKE = {"pairs": "crop"}
"""Protocols whose windows are those of another."""
PAPERS = {AZULAY: "Azulay & Weiss, JMLR 20(184), 2019", ZHANG: "Zhang, ICML 2019"}
"""Where a figure was read -> the paper; a result names those that it has figures of."""
UNTRAINED = (
    " The weights of {} are random here and those of published figures trained, so nothing can be concluded from the "
    "difference."
)
NAMED = 4
"""Models that a finding names."""
CAUTION = "Published figures are of the authors' pictures and weights: they give the order of size, not a value to hit."


def compared(measured: Mapping[str, Sequence[Measurement]], images: str, taps: int) -> Result | None:
    """Every published figure of an architecture that was measured here; ``None`` where there is none.

    Parameters
    ----------
    measured
        Protocol -> measurements.
    images
        The pictures of this run, in words.
    taps
        Filter size of the variant antialias.
    """
    rows = list(_rows(measured, images, taps))
    if not rows:
        return None
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    named = sorted({str(row["architecture"]) for row in rows})
    told = counted(len(rows), "published figure")
    return Result(
        kind="published",
        finding=f"{told} of {', '.join(named)} beside what was measured here. {CAUTION}{_random(measured, rows)}",
        title="Published figures",
        tables=[table("figures", columns, title="Published and own figures", row="figure")],
        source="; ".join(dict.fromkeys(PAPERS[str(row["source"])] for row in rows)),
    )


def _random(measured: Mapping[str, Sequence[Measurement]], rows: Sequence[Mapping[str, Any]]) -> str:
    """What is said where a figure stands beside a network with random weights: published ones are of trained ones."""
    beside = {row["model"] for row in rows}
    items = [item for items in measured.values() for item in items if item.label in beside]
    names = list(dict.fromkeys(item.label for item in items if item.subject.untrained))
    return UNTRAINED.format(first_few(names, NAMED)) if names else ""


def _rows(measured: Mapping[str, Sequence[Measurement]], images: str, taps: int) -> Iterator[dict[str, Any]]:
    for protocol, items in measured.items():
        for item in items:
            for figure in figures(item.subject.architecture):
                if figure.protocol == ALIKE.get(protocol, protocol) and _same_form(item, figure, taps):
                    yield _row(item, figure, images)


def _same_form(item: Measurement, figure: Published, taps: int) -> bool:
    if item.subject.variant == BASELINE:
        return figure.variant == BASELINE
    return item.subject.variant == figure.variant and figure.taps == taps


def _row(item: Measurement, figure: Published, images: str) -> dict[str, Any]:
    own = next((item.metrics[name] for name in METRICS[figure.measure] if name in item.metrics), None)
    return {
        "source": figure.source,
        "protocol": figure.protocol,
        "architecture": figure.architecture,
        "model": item.label,
        "measure": figure.measure,
        "unit": "share",
        "published": figure.value,
        "grade": figure.grade,
        "own": number(own.value) if own else None,
        "own_low": number(own.low) if own else None,
        "own_high": number(own.high) if own else None,
        "same_protocol": False,
        "statement": _statement(item, figure, images),
    }


def _statement(item: Measurement, figure: Published, images: str) -> str:
    """What differs between the two measurements."""
    parameters = item.transformation.parameters
    grid = parameters.get("grid")
    shifts = f"grid {grid}" if grid else counted(item.sweep.views, "view")
    shifts += f", {parameters['source']}" if parameters.get("source") else ""
    trained = " Here the weights are random, untrained." if item.subject.untrained else ""
    if not trained and figure.variant != BASELINE and not item.subject.trained:
        trained = " Published after training in this form, here surgery alone."
    form = f" with {figure.taps} taps" if figure.taps else ""
    own = f"{counted(len(item.sweep), 'picture')} of {images}, {shifts}"
    return f"Published{form}: {figure.setting}. Here: {own}.{trained}"
