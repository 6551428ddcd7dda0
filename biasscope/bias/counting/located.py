"""From boxes to what is counted of them: coordinates, bins, groups of images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.coordinates import (
    ASIDE,
    apparent_scale,
    contact_of,
    edge_contact,
    feasible_coordinates,
    raw_centres,
    relative_size,
)
from biasscope.bias.counting import keys
from biasscope.bias.counting.binning import bin_of, counted, fixed, inner_bin, number, summed
from biasscope.bias.counting.rows import Rows
from biasscope.bias.counting.tables import FINE, FINE_SCALES, Settings

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
        value = axis if held.all() else np.where(held, axis, 0.0)
        return cls(held, value, fixed(value), fixed(value**2))

    def sums(self, index: Ints, size: int, among: Mask | None = None) -> list[Ints]:
        """Number, sum and sum of squares by index; of all boxes, or among some."""
        if among is None:
            return [number(index, self.held, size), *(summed(index, part, size) for part in self[2:])]
        index = index[among]
        return [counted(index, size), *(summed(index, part[among], size) for part in self[2:])]


@dataclass(frozen=True)
class Located:
    """Boxes with their coordinates and bins, each made when it is first asked for."""

    rows: Rows
    settings: Settings

    @cached_property
    def contact(self) -> Floats:
        """Distance within which a side touches the frame: one a box, or one for all."""
        return contact_of(self.rows.sized)

    @cached_property
    def image(self) -> NDArray[np.uint64]:
        """Hash of each box's image, behind groups of images."""
        return keys.group_keys(self.rows.key, self.settings.seed)

    @cached_property
    def group(self) -> Ints:
        """Jackknife group of each box's image."""
        return keys.modulo(self.image, self.settings.groups)

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

    @cached_property
    def interior(self) -> tuple[Ints, Ints]:
        """Bins of u and v among the places that do not touch the frame; undefined for boxes that do."""
        free, rows, bins = ~np.logical_or.reduce(self.touching), self.rows, self.settings.bins
        end = 1.0 if self.settings.grid == "integer" else self.contact
        extra = 1.0 if self.settings.grid == "integer" else 0.0
        slack = rows.width - (rows.x1 - rows.x0), rows.height - (rows.y1 - rows.y0)
        u, v = (inner_bin(axis, room + extra, end, free, bins) for axis, room in zip(self.feasible, slack, strict=True))
        return u, v

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Feasible coordinates as their sums take them."""
        u, v = (Side.of(axis) for axis in self.feasible)
        return u, v
