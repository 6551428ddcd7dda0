"""The sufficient statistic as named tables of whole numbers, so that sums do not depend on order or sharding.

Moments are kept in fixed point: a coordinate and its square are rounded to multiples of ``2**-22`` (an error of 1e-7)
and summed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.grid import Grid

Ints = NDArray[np.int64]
MOST_NARROW = 2**31 - 1
"""Boxes up to which the large maps are kept as 32-bit counts; beyond, as 64-bit ones."""
UNIT = float(1 << 22)
FINE = 256
JOINT = 4
PLANE = 16
SCALES_AN_OCTAVE, OCTAVES = 4, 6
SCALES = SCALES_AN_OCTAVE * OCTAVES + 1
FINE_SCALES = 513
"""Bins of apparent scale behind quantiles: 512 even ones of its root, so that small boxes are told apart, and 1."""

MOMENTS = ("n_u", "u", "uu", "n_v", "v", "vv", "n", "u_both", "v_both", "uu_both", "vv_both", "uv")
RAW_MOMENTS = ("n", "cx", "cy", "cxx", "cyy", "cxy")
FRAME = ("n", "touching", "left", "top", "right", "bottom", "no_slack_x", "no_slack_y", "slack_x", "slack_y")
CLUSTER_GROUPS = 1024
"""Groups behind the pooled design effect, a ratio of variances: known to about the root of 2 in as many."""
CLUSTER = ("n_u", "u", "uu", "n_v", "v", "vv")


@dataclass(frozen=True)
class Settings:
    """How boxes were counted; counts add up only when these agree.

    Attributes
    ----------
    per_image
        ``one``: one box an (image, label) for the classes and one an image for the pooled row. ``all``: every box.
    grid
        Pixel grid that was assumed.
    bins
        Cells along each side of the position maps.
    groups
        Image-hash groups for the jackknife.
    seed
        Seed of groups, chosen boxes and the randomised transform.
    """

    per_image: Literal["one", "all"] = "one"
    grid: Grid = "continuous"
    bins: int = 8
    groups: int = 20
    seed: int = 0

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each table after the leading axis of labels."""
        cells, groups = self.bins**2, self.groups
        return {
            "raw": (groups, cells),
            "feasible": (groups, cells),
            "interior": (cells,),
            "joint": (JOINT**3,),
            "fine": (2, FINE),
            "scale": (groups, SCALES),
            "fine_scale": (FINE_SCALES,),
            "moments": (groups, len(MOMENTS)),
            "raw_moments": (groups, len(RAW_MOMENTS)),
            "frame": (groups, len(FRAME)),
        }

    @property
    def pooled_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each table that exists for the pooled set only."""
        return {
            "pooled_fine": (self.groups, 4, FINE),
            "pooled_scale": (self.groups, FINE_SCALES),
            "pooled_cluster": (CLUSTER_GROUPS, len(CLUSTER)),
            "cy_height": (PLANE, PLANE),
            "cx_height": (PLANE, PLANE),
        }


def scale_edges() -> NDArray[np.float64]:
    """Edges of the bins of apparent scale: 0, then four an octave from 1/64 to 1.

    >>> scale_edges()[[0, 1, 5, -1]].tolist()
    [0.0, 0.015625, 0.03125, 1.0]
    """
    return np.concatenate([[0.0], 2.0 ** (np.arange(SCALES) / SCALES_AN_OCTAVE - OCTAVES)])


def fine_scale_edges() -> NDArray[np.float64]:
    """Edges of the fine bins of apparent scale; the last bin holds boxes as large as their frame and has no width.

    >>> fine_scale_edges()[[0, 256, 511, 512, 513]].round(4).tolist()
    [0.0, 0.25, 0.9961, 1.0, 1.0]
    """
    even = np.arange(FINE_SCALES) / (FINE_SCALES - 1)
    return np.append(even**2, 1.0)
