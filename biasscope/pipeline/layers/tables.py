"""Tables of the result: layers, measures, lattices, global sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Table, number
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.trace.layer_result import Lattice, LayerTrace
from biasscope.trace.measures.period import lattice_period

LATTICES = ("equivariance_cosine", "equivariance_l2")
CHOSEN = 6
"""Layers of a model whose lattices, sums and maps are shown."""
AT_STRIDE_1 = " at stride 1"
"""End of the kind of a row that is a layer at stride 1."""
Row = Mapping[str, Any]


def chosen(item: Measurement) -> list[LayerTrace]:
    """Layers that are shown in more detail: the end of the first unit, of those that subsample, and the last.

    Layers that are split at stride 1 bring that row along.
    """
    ends = [unit.end for unit in item.units if unit.subsampling] or [unit.end for unit in item.units]
    first = [unit.end for unit in item.units if not split(unit.end)][:1]
    layers = {layer.depth: layer for layer in [*first, *ends, item.last]}
    ordered = [layers[depth] for depth in sorted(layers)]
    places = np.unique(np.linspace(0, len(ordered) - 1, min(CHOSEN, len(ordered))).round().astype(int))
    picked = {ordered[place].name for place in places.tolist()}
    return [layer for layer in item.trace.layers if layer.name in picked or _whole(layer) in picked]


def split(layer: LayerTrace) -> bool:
    """Whether a row is what a layer gives at stride 1."""
    return layer.kind.endswith(AT_STRIDE_1)


def _whole(layer: LayerTrace) -> str | None:
    """Name of the layer that is split, by the row of what it gives at stride 1."""
    return layer.name.rpartition(":")[0] if split(layer) else None


def layer_table(items: Sequence[Measurement]) -> Table:
    """One row a model and layer: where it is and how densely it samples."""
    rows = [_layer(item, layer) for item in items for layer in item.trace.layers]
    return tabled("layers", rows, "Layers in order of execution", "layer")


def _layer(item: Measurement, layer: LayerTrace) -> Row:
    ends = {unit.end.depth for unit in item.units}
    return {
        "model": item.label,
        "family": item.subject.family,
        "variant": item.subject.variant,
        "layer": layer.name,
        "kind": layer.kind,
        "depth": layer.depth,
        "position": layer.depth / max(len(item.trace.layers) - 1, 1),
        "height": layer.height,
        "width": layer.width,
        "stride": None if layer.stride is None else layer.stride[0],
        "ratio": number(layer.ratio[0]),
        "subsampling": layer.subsampling,
        "factor": max(layer.factor),
        "channels": layer.channels,
        "compared": layer.depth in ends,
    }


def measure_table(items: Sequence[Measurement]) -> Table:
    """One row a model, layer and measure."""
    rows = [
        {
            "model": item.label,
            "layer": layer.name,
            "depth": layer.depth,
            "measure": one.measure,
            "title": _capital(one.title),
            **{name: number(getattr(one, name)) for name in ("value", "low", "high")},
            **{name: getattr(one, name) for name in ("n", "better", "unit", "note")},
        }
        for item in items
        for layer in item.trace.layers
        for one in layer.measures.values()
    ]
    return tabled("measures", rows, "Every measure at every layer, with 95 % intervals over images", "measure")


def _capital(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}"


def lattice_table(items: Sequence[Measurement]) -> Table:
    """Errors at every shift of a rectangle, for the chosen layers."""
    rows = [row for item in items for row in _lattices(item)]
    return tabled("lattices", rows, "Equivariance error at every shift", "layer")


def _lattices(item: Measurement) -> Iterator[Row]:
    square = rectangle(item.trace.offsets)
    if square is None:
        return
    dy, dx = item.trace.offsets[square[:, 0], 0], item.trace.offsets[square[0], 1]
    for measure in LATTICES:
        for layer in chosen(item):
            found = item.trace.lattices.get(measure, {}).get(layer.name)
            if found is not None and np.isfinite(found.values[square]).all():
                facts = {"model": item.label, "layer": layer.name, "measure": measure}
                yield {**facts, **_cells(found, square), "dy": dy.tolist(), "dx": dx.tolist()}


def _cells(found: Lattice, square: NDArray[np.int64]) -> Row:
    values, between = found.values[square], found.fourier[square]
    period = lattice_period(values) if min(square.shape) > 1 else None
    return {
        "rows": square.shape[0],
        "columns": square.shape[1],
        "cells": [float(f"{value:.5g}") for value in values.ravel().tolist()],
        "between": between.astype(int).ravel().tolist(),
        "exact": not between.any(),
        "period_y": period[0] if period else None,
        "period_x": period[1] if period else None,
    }


def rectangle(offsets: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Views in rows and columns of evenly spaced shifts, (Y, X): the largest such rectangle without single outliers.

    >>> rectangle(np.array([(0, 0), (0, 1), (1, 0), (1, 1), (9, 9)])).tolist()
    [[0, 1], [2, 3]]
    """
    places = {(y, x): view for view, (y, x) in enumerate(offsets.tolist())}
    rows, columns = (sorted({float(value) for value in offsets[:, axis].tolist()}) for axis in (0, 1))
    count = max((sum((y, x) in places for x in columns) for y in rows), default=0)
    rows = [y for y in rows if sum((y, x) in places for x in columns) * 2 > count]
    columns = [x for x in columns if all((y, x) in places for y in rows)]
    if min(len(rows), len(columns)) < 2:
        return None
    return np.array([[places[y, x] for x in columns] for y in rows])


def sum_table(items: Sequence[Measurement]) -> Table:
    """Global sums of a few maps along a row of shifts, relative to nothing: as the layer gives them."""
    rows = [row for item in items for row in _sums(item)]
    return tabled("sums", rows, "Global sums of single maps along a row of shifts", "map")


def path(offsets: NDArray[np.float64]) -> list[int]:
    """Views along one line: the row without vertical shift, else the diagonal, else all."""
    dy, dx = offsets[:, 0], offsets[:, 1]
    for on, along in ((dy == 0, dx), (dy == dx, dx), (dx == 0, dy)):
        views = np.flatnonzero(on)
        if len(views) > 2:
            return [int(view) for view in views[np.argsort(along[views], kind="stable")]]
    return list(range(len(offsets)))


def _sums(item: Measurement) -> Iterator[Row]:
    views = path(item.trace.offsets)
    dy, dx = item.trace.offsets[views].T.tolist()
    for layer in chosen(item):
        found = item.trace.sums[layer.name]
        for image, name in enumerate(found.image_ids):
            for place, channel in enumerate(found.maps):
                values = found.values[image, views, place]
                if np.isfinite(values).all():
                    kept = [float(f"{value:.6g}") for value in values.tolist()]
                    facts = {"model": item.label, "layer": layer.name, "image_id": name, "map": channel}
                    yield {**facts, "dy": dy, "dx": dx, "values": kept}
