"""Filling the tables: boxes to coordinates to bins, each table by one ``bincount`` over one fused integer key."""

from __future__ import annotations

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
from biasscope.bias.tables import FINE, JOINT, OCTAVES, PLANE, SCALES, SCALES_AN_OCTAVE, UNIT, Settings

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
    def uniforms(self) -> tuple[Floats, Floats] | None:
        """Numbers for the randomised transform; none are needed off the integer grid."""
        return keys.row_uniforms(self.rows, self.settings.seed) if self.settings.grid == "integer" else None

    @cached_property
    def feasible(self) -> tuple[Floats, Floats]:
        """Feasible coordinates, NaN without slack."""
        return self._feasible(0.0)

    @cached_property
    def touching(self) -> tuple[Mask, Mask, Mask, Mask]:
        """Whether each side touches the frame."""
        return edge_contact(*self.rows.box, self.contact)

    def _feasible(self, margin: Floats | float) -> tuple[Floats, Floats]:
        return feasible_coordinates(
            *self.rows.box, grid=self.settings.grid, uniform=self.uniforms, margin=margin, contact=self.contact
        )

    def interior(self) -> tuple[Floats, Floats]:
        """Feasible coordinates among the places that do not touch the frame; NaN for boxes that do."""
        free = ~np.logical_or.reduce(self.touching)
        inside = Fold(self.rows.at(free), self.settings)
        u, v = (np.full(len(free), np.nan) for _ in range(2))
        u[free], v[free] = inside._feasible(inside.contact)
        return u, v

    def moments(self, at: Ints, labels: int, *, both: bool = True) -> Ints:
        """Sums of u, v, their squares and product, in the order of ``MOMENTS`` (or of its first part, ``CLUSTER``)."""
        u, v = self.feasible
        has_u, has_v = ~np.isnan(u), ~np.isnan(v)
        filled_u, filled_v = np.where(has_u, u, 0.0), np.where(has_v, v, 0.0)
        columns = [has_u, filled_u, filled_u**2, has_v, filled_v, filled_v**2]
        if both:
            u, v = np.where(has_v, filled_u, 0.0), np.where(has_u, filled_v, 0.0)
            columns += [has_u & has_v, u, v, u**2, v**2, u * v]
        return self.sums(at, labels, columns)

    def sums(self, at: Ints, labels: int, columns: list[Floats | Mask]) -> Ints:
        """Fixed-point sums (plain counts of masks) by row index and group; shape ``(labels, groups, columns)``."""
        index, size = at * self.settings.groups + self.group, labels * self.settings.groups
        parts = [_total(index, column, size) for column in columns]
        return np.stack(parts, -1).reshape(labels, self.settings.groups, len(columns))

    def tables(self, at: Ints, labels: int) -> dict[str, Ints]:
        """Every table of ``Settings.shapes``, with ``labels`` rows."""
        groups, bins = self.settings.groups, self.settings.bins
        grouped = at * groups + self.group
        (cx, cy), (u, v), (w, h) = self.centres, self.feasible, self.size
        inner_u, inner_v = self.interior()
        made = {
            "raw": _count(grouped, _plane(cx, cy, bins), labels * groups, bins**2),
            "feasible": _count(grouped, _plane(u, v, bins), labels * groups, bins**2),
            "interior": _count(at, _plane(inner_u, inner_v, bins), labels, bins**2),
            "joint": _count(at, _plane(cx, cy, JOINT) * JOINT + _bin(h, JOINT), labels, JOINT**3),
            "fine": np.stack([_count(at, _bin(axis, FINE), labels, FINE) for axis in (u, v)], 1),
            "scale": _count(grouped, scale_bin(apparent_scale(w, h)), labels * groups, SCALES),
            "moments": self.moments(at, labels),
            "raw_moments": self.sums(at, labels, [np.ones(len(at), bool), cx, cy, cx**2, cy**2, cx * cy]),
            "frame": self.sums(at, labels, self._frame()),
        }
        return {name: made[name].reshape(labels, *shape) for name, shape in self.settings.shapes.items()}

    def pooled_tables(self) -> dict[str, Ints]:
        """Every table of ``Settings.pooled_shapes``."""
        (cx, cy), (u, v), h = self.centres, self.feasible, self.size[1]
        groups, height = self.settings.groups, _bin(h, PLANE)
        fine = np.stack([_count(self.group, _bin(axis, FINE), groups, FINE) for axis in (u, v, cx, cy)], 1)
        planes = [_count(height, _bin(axis, PLANE), PLANE, PLANE) for axis in (cy, cx)]
        return {"pooled_fine": fine, "cy_height": planes[0], "cx_height": planes[1]}

    def _frame(self) -> list[Floats | Mask]:
        u, v = self.feasible
        w, h = self.size
        sides = list(self.touching)
        slack = [np.clip(1 - part, 0.0, 1.0) for part in (w, h)]
        everything = np.ones(len(u), bool)
        return [everything, np.logical_or.reduce(sides), *sides, np.isnan(u), np.isnan(v), *slack]


def scale_bin(scale: Floats) -> Ints:
    """Bin of apparent scale: 0 below 1/64, then four an octave."""
    place = np.floor((np.log2(np.maximum(scale, 2.0**-40)) + OCTAVES) * SCALES_AN_OCTAVE)
    return np.asarray(np.clip(place, -1, SCALES - 2) + 1, np.int64)


def _bin(values: Floats, bins: int) -> Ints:
    """Bin of values on [0, 1]; a large negative number where undefined, so that any fused key of it is too."""
    known = np.isfinite(values)
    place = np.clip(np.where(known, values, 0.0) * bins, 0, bins - 1).astype(np.int64)
    return place if known.all() else np.where(known, place, np.int64(-(1 << 40)))


def _plane(x: Floats, y: Floats, bins: int) -> Ints:
    """Cell of a square grid, row by row from the top."""
    return _bin(y, bins) * bins + _bin(x, bins)


def _count(row: Ints, cell: Ints, rows: int, cells: int) -> Ints:
    fused = row * cells + cell
    defined = cell >= 0
    counted = np.bincount(fused if defined.all() else fused[defined], minlength=rows * cells)
    return np.asarray(counted.reshape(rows, cells))


def _total(index: Ints, column: Floats | Mask, size: int) -> Ints:
    if column.dtype == np.bool_:
        return np.bincount(index if column.all() else index[column], minlength=size)
    return np.bincount(index, np.rint(column * UNIT), minlength=size).astype(np.int64)
