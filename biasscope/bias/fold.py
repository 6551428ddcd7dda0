"""Filling the tables: boxes to coordinates to bins, each table by one ``bincount`` over one fused integer key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasscope.bias import keys
from biasscope.bias.coordinates import (
    CONTACT,
    CONTACT_FRACTION,
    apparent_scale,
    edge_contact,
    feasible_coordinates,
    raw_centres,
    relative_size,
)
from biasscope.bias.rows import Rows
from biasscope.bias.tables import (
    CLUSTER_GROUPS,
    FINE,
    FINE_SCALES,
    JOINT,
    OCTAVES,
    PLANE,
    SCALES,
    SCALES_AN_OCTAVE,
    UNIT,
    Settings,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Fold:
    """Boxes with their coordinates, ready to be counted by row index ``at`` (a label, or zeros for the pooled set)."""

    rows: Rows
    settings: Settings

    @cached_property
    def contact(self) -> Floats:
        """Distance within which a side touches the frame."""
        return np.where(self.rows.sized, CONTACT, CONTACT_FRACTION)

    @cached_property
    def group(self) -> Ints:
        """Jackknife group of each box's image."""
        return keys.groups(self.rows.key, self.settings.groups, self.settings.seed)

    @cached_property
    def centres(self) -> tuple[Floats, Floats]:
        """Raw relative centres."""
        return raw_centres(*self.rows.box)

    @cached_property
    def size(self) -> tuple[Floats, Floats]:
        """Relative width and height."""
        return relative_size(*self.rows.box)

    @cached_property
    def scale(self) -> Floats:
        """Apparent scale."""
        return apparent_scale(*self.size)

    @cached_property
    def fine_scale_bin(self) -> Ints:
        """Fine bin of apparent scale."""
        return np.asarray(np.clip(np.sqrt(self.scale) * (FINE_SCALES - 1), 0, FINE_SCALES - 1), np.int64)

    @cached_property
    def uniforms(self) -> tuple[Floats, Floats] | None:
        """Numbers for the randomised transform; none are needed off the integer grid."""
        return keys.row_uniforms(self.rows, self.settings.seed) if self.settings.grid == "integer" else None

    @cached_property
    def feasible(self) -> tuple[Floats, Floats]:
        """Feasible coordinates, NaN without slack."""
        settings = self.settings
        return feasible_coordinates(*self.rows.box, grid=settings.grid, uniform=self.uniforms, contact=self.contact)

    @cached_property
    def touching(self) -> tuple[Mask, Mask, Mask, Mask]:
        """Whether each side touches the frame."""
        return edge_contact(*self.rows.box, self.contact)

    @cached_property
    def bins(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Fine bins of u, v, cx, cy and relative height; coarser ones are read off them."""
        u, v, cx, cy, h = (_bin(axis, FINE) for axis in (*self.feasible, *self.centres, self.size[1]))
        return u, v, cx, cy, h

    def interior(self) -> tuple[Floats, Floats]:
        """Feasible coordinates among the places that do not touch the frame; NaN for boxes that do."""
        free, rows = ~np.logical_or.reduce(self.touching), self.rows
        end = 1.0 if self.settings.grid == "integer" else self.contact
        extra = 1.0 if self.settings.grid == "integer" else 0.0
        slack = rows.width - (rows.x1 - rows.x0), rows.height - (rows.y1 - rows.y0)
        u, v = (_inside(axis, room + extra, end, free) for axis, room in zip(self.feasible, slack, strict=True))
        return u, v

    def moments(self, at: Ints, labels: int, *, both: bool = True) -> Ints:
        """Sums of u, v, their squares and product, in the order of ``MOMENTS`` (or of its first part, ``CLUSTER``)."""
        (u, v), index = self.feasible, at * self.settings.groups + self.group
        has_u, has_v = ~np.isnan(u), ~np.isnan(v)
        u, v = np.where(has_u, u, 0.0), np.where(has_v, v, 0.0)
        size = labels * self.settings.groups
        each = _totals(index, [has_u, u, u**2, has_v, v, v**2], size)
        if both:
            only_u, only_v = has_u & ~has_v, has_v & ~has_u
            lost_n, lost_u, lost_uu = _totals(index[only_u], [only_u[only_u], u[only_u], u[only_u] ** 2], size)
            lost_v, lost_vv = _totals(index[only_v], [v[only_v], v[only_v] ** 2], size)
            n_u, sum_u, sum_uu, _, sum_v, sum_vv = each
            paired = [n_u - lost_n, sum_u - lost_u, sum_v - lost_v, sum_uu - lost_uu, sum_vv - lost_vv]
            each = [*each, *paired, _total(index, u * v, size)]
        return np.stack(each, -1).reshape(labels, self.settings.groups, len(each))

    def pooled_cluster(self) -> Ints:
        """Sums of u, v and their squares by many groups of images, shape ``(CLUSTER_GROUPS, len(CLUSTER))``."""
        group = keys.groups(self.rows.key, CLUSTER_GROUPS, self.settings.seed)
        present = [~np.isnan(axis) for axis in self.feasible]
        axes = [np.where(has, axis, 0.0) for has, axis in zip(present, self.feasible, strict=True)]
        columns = [part for has, axis in zip(present, axes, strict=True) for part in (has, axis, axis**2)]
        return np.stack(_totals(group, columns, CLUSTER_GROUPS), -1)

    def sums(self, at: Ints, labels: int, columns: list[Floats | Mask]) -> Ints:
        """Fixed-point sums (plain counts of masks) by row index and group; shape ``(labels, groups, columns)``."""
        index, size = at * self.settings.groups + self.group, labels * self.settings.groups
        return np.stack(_totals(index, columns, size), -1).reshape(labels, self.settings.groups, len(columns))

    def tables(self, at: Ints, labels: int) -> Iterator[tuple[str, Ints]]:
        """Every table of ``Settings.shapes`` by name, with ``labels`` rows, one after another."""
        for name, shape in self.settings.shapes.items():
            made: Ints = getattr(self, f"_{name}")(at, labels)
            yield name, made.reshape(labels, *shape)

    def _raw(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return self._map(_plane(*self.centres, *self.bins[2:4], self.settings.bins), at, labels)

    def _feasible(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return self._map(_plane(*self.feasible, *self.bins[:2], self.settings.bins), at, labels)

    def _interior(self, at: Ints, labels: int) -> Ints:
        (u, v), bins = self.interior(), self.settings.bins
        return _count(at, _bin(v, bins) * bins + _bin(u, bins), labels, bins**2)

    def _joint(self, at: Ints, labels: int) -> Ints:
        cx, cy, h = (_coarse(axis, JOINT) for axis in self.bins[2:])
        return _count(at, (cy * JOINT + cx) * JOINT + h, labels, JOINT**3)

    def _fine(self, at: Ints, labels: int) -> Ints:
        return np.stack([_count(at, axis, labels, FINE) for axis in self.bins[:2]], 1)

    def _scale(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return self._map(scale_bin(self.scale), at, labels, SCALES)

    def _fine_scale(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return _count(at, self.fine_scale_bin, labels, FINE_SCALES).astype(np.int32)

    def _moments(self, at: Ints, labels: int) -> Ints:
        return self.moments(at, labels)

    def _raw_moments(self, at: Ints, labels: int) -> Ints:
        cx, cy = self.centres
        return self.sums(at, labels, [np.ones(len(at), bool), cx, cy, cx**2, cy**2, cx * cy])

    def _frame(self, at: Ints, labels: int) -> Ints:
        u, v = self.feasible
        slack = [np.clip(1 - part, 0.0, 1.0) for part in self.size]
        touching = np.logical_or.reduce(self.touching)
        return self.sums(at, labels, [touching | True, touching, *self.touching, np.isnan(u), np.isnan(v), *slack])

    def _map(self, cell: Ints, at: Ints, labels: int, cells: int | None = None) -> NDArray[np.int32]:
        groups = self.settings.groups
        counted = _count(at * groups + self.group, cell, labels * groups, cells or self.settings.bins**2)
        return counted.astype(np.int32)

    def pooled_tables(self) -> dict[str, Ints]:
        """Every table of ``Settings.pooled_shapes``."""
        u, v, cx, cy, h = self.bins
        height = _coarse(h, PLANE)
        fine = np.stack([_count(self.group, axis, self.settings.groups, FINE) for axis in (u, v, cx, cy)], 1)
        planes = [_count(height, _coarse(axis, PLANE), PLANE, PLANE) for axis in (cy, cx)]
        scale = _count(self.group, self.fine_scale_bin, self.settings.groups, FINE_SCALES)
        return {"pooled_fine": fine, "pooled_scale": scale, "cy_height": planes[0], "cx_height": planes[1]}


def scale_bin(scale: Floats) -> Ints:
    """Bin of apparent scale: 0 below 1/64, then four an octave."""
    place = np.floor((np.log2(np.maximum(scale, 2.0**-40)) + OCTAVES) * SCALES_AN_OCTAVE)
    return np.asarray(np.clip(place, -1, SCALES - 2) + 1, np.int64)


def _bin(values: Floats, bins: int) -> Ints:
    """Bin of values on [0, 1]; a large negative number where undefined, so that any fused key of it is too."""
    known = np.isfinite(values)
    place = np.clip(np.where(known, values, 0.0) * bins, 0, bins - 1).astype(np.int64)
    return place if known.all() else np.where(known, place, np.int64(-(1 << 40)))


def _coarse(fine: Ints, bins: int) -> Ints:
    """Bin among fewer bins; ``bins`` divides ``FINE``."""
    return fine // (FINE // bins)


def _plane(x: Floats, y: Floats, fine_x: Ints, fine_y: Ints, bins: int) -> Ints:
    """Cell of a square grid, row by row from the top."""
    if FINE % bins:
        return _bin(y, bins) * bins + _bin(x, bins)
    return _coarse(fine_y, bins) * bins + _coarse(fine_x, bins)


def _inside(axis: Floats, places: Floats, end: Floats | float, free: Mask) -> Floats:
    """Coordinate among the places that leave out ``end`` of them at either side."""
    left = places - 2 * end
    defined = free & (left > 0)
    inner = (axis * places - end) / np.where(defined, left, 1.0)
    return np.clip(np.where(defined, inner, np.nan), 0.0, 1.0)


def _count(row: Ints, cell: Ints, rows: int, cells: int) -> Ints:
    fused = row * cells + cell
    defined = cell >= 0
    counted = np.bincount(fused if defined.all() else fused[defined], minlength=rows * cells)
    return np.asarray(counted.reshape(rows, cells))


def _totals(index: Ints, columns: list[Floats | Mask], size: int) -> list[Ints]:
    return [_total(index, column, size) for column in columns]


def _total(index: Ints, column: Floats | Mask, size: int) -> Ints:
    if column.dtype == np.bool_:
        return np.bincount(index if column.all() else index[column], minlength=size)
    return np.bincount(index, np.rint(column * UNIT), minlength=size).astype(np.int64)
