"""Rotation about the middle of the picture."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, cos, hypot, isfinite, radians, sin
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from biasscope.core.errors import UsageError
from biasscope.transforms.fills import canvas, check_fill
from biasscope.transforms.number_list import parse_numbers
from biasscope.transforms.shifts import Parametric, still
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import runs

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class Rotation(Parametric):
    """The model's own view of the picture, turned about its middle with bilinear interpolation.

    Parameters
    ----------
    angles
        Degrees, counter-clockwise as one sees it, in the order of the trajectory; or text as ``"-30..30:5"``. The
        upright picture is the reference: 0 is added where it is missing, in its place among angles that ascend,
        otherwise first.
    fill
        What stands in the corners: ``"black"``, ``"mean"``, ``"reflect"`` or ``"#rrggbb"``.
    back
        Turn there and back again.

    Examples
    --------
    >>> turn = Rotation("-10..10:5")
    >>> turn.reference, turn.coordinates["angle"].tolist()
    (2, [-10.0, -5.0, 0.0, 5.0, 10.0])
    >>> Rotation("-90,90").angles
    (-90.0, 0.0, 90.0)
    """

    name: ClassVar[str] = "rotation"
    interpolates: ClassVar[bool] = True
    angles: str | tuple[float, ...] = "-30..30:5"
    fill: str = "black"
    back: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        given = parse_numbers(self.angles, "angles") if isinstance(self.angles, str) else tuple(self.angles)
        if not given or not all(isinstance(angle, int | float) and isfinite(angle) for angle in given):
            raise UsageError(f"angles are {self.angles!r}", hint="They are one or more numbers, in degrees.")
        if len({angle % 360 for angle in given}) < len(given):
            hint = "Name every angle once; 360 degrees are a full turn."
            raise UsageError(f"an angle stands in {self.angles!r} more than once", hint=hint)
        object.__setattr__(self, "angles", with_upright(tuple(map(float, given))))
        check_fill(self.fill)
        if self.fill == "inpaint":
            raise UsageError("corners cannot be inpainted", hint="Take black, mean, reflect or a colour.")

    @property
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Angle in degrees."""
        return {"angle": np.asarray(self.angles, np.float64)}

    @property
    def reference(self) -> int:
        """The view that is not turned."""
        return [float(angle) % 360 for angle in self.angles].index(0)

    @property
    def steps(self) -> NDArray[np.int64]:
        """The angle before."""
        return np.arange(-1, len(self.angles) - 1)[None]

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H, W), with a frame of one pixel where the fill is a colour."""
        pixels = preprocessing.pixels(still(picture.pixels, picture.image_id))
        if self.fill != "reflect":
            size = (pixels.shape[1] + 2, pixels.shape[2] + 2)
            pixels = canvas(pixels, size, (1, 1), self.fill, preprocessing)
        return preprocessing.normalise(pixels)

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Sample the sources as they are."""
        return _RotatedViews(sources, self)

    def round_trip(self) -> Rotation | None:
        """Views that were turned and turned back."""
        return None if self.back else replace(self, back=True)


def with_upright(angles: tuple[float, ...]) -> tuple[float, ...]:
    """Angles with 0 among them: in its place where they ascend, otherwise first; a full turn is as good.

    >>> with_upright((10.0, 20.0)), with_upright((20.0, -10.0)), with_upright((90.0, 360.0))
    ((0.0, 10.0, 20.0), (0.0, 20.0, -10.0), (90.0, 360.0))
    """
    if any(angle % 360 == 0 for angle in angles):
        return angles
    place = bisect(angles, 0.0) if sorted(angles) == list(angles) else 0
    return *angles[:place], 0.0, *angles[place:]


class _RotatedViews(Views):
    def __init__(self, sources: Tensor, rotation: Rotation) -> None:
        frame = 0 if rotation.fill == "reflect" else 2
        self.sources, self.angles, self.back = sources, rotation.coordinates["angle"].tolist(), rotation.back
        self.window = (sources.shape[-2] - frame, sources.shape[-1] - frame)
        self.mode = "border" if frame else "reflection"

    def write(self, out: Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        """Turn neighbouring pictures by the same angle together; an angle of zero is a copy."""
        for start, stop, first in runs(list(views), pictures):
            block, angle = self.sources[first : first + stop - start], self.angles[views[start]]
            if self.back and angle % 360:
                room = ceil((hypot(*self.window) - min(self.window)) / 2) + 1
                block = turned(block, angle, (self.window[0] + 2 * room, self.window[1] + 2 * room), self.mode)
            out[start:stop].copy_(turned(block, -angle if self.back else angle, self.window, self.mode))


def turned(block: Tensor, angle: float, size: tuple[int, int], mode: str) -> Tensor:
    """Turn pictures (n, C, h, w) about their middle and give the middle (n, C, *size), larger or smaller.

    Parameters
    ----------
    angle
        Degrees, counter-clockwise.
    mode
        Beyond the border: ``"border"`` goes on with the last pixel, ``"reflection"`` reflects about its middle.
    """
    height, width = block.shape[-2:]
    if angle % 360 == 0 and size[0] <= height and size[1] <= width:
        top, left = (height - size[0]) // 2, (width - size[1]) // 2
        return block[..., top : top + size[0], left : left + size[1]]
    c, s = cos(radians(angle)), sin(radians(angle))
    wide = torch.float64 if block.dtype == torch.float64 else torch.float32
    y = torch.arange(size[0], device=block.device, dtype=wide)[:, None] - (size[0] - 1) / 2
    x = torch.arange(size[1], device=block.device, dtype=wide) - (size[1] - 1) / 2
    places = torch.stack([(c * x - s * y) * 2 / max(width - 1, 1), (s * x + c * y) * 2 / max(height - 1, 1)], -1)
    grid = places.to(block.dtype).expand(len(block), -1, -1, -1)
    return functional.grid_sample(block, grid, mode="bilinear", padding_mode=mode, align_corners=True)
