"""What a trace found at one layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measured:
    """One measure at one layer: value, interval over images, number of images; ``None`` where it is undefined.

    Attributes
    ----------
    measure, title
        Name in `MEASURES`, and what people read.
    value, low, high
        Mean over images and its interval.
    n
        Number of images with a value.
    better, unit
        ``lower`` or ``higher``; unit of the value.
    note
        What people should know about it.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import trace
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), torch.nn.MaxPool2d(2))
    >>> found = trace(net, torch.rand(2, 1, 16, 16), 4, measures=["equivariance_l2", "nonshiftability"])
    >>> one = found["1"].measures["equivariance_l2"]
    >>> round(one.value, 6), one.n, one.better
    (0.0, 2, 'lower')
    """

    measure: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    better: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class LayerTrace:
    """One layer and what was measured there.

    Attributes
    ----------
    name, kind, depth
        Name, class or function, and place in the order of execution, from 0.
    channels, height, width
        Of the maps.
    stride, ratio
        Cumulative stride (vertical, horizontal), ``None`` behind a global pool; side of the picture by side of the map.
    subsampling, factor, coming
        Whether positions get fewer here, by what, and the factor of the next subsampling of these maps.
    measures
        By name.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import trace
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), torch.nn.MaxPool2d(2))
    >>> found = trace(net, torch.rand(2, 1, 16, 16), 4, measures=["equivariance_l2", "nonshiftability"])
    >>> found["1"].stride, found["1"].subsampling, round(found["1"]["equivariance_l2"], 6)
    ((2.0, 2.0), True, 0.0)
    """

    name: str
    kind: str
    depth: int
    channels: int
    height: int
    width: int
    stride: tuple[float, float] | None
    ratio: tuple[float, float]
    subsampling: bool
    factor: tuple[int, int]
    coming: tuple[int, int] | None
    measures: Mapping[str, Measured]

    def __getitem__(self, measure: str) -> float | None:
        """Value of a measure."""
        return self.measures[measure].value

    def columns(self) -> dict[str, Any]:
        """Facts as plain values."""
        vertical, horizontal = self.stride or (None, None)
        return {
            "layer": self.name,
            "kind": self.kind,
            "depth": self.depth,
            "channels": self.channels,
            "height": self.height,
            "width": self.width,
            "stride": vertical,
            "stride_horizontal": horizontal,
            "ratio": self.ratio[0],
            "ratio_horizontal": self.ratio[1],
            "subsampling": self.subsampling,
        }


@dataclass(frozen=True, eq=False)
class Lattice:
    """A measure at every shift.

    Attributes
    ----------
    values
        Mean over images, (S,); NaN where it is undefined.
    fourier
        Whether a value is for a shift between positions of the map, (S,): against an interpolated reference.
    period
        After how many pixels (vertical, horizontal) it repeats, where the shifts fill a rectangle.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import trace
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), torch.nn.MaxPool2d(2))
    >>> found = trace(net, torch.rand(2, 1, 16, 16), 4, measures=["equivariance_l2", "nonshiftability"])
    >>> lattice = found.lattices["equivariance_l2"]["1"]
    >>> lattice.values.shape, bool(lattice.fourier.any())
    ((16,), True)
    """

    values: NDArray[np.float64]
    fourier: NDArray[np.bool_]
    period: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Sums:
    """Global sums of a few maps of a layer over the shifts, for a few images.

    Attributes
    ----------
    image_ids, maps
        Which images and which maps of the layer.
    values
        (images, S, maps).

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import trace
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), torch.nn.MaxPool2d(2))
    >>> found = trace(net, torch.rand(2, 1, 16, 16), 4, measures=["equivariance_l2", "nonshiftability"])
    >>> found.sums["1"].values.shape
    (2, 16, 2)
    """

    image_ids: tuple[str, ...]
    maps: tuple[int, ...]
    values: NDArray[np.float64]
