"""Tables before and after the augmentation: measures, maps, scale, and one row a class."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.grouped import grouped_effect
from biasscope.bias.jackknife import Estimate
from biasscope.bias.measures import Measures
from biasscope.bias.medians import order_places
from biasscope.bias.placement import BINS, Floats, Ints, cell_counts
from biasscope.bias.repair.measured import NAMED, Counted, Rows, Side
from biasscope.bias.shares import images_worth, share_interval, sums_over_images, tosses_of
from biasscope.core.results import Table, table

SCALE_BINS = 32
"""Quarter octaves of sqrt(area share), from 1/256 to 1."""
CLASSES_AT_ONCE = 64
LEAST = 10
"""Boxes clear of the frame of a class whose effect has an interval."""


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


def classes_table(sides: tuple[Side, Side], counted: Counted, *, level: float) -> Table:
    """Effect, visibility and apparent scale of each class that has boxes, with intervals over images."""
    classes = len(counted.labels)
    boxes = np.bincount(counted.label, minlength=classes)
    pairs = np.unique(counted.image * classes + counted.label)
    images = np.bincount(pairs % max(classes, 1), minlength=classes)
    made = {
        "effect_before": _class_effects(sides[0], counted, 1, level),
        "effect_after": _class_effects(sides[1], counted, len(counted.visible), level),
        "visible_fraction": _class_visibility(sides[0].groups, counted, images, level),
        "apparent_scale_ratio": _class_ratios(counted, level),
    }
    columns: dict[str, ArrayLike] = {"label": list(counted.labels), "boxes": boxes}
    for name, found in made.items():
        columns |= {f"{name}{end}": part for end, part in zip(("", "_low", "_high"), found, strict=False)}
    kept = boxes > 0
    plain: dict[str, Iterable[object]] = {name: np.asarray(values)[kept] for name, values in columns.items()}
    return table("classes", plain, title="Per class", row="class")


def _class_effects(side: Side, counted: Counted, draws: int, level: float) -> tuple[Floats, ...]:
    """Placement effect per class and its bounds, a block of classes at a time for the sake of memory.

    Fewer boxes than ``LEAST`` clear of the frame agree too often by chance to bound it.
    """
    classes, groups = len(counted.labels), counted.groups
    order = np.argsort(_narrow(side.label, classes), kind="stable")
    starts = np.searchsorted(side.label[order], np.arange(0, classes + CLASSES_AT_ONCE, CLASSES_AT_ONCE))
    found = np.full((3, classes), np.nan)
    for block, (start, stop) in enumerate(pairwise(starts)):
        rows, first = order[start:stop], block * CLASSES_AT_ONCE
        size = min(CLASSES_AT_ONCE, classes - first)
        slots = (side.label[rows] - first) * groups + side.groups[rows]
        x, y = side.position.placement
        counts = cell_counts((x[rows], y[rows]), slots, (size, groups))
        made = found[:, first : first + size]
        made[:] = grouped_effect(counts, level=level)[:3]
        made[1:, counts.sum((1, 2)) < LEAST * draws] = np.nan
    return tuple(found)


def _class_visibility(group: Ints, counted: Counted, images: Ints, level: float) -> Estimate:
    """Mean visible share over boxes and draws."""
    shape = len(counted.labels), counted.groups
    slots, draws = counted.label * counted.groups + group, len(counted.visible)
    hits = np.bincount(slots, counted.visible.sum(0), minlength=shape[0] * shape[1]).reshape(shape)
    sizes = draws * np.bincount(slots, minlength=shape[0] * shape[1]).reshape(shape)
    return share_interval(hits, sizes, images, level=level)


def _class_ratios(counted: Counted, level: float) -> tuple[Floats, ...]:
    """Median ratio of sizes over boxes and draws; its bounds as :func:`~biasscope.bias.medians.median_over_images`."""
    values, classes = counted.ratio.ravel(), len(counted.labels)
    label = _narrow(np.tile(counted.label, len(counted.ratio)), classes)
    order = np.argsort(values)
    ordered, n = values[order[np.argsort(label[order], kind="stable")]], np.bincount(label, minlength=classes)
    middle = _quantiles(ordered, n, 0.5)
    image = np.tile(counted.image, len(counted.ratio))
    sums = sums_over_images((values <= middle[label]).astype(np.float64), image, label.astype(np.int64), classes)
    bounds = order_places(tosses_of(sums, images_worth(sums), level=level), n, level=level)
    return middle, *(_quantiles(ordered, n, at) for at in bounds)


def _quantiles(ordered: Floats, n: Ints, at: ArrayLike) -> Floats:
    """Quantile of each class of values that are in the order of class and value; NaN without values."""
    known, last = np.nan_to_num(np.asarray(at)), max(len(ordered) - 1, 0)
    place = np.cumsum(n) - n + known * np.maximum(n - 1, 0)
    low, high = (np.minimum(part(place).astype(np.int64), last) for part in (np.floor, np.ceil))
    share = place - np.floor(place)
    return np.where((n > 0) & np.isfinite(at), ordered[low] * (1 - share) + ordered[high] * share, np.nan)


def _narrow(label: Ints, classes: int) -> NDArray[np.unsignedinteger]:
    """Numbers of classes in few bytes, which sort by counting."""
    return label.astype(np.min_scalar_type(classes))
