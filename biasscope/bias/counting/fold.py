"""Filling the tables: what is known of each box, counted by label and group of images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.binning import coarse, count, plane, scale_bin, total
from biasscope.bias.counting.keys import modulo
from biasscope.bias.counting.located import Floats, Ints, Located, Mask
from biasscope.bias.counting.running import Running
from biasscope.bias.counting.tables import CLUSTER_GROUPS, FINE, JOINT, PLANE

Table = NDArray[Any]


@dataclass(frozen=True)
class Fold(Located):
    """Boxes ready to be counted by label, or all of them in one row, the pooled set."""

    pooled: bool = False

    @cached_property
    def at(self) -> Ints:
        """Row of the tables that each box counts in."""
        return np.zeros(len(self.rows.key), np.int64) if self.pooled else self.rows.label.astype(np.int64)

    @cached_property
    def index(self) -> Ints:
        """Row and group in one number."""
        made = self.at * self.settings.groups
        made += self.group
        return made

    def count(self, running: Running, rows: int, *, wide: bool) -> None:
        """Count into every table of ``Settings.shapes``, which gets so many rows at least."""
        for name in self.settings.shapes:
            getattr(self, f"_{name}")(running.rows(name, rows, wide=wide))

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

    def count_clusters(self, running: Running, rows: int) -> None:
        """Sums of u, v and their squares by row and group of images."""
        running.rows("cluster", rows)[:] += self.moments(rows, both=False)

    def count_pooled_clusters(self, running: Running) -> None:
        """The same by many more groups."""
        group = modulo(self.image, CLUSTER_GROUPS)
        sums = [made for side in self.sides for made in side.sums(group, CLUSTER_GROUPS)]
        running.rows("pooled_cluster", 1)[0] += np.stack(sums, -1)

    def moments(self, rows: int, *, both: bool = True) -> Ints:
        """Sums of u, v, their squares and product, in the order of ``MOMENTS`` (or of its first part, ``CLUSTER``)."""
        (u, v), index = self.sides, self.index
        size = rows * self.settings.groups
        each = [*u.sums(index, size), *v.sums(index, size)]
        if both:
            only_u, only_v = u.held & ~v.held, v.held & ~u.held
            lost_n, lost_u, lost_uu = u.sums(index, size, only_u)
            _, lost_v, lost_vv = v.sums(index, size, only_v)
            n_u, sum_u, sum_uu, _, sum_v, sum_vv = each
            paired = [n_u - lost_n, sum_u - lost_u, sum_v - lost_v, sum_uu - lost_uu, sum_vv - lost_vv]
            each = [*each, *paired, total(index, u.value * v.value, size)]
        return np.stack(each, -1).reshape(rows, self.settings.groups, len(each))

    def sums(self, rows: int, columns: list[Floats | Mask]) -> Ints:
        """Fixed-point sums (plain counts of masks) by row and group; shape ``(rows, groups, columns)``."""
        made = [total(self.index, column, rows * self.settings.groups) for column in columns]
        return np.stack(made, -1).reshape(rows, self.settings.groups, len(columns))

    def _raw(self, into: Table) -> None:
        self._map(into, plane(*self.placed, *self.bins[2:4], self.settings.bins))

    def _feasible(self, into: Table) -> None:
        self._map(into, plane(*self.feasible, *self.bins[:2], self.settings.bins))

    def _interior(self, into: Table) -> None:
        u, v = self.interior
        count(into, self.at, v * self.settings.bins + u)

    def _joint(self, into: Table) -> None:
        cx, cy, h = (coarse(axis, JOINT) for axis in self.bins[2:])
        count(into, self.at, (cy * JOINT + cx) * JOINT + h)

    def _fine(self, into: Table) -> None:
        for place, axis in enumerate(self.bins[:2]):
            count(into.reshape(-1, FINE), self.at * 2 + place, axis)

    def _scale(self, into: Table) -> None:
        self._map(into, scale_bin(self.scale))

    def _fine_scale(self, into: Table) -> None:
        count(into, self.at, self.fine_scale_bin)

    def _moments(self, into: Table) -> None:
        into += self.moments(len(into))

    def _raw_moments(self, into: Table) -> None:
        cx, cy = self.centres
        into += self.sums(len(into), [np.ones(len(self.at), bool), cx, cy, cx**2, cy**2, cx * cy])

    def _frame(self, into: Table) -> None:
        u, v = self.sides
        slack = [np.clip(1 - part, 0.0, 1.0) for part in self.size]
        touching = np.logical_or.reduce(self.touching)
        columns = [np.ones(len(self.at), bool), touching, *self.touching, ~u.held, ~v.held, *slack]
        into += self.sums(len(into), columns)

    def _map(self, into: Table, cell: Ints) -> None:
        count(into.reshape(-1, into.shape[-1]), self.index, cell)
