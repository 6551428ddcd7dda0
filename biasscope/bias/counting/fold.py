"""Filling the tables: what is known of each box, counted by label and group of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.binning import bin_of, coarse, count, plane, scale_bin, total
from biasscope.bias.counting.keys import modulo
from biasscope.bias.counting.located import Floats, Ints, Located, Mask
from biasscope.bias.counting.running import Running
from biasscope.bias.counting.tables import CLUSTER_GROUPS, FINE, JOINT, PLANE

Table = NDArray[Any]


@dataclass(frozen=True)
class Fold(Located):
    """Boxes ready to be counted by row index ``at`` (a label, or zeros for the pooled set)."""

    def count(self, running: Running, at: Ints, labels: int, *, wide: bool) -> None:
        """Count into every table of ``Settings.shapes``, which gets ``labels`` rows at least."""
        for name in self.settings.shapes:
            getattr(self, f"_{name}")(running.rows(name, labels, wide=wide), at)

    def count_pooled(self, running: Running) -> None:
        """Count into every table of ``Settings.pooled_shapes`` but the clusters, as its one row."""
        u, v, cx, cy, h = self.bins
        height = coarse(h, PLANE)
        fine = running.rows("pooled_fine", 1).reshape(-1, FINE)
        for place, axis in enumerate((u, v, cx, cy)):
            count(fine, self.group * 4 + place, axis)
        count(running.rows("pooled_scale", 1)[0], self.group, self.fine_scale_bin)
        count(running.rows("cy_height", 1)[0], height, coarse(cy, PLANE))
        count(running.rows("cx_height", 1)[0], height, coarse(cx, PLANE))

    def count_clusters(self, running: Running, labels: int) -> None:
        """Sums of all boxes, by label and group of images."""
        running.rows("cluster", labels)[:] += self.moments(self.rows.label.astype(np.int64), labels, both=False)

    def count_pooled_clusters(self, running: Running) -> None:
        """Sums of u, v and their squares by many groups of images."""
        group = modulo(self.image, CLUSTER_GROUPS)
        sums = [made for side in self.sides for made in side.sums(group, CLUSTER_GROUPS)]
        running.rows("pooled_cluster", 1)[0] += np.stack(sums, -1)

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

    def _raw(self, into: Table, at: Ints) -> None:
        self._map(into, at, plane(*self.placed, *self.bins[2:4], self.settings.bins))

    def _feasible(self, into: Table, at: Ints) -> None:
        self._map(into, at, plane(*self.feasible, *self.bins[:2], self.settings.bins))

    def _interior(self, into: Table, at: Ints) -> None:
        (u, v), bins = self.interior(), self.settings.bins
        count(into, at, bin_of(v, bins) * bins + bin_of(u, bins))

    def _joint(self, into: Table, at: Ints) -> None:
        cx, cy, h = (coarse(axis, JOINT) for axis in self.bins[2:])
        count(into, at, (cy * JOINT + cx) * JOINT + h)

    def _fine(self, into: Table, at: Ints) -> None:
        for place, axis in enumerate(self.bins[:2]):
            count(into.reshape(-1, FINE), at * 2 + place, axis)

    def _scale(self, into: Table, at: Ints) -> None:
        self._map(into, at, scale_bin(self.scale))

    def _fine_scale(self, into: Table, at: Ints) -> None:
        count(into, at, self.fine_scale_bin)

    def _moments(self, into: Table, at: Ints) -> None:
        into += self.moments(at, len(into))

    def _raw_moments(self, into: Table, at: Ints) -> None:
        cx, cy = self.centres
        into += self.sums(at, len(into), [np.ones(len(at), bool), cx, cy, cx**2, cy**2, cx * cy])

    def _frame(self, into: Table, at: Ints) -> None:
        u, v = self.sides
        slack = [np.clip(1 - part, 0.0, 1.0) for part in self.size]
        touching = np.logical_or.reduce(self.touching)
        columns = [np.ones(len(at), bool), touching, *self.touching, ~u.held, ~v.held, *slack]
        into += self.sums(at, len(into), columns)

    def _map(self, into: Table, at: Ints, cell: Ints) -> None:
        count(into.reshape(-1, into.shape[-1]), self.index(at), cell)
