"""Tables of patterns: layers, stride frequencies, answers to constant pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from biasscope.core.results import Table, number
from biasscope.pipeline.upsampling.measurement import Measurement, axes, cycles
from biasscope.upsampling import LayerPattern

Cells = Mapping[str, Any]


def full(*made: Table) -> list[Table]:
    """Tables that have rows."""
    return [one for one in made if one.height]


def pattern_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a layer that upsamples, and the output."""
    for item in items:
        for one in item.found.patterns:
            yield pattern_row(item, one)


def pattern_row(item: Measurement, one: LayerPattern) -> Cells:
    """Measures of one layer."""
    tested, peaks = one.anova, one.peaks
    value, low, high = peaks.mean if peaks is not None else (None, None, None)
    own, own_low, own_high = one.own.mean if one.own is not None else (None, None, None)
    highest = one.highest
    facts = ("eta_squared", "null_mean", "null_high", "p", "f", "f_p")
    return {
        "model": item.label,
        "layer": one.name,
        "period": axes(one.period),
        "shape": axes(one.shape),
        "channels": one.channels,
        "decibels": number(value),
        "decibels_low": number(low),
        "decibels_high": number(high),
        "own": number(own),
        "own_low": number(own_low),
        "own_high": number(own_high),
        "highest": cycles(highest.numbers, highest.period) if highest is not None else None,
        "highest_decibels": number(highest.decibels) if highest is not None else None,
        "highest_least": number(highest.least) if highest is not None else None,
        **{name: number(getattr(tested, name)) if tested is not None else None for name in facts},
        "share": number(peaks.share) if peaks is not None else None,
        "window": peaks.window if peaks is not None else None,
        "uncertain": peaks.window == "none" if peaks is not None else None,
        "n": peaks.n if peaks is not None else None,
        "note": one.note,
    }


def peak_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a layer and stride frequency."""
    for item in items:
        for one in item.found.patterns:
            for place, numbers in enumerate(one.peaks.frequencies.tolist() if one.peaks is not None else ()):
                peaks = one.peaks
                assert peaks is not None  # noqa: S101
                yield {
                    "model": item.label,
                    "layer": one.name,
                    "frequency": cycles(numbers, one.period),
                    "decibels": number(peaks.decibels[place]),
                    "decibels_low": number(peaks.low[place]),
                    "decibels_high": number(peaks.high[place]),
                    "uncertain": peaks.window == "none",
                    "n": peaks.n,
                }


def response_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a model and level of a constant picture."""
    for item in items:
        found = item.found.response
        if found is None:
            continue
        for level, ripple, relative in zip(found.levels, found.ripple, found.relative, strict=True):
            yield {
                "model": item.label,
                "level": float(level),
                "ripple": number(float(ripple)),
                "relative": number(float(relative)),
                "share": number(found.share),
            }
