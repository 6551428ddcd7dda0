"""How a model's pictures are prepared, as data and as a function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from biasscope.core.errors import InputError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """Resize, crop, scale to [0, 1], normalise.

    Parameters
    ----------
    size
        (height, width) that the model is given.
    resize
        Short side in pixels before the crop, ``None`` to resize straight to ``size`` (the aspect ratio is then lost).
    mean, std
        Per channel, in units of [0, 1]. Their number is the number of channels: 3 RGB, 1 grey.
    interpolation
        ``"bilinear"``, ``"bicubic"`` or ``"nearest"``; Pillow's filters, which average when they shrink.

    Notes
    -----
    The crop is central. `pixels` stops before the normalisation: fill colours and other changes of the picture belong
    between `pixels` and `normalise`.

    Examples
    --------
    >>> import numpy as np
    >>> prepare = Preprocessing(size=(4, 4), resize=None, mean=(0.5,), std=(0.5,))
    >>> prepare(np.zeros((8, 8), np.uint8)).unique().tolist()
    [-1.0]
    """

    size: tuple[int, int]
    resize: int | None
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        """Check that the numbers can be used."""
        finite = all(map(isfinite, (*self.mean, *self.std)))
        if not finite or not self.mean or len(self.mean) != len(self.std) or min(self.std) <= 0:
            hint = "They are finite numbers, as many of one as of the other, std positive."
            raise UsageError(f"mean {self.mean} and std {self.std} do not normalise a picture", hint=hint)

    @property
    def channels(self) -> int:
        """Channels that the model is given."""
        return len(self.mean)

    def __call__(self, image: Image | Any) -> Tensor:
        """Give a (C, H, W) tensor for a Pillow picture or a uint8 array (H, W) or (H, W, channels)."""
        return self.normalise(self.pixels(image))

    def batch(self, images: Sequence[Any]) -> Tensor:
        """Give a (N, C, H, W) tensor for several pictures."""
        return torch.stack([self(image) for image in images])

    def pixels(self, image: Image | Any) -> Tensor:
        """Resize and crop: a (C, H, W) tensor in [0, 1]."""
        import numpy as np
        from PIL import Image as Pillow

        if self.channels not in (1, 3):
            hint = "Give it within a module that makes its channels of these."
            what = f"the model takes {self.channels} channels, pictures are prepared with 3 (RGB) or 1 (grey)"
            raise InputError(what, hint=hint)
        picture = image if isinstance(image, Pillow.Image) else Pillow.fromarray(np.asarray(image))
        picture = self._cropped(picture.convert("RGB" if self.channels == 3 else "L"))
        values = torch.from_numpy(np.array(picture, np.uint8))
        return (values[None] if values.dim() == 2 else values.permute(2, 0, 1)).float() / 255

    def normalise(self, pixels: Tensor) -> Tensor:
        """Subtract the mean and divide by the standard deviation, for (..., C, H, W)."""
        if pixels.shape[-3] != self.channels:
            raise InputError(f"the model takes {self.channels} channels, the picture has {pixels.shape[-3]}")
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (pixels - mean) / std

    def denormalise(self, values: Tensor) -> Tensor:
        """Undo `normalise`."""
        mean, std = (values.new_tensor(numbers)[:, None, None] for numbers in (self.mean, self.std))
        return values * std + mean

    def law(self) -> str:
        """One line for a report.

        Examples
        --------
        >>> Preprocessing((224, 224), 256).law()
        'short side 256, centre crop 224 x 224, bilinear; mean (0.485, 0.456, 0.406), std (0.229, 0.224, 0.225)'
        """
        height, width = self.size
        crop = f"{width} x {height}"
        first = f"resized to {crop}" if self.resize is None else f"short side {self.resize}, centre crop {crop}"
        return f"{first}, {self.interpolation}; mean {self.mean}, std {self.std}"

    def _cropped(self, picture: Image) -> Image:
        from PIL.Image import Resampling

        method = Resampling[self.interpolation.upper()]
        height, width = self.size
        if self.resize is None:
            return picture if picture.size == (width, height) else picture.resize((width, height), method)
        short = min(picture.size)
        scaled = tuple(max(int(self.resize * side / short), 1) for side in picture.size)
        picture = picture if scaled == picture.size else picture.resize((scaled[0], scaled[1]), method)
        left, top = round((picture.width - width) / 2), round((picture.height - height) / 2)
        return picture.crop((left, top, left + width, top + height))

    def with_options(self, **changes: Any) -> Preprocessing:
        """Copy with some fields changed."""
        return replace(self, **changes)
