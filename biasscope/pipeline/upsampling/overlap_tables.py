"""Tables of the geometry and the weights: overlap by layer, evenness, energy of gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from biasscope.core.results import number
from biasscope.pipeline.upsampling.measurement import Measurement, axes
from biasscope.pipeline.upsampling.tables import Cells
from biasscope.upsampling import Overlap

LARGEST = 64
"""Side up to which an overlap map is kept."""
SAID = 16
"""Phases whose counts are written out."""


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
            "energy_least": number(energy.least) if energy is not None else None,
            "zero": energy.zero if energy is not None else None,
            "rows": plane.shape[0] if plane is not None and small else None,
            "columns": plane.shape[1] if plane is not None and small else None,
            "cells": plane.ravel().tolist() if plane is not None and small else None,
            "heads": energy.heads if energy is not None else None,
            "n": energy.n if energy is not None else None,
        }
