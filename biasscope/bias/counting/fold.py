"""Filling the tables: boxes to coordinates to bins, counted by label and group of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.coordinates import (
    ASIDE,
    CONTACT,
    CONTACT_FRACTION,
    apparent_scale,
    edge_contact,
    feasible_coordinates,
    raw_centres,
    relative_size,
)
from biasscope.bias.counting import keys
from biasscope.bias.counting.binning import (
    bin_of,
    coarse,
    count,
    counted,
    fixed,
    inside,
    number,
    plane,
    scale_bin,
    summed,
    total,
)
from biasscope.bias.counting.rows import Rows
from biasscope.bias.counting.tables import (
    CLUSTER_GROUPS,
    FINE,
    FINE_SCALES,
    JOINT,
    PLANE,
    SCALES,
    Settings,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Side(NamedTuple):
    """One coordinate as its sums take it: where it is defined, itself (0 elsewhere), itself and its square fixed."""

    held: Mask
    value: Floats
    whole: Floats
    square: Floats

    @classmethod
    def of(cls, axis: Floats) -> Side:
        """From a coordinate that is NaN where it is undefined."""
        held = ~np.isnan(axis)
        value = np.where(held, axis, 0.0)
        return cls(held, value, fixed(value), fixed(value**2))

    def sums(self, index: Ints, size: int, among: Mask | None = None) -> list[Ints]:
        """Number, sum and sum of squares by index; of all boxes, or among some."""
        if among is None:
            return [number(index, self.held, size), *(summed(index, part, size) for part in self[2:])]
        index = index[among]
        return [counted(index, size), *(summed(index, part[among], size) for part in self[2:])]


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
    def image(self) -> NDArray[np.uint64]:
        """Hash of each box's image, behind groups of images."""
        return keys.group_keys(self.rows.key, self.settings.seed)

    @cached_property
    def group(self) -> Ints:
        """Jackknife group of each box's image."""
        return np.asarray(self.image % np.uint64(self.settings.groups), np.int64)

    @cached_property
    def centres(self) -> tuple[Floats, Floats]:
        """Raw relative centres."""
        return raw_centres(*self.rows.box)

    @cached_property
    def placed(self) -> tuple[Floats, Floats]:
        """Raw centres as they are binned: next to nothing to either side, by their image.

        Boxes as wide as their frame lie at one half exactly, between two bins; none of the two may get them all.
        """
        signs = (bits.view(np.float64) for bits in (self.image << np.uint64(1), self.image))  # the uppermost is theirs
        cx, cy = (axis - np.copysign(ASIDE, sign) for axis, sign in zip(self.centres, signs, strict=True))
        return cx, cy

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
        u, v, cx, cy, h = (bin_of(axis, FINE) for axis in (*self.feasible, *self.placed, self.size[1]))
        return u, v, cx, cy, h

    def interior(self) -> tuple[Floats, Floats]:
        """Feasible coordinates among the places that do not touch the frame; NaN for boxes that do."""
        free, rows = ~np.logical_or.reduce(self.touching), self.rows
        end = 1.0 if self.settings.grid == "integer" else self.contact
        extra = 1.0 if self.settings.grid == "integer" else 0.0
        slack = rows.width - (rows.x1 - rows.x0), rows.height - (rows.y1 - rows.y0)
        u, v = (inside(axis, room + extra, end, free) for axis, room in zip(self.feasible, slack, strict=True))
        return u, v

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Feasible coordinates as their sums take them."""
        u, v = (Side.of(axis) for axis in self.feasible)
        return u, v

    def moments(self, at: Ints, labels: int, *, both: bool = True) -> Ints:
        """Sums of u, v, their squares and product, in the order of ``MOMENTS`` (or of its first part, ``CLUSTER``)."""
        (u, v), index = self.sides, self.index(at)
        size = labels * self.settings.groups
        each = [*u.sums(index, size), *v.sums(index, size)]
        if both:
            only_u, only_v = u.held & ~v.held, v.held & ~u.held
            lost_n, lost_u, lost_uu = u.sums(index, size, only_u)
            _, lost_v, lost_vv = v.sums(index, size, only_v)
            n_u, sum_u, sum_uu, _, sum_v, sum_vv = each
            paired = [n_u - lost_n, sum_u - lost_u, sum_v - lost_v, sum_uu - lost_uu, sum_vv - lost_vv]
            each = [*each, *paired, total(index, u.value * v.value, size)]
        return np.stack(each, -1).reshape(labels, self.settings.groups, len(each))

    def pooled_cluster(self) -> Ints:
        """Sums of u, v and their squares by many groups of images, shape ``(CLUSTER_GROUPS, len(CLUSTER))``."""
        group = np.asarray(self.image % np.uint64(CLUSTER_GROUPS), np.int64)
        return np.stack([made for side in self.sides for made in side.sums(group, CLUSTER_GROUPS)], -1)

    def index(self, at: Ints) -> Ints:
        """Row index and group in one number."""
        made = at * self.settings.groups
        made += self.group
        return made

    def sums(self, at: Ints, labels: int, columns: list[Floats | Mask]) -> Ints:
        """Fixed-point sums (plain counts of masks) by row index and group; shape ``(labels, groups, columns)``."""
        index, size = self.index(at), labels * self.settings.groups
        made = [total(index, column, size) for column in columns]
        return np.stack(made, -1).reshape(labels, self.settings.groups, len(columns))

    def tables(self, at: Ints, labels: int) -> Iterator[tuple[str, Ints]]:
        """Every table of ``Settings.shapes`` by name, with ``labels`` rows, one after another."""
        for name, shape in self.settings.shapes.items():
            made: Ints = getattr(self, f"_{name}")(at, labels)
            yield name, made.reshape(labels, *shape)

    def _raw(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return self._map(plane(*self.placed, *self.bins[2:4], self.settings.bins), at, labels)

    def _feasible(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return self._map(plane(*self.feasible, *self.bins[:2], self.settings.bins), at, labels)

    def _interior(self, at: Ints, labels: int) -> Ints:
        (u, v), bins = self.interior(), self.settings.bins
        return count(at, bin_of(v, bins) * bins + bin_of(u, bins), labels, bins**2)

    def _joint(self, at: Ints, labels: int) -> Ints:
        cx, cy, h = (coarse(axis, JOINT) for axis in self.bins[2:])
        return count(at, (cy * JOINT + cx) * JOINT + h, labels, JOINT**3)

    def _fine(self, at: Ints, labels: int) -> Ints:
        return np.stack([count(at, axis, labels, FINE) for axis in self.bins[:2]], 1)

    def _scale(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return self._map(scale_bin(self.scale), at, labels, SCALES)

    def _fine_scale(self, at: Ints, labels: int) -> NDArray[np.int32]:
        return count(at, self.fine_scale_bin, labels, FINE_SCALES, np.int32)

    def _moments(self, at: Ints, labels: int) -> Ints:
        return self.moments(at, labels)

    def _raw_moments(self, at: Ints, labels: int) -> Ints:
        cx, cy = self.centres
        return self.sums(at, labels, [np.ones(len(at), bool), cx, cy, cx**2, cy**2, cx * cy])

    def _frame(self, at: Ints, labels: int) -> Ints:
        u, v = self.sides
        slack = [np.clip(1 - part, 0.0, 1.0) for part in self.size]
        touching = np.logical_or.reduce(self.touching)
        return self.sums(at, labels, [np.ones(len(at), bool), touching, *self.touching, ~u.held, ~v.held, *slack])

    def _map(self, cell: Ints, at: Ints, labels: int, cells: int | None = None) -> NDArray[np.int32]:
        groups = self.settings.groups
        return count(self.index(at), cell, labels * groups, cells or self.settings.bins**2, np.int32)

    def pooled_tables(self) -> dict[str, Ints]:
        """Every table of ``Settings.pooled_shapes``."""
        u, v, cx, cy, h = self.bins
        height = coarse(h, PLANE)
        fine = np.stack([count(self.group, axis, self.settings.groups, FINE) for axis in (u, v, cx, cy)], 1)
        planes = [count(height, coarse(axis, PLANE), PLANE, PLANE) for axis in (cy, cx)]
        scale = count(self.group, self.fine_scale_bin, self.settings.groups, FINE_SCALES)
        return {"pooled_fine": fine, "pooled_scale": scale, "cy_height": planes[0], "cx_height": planes[1]}
