"""Tables before and after the augmentation: measures, maps, scale, and one row a class."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.grouped import grouped_value
from biasscope.bias.measures import Measures
from biasscope.bias.placement import BINS, Floats, Ints, cell_counts
from biasscope.bias.repair.measured import NAMED, Counted, Rows, Side
from biasscope.core.results import Table, table

SCALE_BINS = 32
"""Quarter octaves of sqrt(area share), from 1/256 to 1."""
CLASSES_AT_ONCE = 64


def before_after_table(rows: Rows) -> Table:
    """Every measure on both sides, with intervals."""
    columns: dict[str, list[float] | list[str]] = {
        "measure": list(rows),
        "title": [NAMED[name] for name in rows],
    }
    for at, when in enumerate(("before", "after")):
        for part, suffix in enumerate(("", "_low", "_high")):
            columns[when + suffix] = [row[at][part] for row in rows.values()]
    return table("before_after", columns, title="Before and after the augmentation", row="measure")


def maps_table(measured: list[Measures]) -> Table:
    """Where the centres of boxes lie, and where those clear of the frame were placed, on both sides."""
    named = {"before": (0, "effect_raw"), "after": (1, "effect_raw")}
    named |= {"placement_before": (0, "effect"), "placement_after": (1, "effect")}
    counts = [measured[at].counts[name].sum(0).tolist() for at, name in named.values()]
    columns: dict[str, Iterable[object]] = {"name": list(named), "bins": [BINS] * len(named), "counts": counts}
    return table(
        "maps", columns, title="Centres of the visible parts; placement of objects clear of the frame", row="map"
    )


def scale_table(sides: tuple[Side, Side]) -> Table:
    """Histogram of scale on both sides."""
    edges = 2.0 ** (np.arange(-SCALE_BINS, 1) / 4)
    counts = []
    for side in sides:
        at = np.clip(np.floor(4 * np.log2(side.position.scale)) + SCALE_BINS, 0, SCALE_BINS - 1)
        counts.append(np.bincount(at.astype(np.int64), minlength=SCALE_BINS))
    columns = {"low": edges[:-1], "high": edges[1:], "before": counts[0], "after": counts[1]}
    return table("scale", columns, title="Square root of the area share of the frame", row="scale bin")


def classes_table(sides: tuple[Side, Side], counted: Counted) -> Table:
    """Effect, visibility and apparent scale of each class that has boxes."""
    classes, draws = len(counted.labels), len(counted.visible)
    boxes = np.bincount(counted.label, minlength=classes)
    visible = np.bincount(counted.label, counted.visible.mean(0), minlength=classes)
    effects = [_class_effects(side, classes, counted.groups) for side in sides]
    columns: dict[str, ArrayLike] = {
        "label": list(counted.labels),
        "boxes": boxes,
        "effect_before": effects[0],
        "effect_after": effects[1],
        "visible_fraction": visible / np.maximum(boxes, 1),
        "apparent_scale_ratio": _medians(counted.ratio.ravel(), np.tile(counted.label, draws), classes),
    }
    kept = boxes > 0
    plain: dict[str, Iterable[object]] = {name: np.asarray(values)[kept] for name, values in columns.items()}
    return table("classes", plain, title="Per class", row="class")


def _class_effects(side: Side, classes: int, groups: int) -> Floats:
    """Placement effect per class, a block of classes at a time so that memory does not grow with their number."""
    order = np.argsort(_narrow(side.label, classes), kind="stable")
    starts = np.searchsorted(side.label[order], np.arange(0, classes + CLASSES_AT_ONCE, CLASSES_AT_ONCE))
    found = np.full(classes, np.nan)
    for block, (start, stop) in enumerate(pairwise(starts)):
        rows, first = order[start:stop], block * CLASSES_AT_ONCE
        size = min(CLASSES_AT_ONCE, classes - first)
        slots = (side.label[rows] - first) * groups + side.groups[rows]
        x, y = side.position.placement
        found[first : first + size] = grouped_value(cell_counts((x[rows], y[rows]), slots, (size, groups)))
    return found


def _medians(values: Floats, label: Ints, classes: int) -> Floats:
    order = np.argsort(values)
    order = order[np.argsort(_narrow(label[order], classes), kind="stable")]
    ordered, n = values[order], np.bincount(label, minlength=classes)
    start = np.cumsum(n) - n
    last = max(len(ordered) - 1, 0)
    low, high = (np.minimum(start + step, last) for step in (np.maximum(n - 1, 0) // 2, n // 2))
    return np.where(n > 0, (ordered[low] + ordered[high]) / 2, np.nan)


def _narrow(label: Ints, classes: int) -> NDArray[np.unsignedinteger]:
    """Numbers of classes in few bytes, which sort by counting."""
    return label.astype(np.min_scalar_type(classes))
