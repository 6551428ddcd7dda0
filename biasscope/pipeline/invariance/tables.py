"""Tables and scalars that every protocol has: metrics, models side by side, floors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, cast

from biasscope.core.results import Better, Cell, Scalar, Table, interval, number, table
from biasscope.metrics import METRICS
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.invariance.measurement import Measurement

if TYPE_CHECKING:
    from biasscope.sweep.measure import Measured

SIDE_BY_SIDE = ("consistency", "accuracy", "worst_case")
"""Metrics of the table of models: the two axes of the Pareto figure, and the worst case."""


@dataclass(frozen=True)
class Part:
    """What one kind of protocol shows: its tables, and what it adds to the scalars and notes of all kinds."""

    kind: str
    tables: Sequence[Table]
    scalars: Sequence[Scalar] = ()
    notes: Sequence[str] = ()
    source: str = "Azulay & Weiss, JMLR 20(184), 2019"


def scalars(items: Sequence[Measurement]) -> Iterator[Scalar]:
    """Every metric of every model, named ``<metric>@<label>``."""
    for item in items:
        for measured in item.metrics.values():
            yield Scalar(
                f"{measured.metric}@{item.label}",
                number(measured.value),
                f"{_capital(measured.title)}, {item.label}",
                interval(measured.low, measured.high, method=str(_facts(measured).get("interval", ""))),
                measured.n,
                unit(measured),
                cast(Better, measured.better),
                f"shift: {measured.shift}; reference: {measured.reference}; aggregate: {measured.aggregate}",
            )


def unit(measured: Measured) -> str:
    """Unit of a metric; what lies between -1 and 1 is a share."""
    facts = _facts(measured)
    low, high = facts.get("bounds", (0, inf))
    return str(facts.get("unit") or ("share" if low >= -1 and high <= 1 else ""))


def _facts(measured: Measured) -> Mapping[str, Any]:
    entry = METRICS.get(measured.metric)
    return entry.facts if entry is not None else {}


def _capital(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}"


def metric_table(items: Sequence[Measurement]) -> Table:
    """One row a model and metric."""
    pairs = [(item.label, measured) for item in items for measured in item.metrics.values()]
    columns: dict[str, list[Any]] = {
        "model": [label for label, _ in pairs],
        "metric": [measured.metric for _, measured in pairs],
        "title": [_capital(measured.title) for _, measured in pairs],
        **{name: [number(getattr(measured, name)) for _, measured in pairs] for name in ("value", "low", "high")},
        **{name: [getattr(measured, name) for _, measured in pairs] for name in ("n", "better", *NAMING)},
        "unit": [unit(measured) for _, measured in pairs],
    }
    return table(
        "metrics", columns, title="Every metric of every model, with 95 % intervals over pictures", row="metric"
    )


NAMING = ("shift", "reference", "aggregate")


def model_table(items: Sequence[Measurement]) -> Table:
    """One row a model: consistency, accuracy, worst case and size."""
    return tabled("models", [_side_by_side(item) for item in items], "Models side by side", "model")


def _side_by_side(item: Measurement) -> dict[str, Cell]:
    row: dict[str, Cell] = {"model": item.label, "family": item.subject.family, "variant": item.subject.variant}
    for name in SIDE_BY_SIDE:
        found = item.consistency if name == "consistency" else item.metrics.get(name)
        row[name] = number(found.value) if found else None
        if name != "worst_case":
            row[f"{name}_low"] = number(found.low) if found else None
            row[f"{name}_high"] = number(found.high) if found else None
    return row | {"parameters": item.subject.model.provenance.parameters}


def floor_table(items: Sequence[Measurement]) -> Table:
    """What changes without any shift: another batch layout, bf16, interpolation there and back."""
    rows = [(item.label, name, found) for item in items for name, found in item.sweep.floors.items()]
    columns: Mapping[str, list[Any]] = {
        "model": [label for label, _, _ in rows],
        "floor": [name for _, name, _ in rows],
        "changed": [number(found.changed) for _, _, found in rows],
        "mean_absolute_change": [number(found.mean_absolute_change) for _, _, found in rows],
        "n": [found.n for _, _, found in rows],
        "detail": [str(getattr(found, "detail", "")) for _, _, found in rows],
    }
    return table("floors", columns, title="What changes although nothing was shifted", row="floor")
