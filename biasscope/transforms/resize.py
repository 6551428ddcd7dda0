"""The same picture, resized by different libraries: does the answer survive?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.transforms.geometry import region, scaled
from biasscope.transforms.implementations import IMPLEMENTATIONS, available, check_available
from biasscope.transforms.shifts import still
from biasscope.transforms.stack import Stacked

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing

MODEL = "model"


@dataclass(frozen=True)
class ResizeImplementations(Stacked):
    """The original picture, brought to the model's size by one implementation after the other.

    Parameters
    ----------
    implementations
        Names in `IMPLEMENTATIONS`, or text with commas; ``"model"`` is the model's own preprocessing. ``None`` takes
        all whose library is installed.
    compared_with
        The reference, one of those names; it is added where it is missing.

    Notes
    -----
    The geometry is the model's for all: the same short side and centre crop, or stretched to the input. Pictures that
    have the model's size already are not changed by any of them.

    Examples
    --------
    >>> views = ResizeImplementations("pillow-bilinear,torch-bilinear")
    >>> views.coordinates["implementation"].tolist(), views.reference
    (['pillow-bilinear', 'torch-bilinear'], 0)
    """

    name: ClassVar[str] = "resize"
    implementations: str | tuple[str, ...] | None = None
    compared_with: str = "pillow-bilinear"

    def __post_init__(self) -> None:
        """Check the parameters."""
        given = self.implementations
        if given is None:
            given = tuple(name for name in IMPLEMENTATIONS if available(name))
        names = [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
        if self.compared_with not in names:
            names.insert(0, self.compared_with)
        if len(set(names)) < len(names):
            raise UsageError(f"implementations are {', '.join(names)}", hint="Name each of them once.")
        for name in names:
            if name != MODEL:
                check_available(name)
        object.__setattr__(self, "implementations", tuple(names))

    @property
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Name of the implementation."""
        return {"implementation": np.asarray(self._names)}

    @property
    def reference(self) -> int:
        """The implementation that the others are compared with."""
        return self._names.index(self.compared_with)

    @property
    def steps(self) -> NDArray[np.int64]:
        """No implementation is one step from another."""
        return np.full((1, len(self._names)), -1)

    def pixels(self, picture: Picture, preprocessing: Preprocessing) -> list[Tensor]:
        """Resize the original with each."""
        pixels = in_channels(still(picture.pixels, picture.image_id), preprocessing)
        return [self._one(name, pixels, picture, preprocessing) for name in self._names]

    def _one(self, name: str, pixels: NDArray[np.uint8], picture: Picture, preprocessing: Preprocessing) -> Tensor:
        if name == MODEL:
            return preprocessing.pixels(picture.pixels)
        stretched = preprocessing.resize is None
        size = preprocessing.size if preprocessing.resize is None else scaled(picture, preprocessing.resize)
        made = np.asarray(IMPLEMENTATIONS.load(name)(pixels, *size), np.float32)
        tensor = torch.from_numpy(made[None] if made.ndim == 2 else np.moveaxis(made, -1, 0).copy()) / 255
        return tensor if stretched else region(tensor, preprocessing.size, (0, 0))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.implementations or ())


def in_channels(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Give the pixels in the channels of the model, at their own size."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).convert("RGB" if preprocessing.channels == 3 else "L"))
