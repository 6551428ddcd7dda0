"""Crop windows out of a larger source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator
from biasscope.core.results import Cell
from biasscope.transforms.geometry import region, resized, with_short_side
from biasscope.transforms.shifts import OverWholeGrid, option, positive, still
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import WindowViews, corners

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class Crop(OverWholeGrid):
    """Windows of the model's size out of a larger picture: nothing is filled in, new content enters at the border.

    Parameters
    ----------
    grid
        Shifts of the content.
    source_size
        Short side in pixels that pictures are resized to before the windows are cut. By default the model's own
        resize where it leaves room for the grid, otherwise window plus extent (a model that stretches pictures to its
        input then stretches them to window plus extent, and ``source_size`` is 0).
    crop
        Fraction of the picture that a random resized crop takes before the windows are cut (protocol 1 of Azulay and
        Weiss); ``None`` takes the middle.
    fraction
        What ``crop`` is a fraction of: ``"area"`` (as ``scale=(s, s)`` of torchvision) or ``"side"``.
    seed
        Of the random crops.

    Examples
    --------
    >>> crop = Crop("diagonal:8")
    >>> len(crop), crop.reference, crop.steps.tolist()
    (9, 0, [[-1, 0, 1, 2, 3, 4, 5, 6, 7]])
    """

    name: ClassVar[str] = "crop"
    source_size: int | None = None
    crop: float | None = None
    fraction: str = "area"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        positive("source_size", self.source_size, least=0)
        option("fraction", self.fraction, ("area", "side"))
        if self.crop is not None and not 0 < self.crop <= 1:
            raise UsageError(f"crop is {self.crop!r}", hint="It is a fraction of the picture, above 0, at most 1.")

    @property
    def parameters(self) -> Mapping[str, Cell]:
        """Fields, and in words what the windows are cut from."""
        words = {None: "decided by the model", 0: "stretched to window plus extent"}
        source = f"random {self.crop:g} of the {self.fraction}" if self.crop else words.get(self.source_size)
        return {**super().parameters, "source": source or f"short side {self.source_size}"}

    def for_model(self, preprocessing: Preprocessing) -> Crop:
        """Fill in the size of the source."""
        return replace(self, source_size=source_size(self.source_size, preprocessing, self.extent))

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H + extent, W + extent)."""
        pixels = still(picture.pixels, picture.image_id)
        size = (preprocessing.size[0] + self.extent[0], preprocessing.size[1] + self.extent[1])
        if self.crop is not None:
            top, left, height, width = self._random_crop(self.crop, (pixels.shape[0], pixels.shape[1]), index)
            part = resized(pixels[top : top + height, left : left + width], preprocessing, size)
            return preprocessing.normalise(part)
        return larger(picture, preprocessing, self.source_size, self.extent)

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Windows of the sources as they are."""
        window = (sources.shape[-2] - self.extent[0], sources.shape[-1] - self.extent[1])
        return WindowViews(sources, corners(self.offsets), window)

    def _random_crop(self, crop: float, size: tuple[int, int], index: int) -> tuple[int, int, int, int]:
        """Top, left, height, width; the aspect ratio is log-uniform from 3/4 to 4/3 where the picture allows that."""
        draw = generator(self.seed, "crop", str(index))
        share = crop if self.fraction == "area" else crop**2
        area = share * size[0] * size[1]
        ratio = exp(draw.uniform(log(3 / 4), log(4 / 3)))
        ratio = min(max(ratio, area / size[0] ** 2), size[1] ** 2 / area)
        width = min(max(round(sqrt(area * ratio)), 1), size[1])
        height = min(max(round(sqrt(area / ratio)), 1), size[0])
        return int(draw.integers(size[0] - height + 1)), int(draw.integers(size[1] - width + 1)), height, width


def source_size(wanted: int | None, preprocessing: Preprocessing, extent: tuple[int, int]) -> int:
    """Short side of the source; 0 where pictures are stretched to window plus extent, as the model does.

    Raises
    ------
    UsageError
        The wanted side leaves no room for the grid.
    """
    needed = max(preprocessing.size[0] + extent[0], preprocessing.size[1] + extent[1])
    if wanted is None:
        return 0 if preprocessing.resize is None else max(preprocessing.resize, needed)
    if 0 < wanted < needed:
        hint = f"Take a smaller grid, or a source_size of at least {needed}."
        raise UsageError(f"a source of {wanted} pixels leaves no room for the grid", hint=hint)
    return wanted


def larger(picture: Picture, preprocessing: Preprocessing, wanted: int | None, extent: tuple[int, int]) -> Tensor:
    """Give the middle of the resized picture with room for all windows, normalised."""
    still(picture.pixels, picture.image_id)
    short = source_size(wanted, preprocessing, extent)
    height, width = preprocessing.size
    if short == 0:
        size = (height + extent[0], width + extent[1])
        return preprocessing.normalise(resized(picture.pixels, preprocessing, size))
    pixels = region(with_short_side(picture, preprocessing, short), (height, width), extent)
    return preprocessing.normalise(pixels)
