"""The result of the question "would the augmentation repair the bias?": numbers, tables and the sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.grouped import grouped_effect, left_out_effects
from biasscope.bias.measures import (
    EFFECTS,
    ORDER,
    TITLES,
    Measures,
    Triple,
    estimate,
    measures_of,
    scalar_of,
    triple,
)
from biasscope.bias.placement import (
    BINS,
    Floats,
    Ints,
    Position,
    cell_counts,
    change,
    interval_of,
    mean,
    median_interval,
)
from biasscope.bias.repair.sentence import finding, notes
from biasscope.core.results import Cell, Result, Scalar, Table, table

SCALE_BINS = 32
"""Quarter octaves of sqrt(area share), from 1/256 to 1."""
CLASSES_AT_ONCE = 256
NAMED = {
    **TITLES,
    "effect_raw": f"{TITLES['effect_raw']}, all objects",
    "edge_contact": "Share of all objects that touch the frame",
    "median_scale": "Median scale of all objects, also several an image (square root of the area share)",
}
"""Titles of the measures with the objects that they are of."""


@dataclass(frozen=True)
class Side:
    """Position of boxes before or after, with the group of images and the class of each."""

    position: Position
    groups: Ints
    label: Ints


@dataclass(frozen=True)
class Counted:
    """What belongs to boxes rather than to a side: classes, groups, visibility and size ratio, the latter by draw."""

    labels: tuple[str, ...]
    label: Ints
    group: Ints
    groups: int
    images: int
    visible: Floats
    ratio: Floats
    sampled: bool
    unsized: int


Rows = Mapping[str, tuple[Triple, ...]]


def result(before: Side, after: Side, counted: Counted, parameters: Mapping[str, Cell], *, level: float) -> Result:
    """Assemble the Result of kind ``repair``."""
    sides = (before, after)
    measured = [measures_of(side.position, side.groups, counted.groups, counted.images, level=level) for side in sides]
    rows = {name: tuple(estimate(name, part, level=level) for part in measured) for name in TITLES}
    moved = change(*(left_out_effects(part.counts["effect"]) for part in measured), level=level)
    sizes = _sizes(measured, sides, len(counted.visible))
    scalars = [*_effect_scalars(rows, sizes, triple(moved), level), *_visibility_scalars(counted, level)]
    return Result(
        kind="repair",
        title="Does the augmentation repair the bias?",
        finding=finding(str(parameters["augmentation"]), {item.name: item for item in scalars}),
        parameters=dict(parameters),
        scalars=scalars,
        tables=[_before_after(rows), _maps(measured), _scale(sides), _classes(sides, counted)],
        notes=notes(
            unsized=counted.unsized,
            used=len(counted.label),
            available=parameters.get("boxes_available"),
            sampled=counted.sampled,
        ),
        source="Touvron et al., Fixing the train-test resolution discrepancy, NeurIPS 2019; crop law of torchvision",
    )


def _sizes(measured: list[Measures], sides: tuple[Side, Side], draws: int) -> dict[str, tuple[int, int]]:
    """Objects behind each measure before and after; after, the mean over draws."""
    held = [{name: int(part.counts[name].sum()) for name in EFFECTS} for part in measured]
    found = {}
    for name in TITLES:
        like = name if name in EFFECTS else None if name in ("edge_contact", "median_scale") else "effect"
        before, after = (
            counts[like] if like else len(side.position.scale) for counts, side in zip(held, sides, strict=True)
        )
        found[name] = (before, round(after / draws))
    return found


def _effect_scalars(rows: Rows, sizes: Mapping[str, tuple[int, int]], moved: Triple, level: float) -> list[Scalar]:
    order = ["effect", "effect_feasible", "effect_raw", "displacement_v", "displacement_u"]
    order += ["concentration_u", "concentration_v", "edge_contact", "median_scale"]
    made = [
        scalar_of(f"{name}_{when}", rows[name][at], f"{NAMED[name]}, {when}", level=level, n=sizes[name][at])
        for name in order
        for at, when in enumerate(("before", "after"))
    ]
    title = "Change of the placement effect, objects clear of the frame"
    changed = scalar_of("effect_change", moved, title, level=level, n=min(sizes["effect"]))
    return [*made[:2], changed, *made[2:]]


def _visibility_scalars(counted: Counted, level: float) -> list[Scalar]:
    group, count = np.tile(counted.group, len(counted.visible)), counted.groups
    visible = counted.visible.ravel()
    cut, lost = (flags.astype(np.float64) for flags in (visible < 1 - 1e-9, visible <= 0))
    shares = {
        "visible_fraction": ("Mean visible share of an object's area (0 when lost)", visible),
        "lost": ("Share of objects cropped away", lost),
        "cut": ("Share of objects of which a part is cut off, lost ones included", cut),
    }
    made = []
    for name, (title, values) in shares.items():
        share = triple(interval_of(mean(values, group, count), level=level))
        made.append(scalar_of(name, share, title, level=level, n=len(counted.label)))
    ratio = median_interval(counted.ratio.ravel(), counted.images, level=level)
    title = "Apparent scale, training over evaluation (median)"
    last = scalar_of("apparent_scale_ratio", ratio, title, level=level, n=counted.images, method=ORDER)
    return [*made, last]


def _before_after(rows: Rows) -> Table:
    columns: dict[str, list[float] | list[str]] = {
        "measure": list(rows),
        "title": [NAMED[name] for name in rows],
    }
    for at, when in enumerate(("before", "after")):
        for part, suffix in enumerate(("", "_low", "_high")):
            columns[when + suffix] = [row[at][part] for row in rows.values()]
    return table("before_after", columns, title="Before and after the augmentation", row="measure")


def _maps(measured: list[Measures]) -> Table:
    named = {"before": (0, "effect_raw"), "after": (1, "effect_raw")}
    named |= {"placement_before": (0, "effect"), "placement_after": (1, "effect")}
    counts = [measured[at].counts[name].sum(0).tolist() for at, name in named.values()]
    columns: dict[str, Iterable[object]] = {"name": list(named), "bins": [BINS] * len(named), "counts": counts}
    return table(
        "maps", columns, title="Centres of the visible parts; placement of objects clear of the frame", row="map"
    )


def _scale(sides: tuple[Side, Side]) -> Table:
    edges = 2.0 ** (np.arange(-SCALE_BINS, 1) / 4)
    counts = []
    for side in sides:
        at = np.clip(np.floor(4 * np.log2(side.position.scale)) + SCALE_BINS, 0, SCALE_BINS - 1)
        counts.append(np.bincount(at.astype(np.int64), minlength=SCALE_BINS))
    columns = {"low": edges[:-1], "high": edges[1:], "before": counts[0], "after": counts[1]}
    return table("scale", columns, title="Square root of the area share of the frame", row="scale bin")


def _classes(sides: tuple[Side, Side], counted: Counted) -> Table:
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
        found[first : first + size] = grouped_effect(cell_counts((x[rows], y[rows]), slots, (size, groups))).value
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
