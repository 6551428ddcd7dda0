"""Tables of the results: overlap, weights, patterns, gradients, remedies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from biasscope.core.results import Table, number, table
from biasscope.pipeline.upsampling.measurement import Measurement, axes
from biasscope.upsampling import LayerPattern, Overlap, Row

LARGEST = 64
"""Side up to which an overlap map is kept."""
SAID = 16
"""Phases whose counts are written out."""
Cells = Mapping[str, Any]


def tabled(name: str, found: Iterable[Cells], title: str, row: str) -> Table:
    """Table from rows that have the same keys."""
    rows = list(found)
    return table(name, {key: [one[key] for one in rows] for key in (rows[0] if rows else ())}, title=title, row=row)


def overlap_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a layer and direction, alone and together with what is before it."""
    for item in items:
        found = item.found.structure
        for one in found.forward:
            yield overlap_row(item, one, "alone")
        for one in found.composed:
            yield overlap_row(item, one, "all before it")
        for one in found.backward:
            yield overlap_row(item, one, "alone")
        if found.backward_strided is not None:
            yield overlap_row(item, found.backward_strided, "strided layers together")
        if found.backward_composed is not None:
            yield overlap_row(item, found.backward_composed, "with the layers between")


def overlap_row(item: Measurement, one: Overlap, scope: str) -> Cells:
    """One overlap."""
    plane = one.map()
    plane = plane.reshape(1, -1) if plane.ndim == 1 else plane.reshape(*plane.shape[:2], -1)[..., 0]
    small = max(plane.shape) <= LARGEST
    lines = [", ".join(f"{count:g}" for count in line[:SAID]) for line in one.counts]
    ratios = one.ratios
    return {
        "model": item.label,
        "layer": one.name or "whole",
        "kind": one.kind,
        "direction": one.direction,
        "scope": scope,
        "period": axes(one.period),
        "counts": " x ".join(dict.fromkeys(lines)) if len(set(lines)) > 1 else lines[0] if lines else "",
        "ratio_1d": None if None in ratios else max((r for r in ratios if r is not None), default=None),
        "ratio": number(one.ratio),
        "holes": one.holes,
        "uniform": one.uniform,
        "layers": one.layers,
        "rows": plane.shape[0] if small else None,
        "columns": plane.shape[1] if small else None,
        "cells": plane.ravel().tolist() if small else None,
        "note": one.note,
    }


def refused_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """Places that cannot be analysed."""
    for item in items:
        for one in item.found.refused:
            yield {"model": item.label, "layer": one.name, "kind": one.kind, "reason": one.reason}


def weight_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a layer that upsamples."""
    for item in items:
        for one in item.found.weights:
            yield {
                "model": item.label,
                "layer": one.name,
                "kind": one.kind,
                "score": number(one.score),
                "score_mean": number(one.score_mean),
                "score_bias": number(one.score_bias),
                "note": one.note,
            }


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
                shares = [f"{a}/{step}" if a else "0" for a, step in zip(numbers, one.period, strict=True)]
                yield {
                    "model": item.label,
                    "layer": one.name,
                    "frequency": ", ".join(shares),
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


def gradient_rows(items: Sequence[Measurement]) -> Iterator[Cells]:
    """One row a model: overlap of its backward pass, and energy by phase."""
    for item in items:
        found, energy = item.found.structure, item.found.gradients
        if found.backward_strided is None:
            continue
        plane = None if energy is None else np.atleast_2d(energy.energy.reshape(*energy.energy.shape[:2], -1)[..., 0])
        small = plane is not None and max(plane.shape) <= LARGEST
        yield {
            "model": item.label,
            "strided_alone": number(found.backward_strided.ratio),
            "with_between": number(found.backward_composed.ratio) if found.backward_composed is not None else None,
            "holes": found.backward_strided.holes,
            "period": axes(found.backward_strided.period),
            "energy_ratio": number(energy.ratio) if energy is not None else None,
            "zero": energy.zero if energy is not None else None,
            "rows": plane.shape[0] if plane is not None and small else None,
            "columns": plane.shape[1] if plane is not None and small else None,
            "cells": plane.ravel().tolist() if plane is not None and small else None,
            "heads": energy.heads if energy is not None else None,
            "n": energy.n if energy is not None else None,
        }


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
    cost = found.operations / first.operations if found is not None and first is not None and first.operations else None
    return {
        "model": item.label,
        "remedy": row.name or "none",
        "title": row.title,
        "weights_kept": row.trained,
        "decibels": number(value),
        "decibels_low": number(low),
        "decibels_high": number(high),
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
