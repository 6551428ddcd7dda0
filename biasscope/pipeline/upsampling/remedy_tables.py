"""Tables of remedies: before and after, one layer at a time, what was done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import number
from biasscope.pipeline.upsampling.measurement import Measurement, cycles
from biasscope.pipeline.upsampling.tables import Cells
from biasscope.upsampling import Row


def remedy_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a model and remedy, the model as it is first."""
    for item in items:
        for row in item.remedies:
            yield remedy_row(item, row)


def remedy_row(item: Measurement, row: Row) -> Cells:
    """One remedy."""
    found, first = row.strength, item.remedies[0].strength
    value, low, high = found.decibels if found is not None else (None, None, None)
    plain = ("overlap", "score", "step", "eta_squared", "p", "gradient", "parameters", "operations", "seconds")
    changed = dict(zip(("change", "change_low", "change_high"), map(number, row.change), strict=True))
    highest = found.highest if found is not None else None
    cost = found.operations / first.operations if found is not None and first is not None and first.operations else None
    return {
        "model": item.label,
        "remedy": row.name or "none",
        "title": row.title,
        "weights_kept": row.trained,
        "decibels": number(value),
        "decibels_low": number(low),
        "decibels_high": number(high),
        "highest": cycles(highest.numbers, highest.period) if highest is not None else None,
        "highest_decibels": number(highest.decibels) if highest is not None else None,
        **changed,
        **{name: number(getattr(found, name)) if found is not None else None for name in plain},
        "cost": number(cost),
        "layers": len(row.changes),
        "reason": row.reason,
    }


def single_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a layer that is repaired alone, and one for all of them."""
    for item in items:
        chosen = item.best
        for row in item.singles if chosen is not None else ():
            value, low, high = map(number, row.decibels)
            change, change_low, change_high = map(number, row.change)
            yield {
                "model": item.label,
                "layer": row.layer,
                "remedy": chosen.name if chosen is not None else "",
                "removed": number(row.removed),
                "step": number(row.step),
                "before": number(row.before),
                "decibels": value,
                "decibels_low": low,
                "decibels_high": high,
                "change": change,
                "change_low": change_low,
                "change_high": change_high,
                "n": len(item.inputs),
            }


def change_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """What every remedy did, one row a layer."""
    for item in items:
        for row in item.remedies:
            for change in row.changes:
                yield {
                    "model": item.label,
                    "remedy": row.name,
                    "layer": change.name,
                    "before": change.before,
                    "after": change.after,
                    "weights": change.weights,
                    "residual": number(change.residual),
                }
