"""Filling the tables: what is known of each box, counted by label and group of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.binning import bin_of, coarse, count, plane, scale_bin, total
from biasscope.bias.counting.keys import modulo
from biasscope.bias.counting.located import Floats, Ints, Located, Mask
from biasscope.bias.counting.tables import CLUSTER_GROUPS, FINE, FINE_SCALES, JOINT, PLANE, SCALES


@dataclass(frozen=True)
class Fold(Located):
    """Boxes ready to be counted by row index ``at`` (a label, or zeros for the pooled set)."""

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
        group = modulo(self.image, CLUSTER_GROUPS)
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
