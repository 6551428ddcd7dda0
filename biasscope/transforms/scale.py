"""The picture embedded at different sizes in a canvas that does not change."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.transforms.embed import LARGE, PUBLISHED
from biasscope.transforms.fills import canvas, check_fill
from biasscope.transforms.geometry import FITS, content, must_fit, resized, to_bytes
from biasscope.transforms.number_list import parse_numbers
from biasscope.transforms.shifts import option
from biasscope.transforms.stack import Stacked

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing

PERCEPTION = (60, 100, 150, 210)


@dataclass(frozen=True)
class AtSizes(Stacked):
    """What the model sees of the picture (or all of it) at several sizes, each in the middle of a canvas of its size.

    Parameters
    ----------
    sizes
        Pixels of the side that ``fit`` names, in the order of the trajectory; or text as ``"95..105"``. ``None`` takes
        a default that depends on the model (`for_model` fills it in).
    fill
        As for `Embed`.
    fit
        Side that sizes are of: ``"short"`` or ``"long"`` of the whole picture, or ``"model"`` (the default): short side
        of what the model sees of it, the region that its own resize and crop leave, resized from the original in one
        go with the model's interpolation. At the size of the window that is the model's ordinary input.
    back
        Resize to each size and from there to the size of the reference: what is lost on the way.
    """

    interpolates: ClassVar[bool] = True
    sizes: str | tuple[int, ...] | None = None
    fill: str = "black"
    fit: str = "model"
    back: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_fill(self.fill)
        option("fit", self.fit, FITS)
        if self.sizes is None:
            return
        given = parse_numbers(self.sizes, "sizes") if isinstance(self.sizes, str) else tuple(self.sizes)
        if not given or not all(isinstance(size, int | float) and size >= 1 and size == int(size) for size in given):
            raise UsageError(f"sizes are {self.sizes!r}", hint="They are one or more whole numbers of pixels.")
        if len(set(given)) < len(given):
            raise UsageError(f"a size stands in {self.sizes!r} more than once", hint="Name every size once.")
        object.__setattr__(self, "sizes", tuple(map(int, given)))

    @property
    def pixel_sizes(self) -> tuple[int, ...]:
        """The sizes.

        Raises
        ------
        UsageError
            They depend on the model and `for_model` was not called.
        """
        if isinstance(self.sizes, tuple):
            return self.sizes
        hint = "Give sizes, or call for_model(preprocessing)."
        raise UsageError(f"the sizes of the protocol {self.name} depend on the model", hint=hint)

    @property
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Size in pixels."""
        return {"size": np.asarray(self.pixel_sizes, np.int64)}

    @property
    def steps(self) -> NDArray[np.int64]:
        """The size before."""
        return np.arange(-1, len(self.pixel_sizes) - 1)[None]

    def for_model(self, preprocessing: Preprocessing) -> Self:
        """Fill in the sizes."""
        short = min(preprocessing.size)
        sizes = self.default_sizes(short) if self.sizes is None else self.pixel_sizes
        if max(sizes) > short:
            raise UsageError(f"a size of {max(sizes)} pixels in a window of {short}", hint="Take smaller sizes.")
        return replace(self, sizes=sizes)

    @abstractmethod
    def default_sizes(self, short: int) -> tuple[int, ...]:
        """Give the sizes for a window of this short side."""

    def round_trip(self) -> Self | None:
        """Views that were resized to each size and from there to that of the reference."""
        return None if self.back else replace(self, back=True)

    def pixels(self, picture: Picture, preprocessing: Preprocessing) -> list[Tensor]:
        """Resize the original to each size, and paste."""
        chosen = self.for_model(preprocessing)
        wanted = content(picture, preprocessing, chosen.pixel_sizes[chosen.reference], self.fit).shape[1:]
        views = []
        for size in chosen.pixel_sizes:
            shown = content(picture, preprocessing, size, self.fit)
            if self.back and shown.shape[1:] != wanted:
                shown = resized(to_bytes(shown), preprocessing, (wanted[0], wanted[1]))
            views.append(self._pasted(shown, picture, preprocessing))
        return views

    def _pasted(self, shown: Tensor, picture: Picture, preprocessing: Preprocessing) -> Tensor:
        (height, width), (down, right) = preprocessing.size, (shown.shape[1], shown.shape[2])
        must_fit(picture, (down, right), (height, width), "Take fit='long' or fit='model', or smaller sizes.")
        place = ((height - down) // 2, (width - right) // 2)
        return canvas(shown, preprocessing.size, place, self.fill, preprocessing)


@dataclass(frozen=True)
class EmbeddedScale(AtSizes):
    """The size of the pasted picture changes by one pixel (protocol 4 of Azulay and Weiss).

    By default five sizes on either side of 100/224 of the window (3/4 of it for models below 128 pixels). The reference
    is the middle one.

    Parameters
    ----------
    sizes
        Pixels of the pasted picture's side, as ``60,100`` or ``95..105``; `for_model` fills them in otherwise.
    fill, fit
        As in `Embed`.
    back
        Resize to each size and from there to that of the reference.

    Examples
    --------
    >>> EmbeddedScale("97..103").reference
    3
    """

    name: ClassVar[str] = "scale"

    @property
    def reference(self) -> int:
        """The middle size."""
        return len(self.pixel_sizes) // 2

    def default_sizes(self, short: int) -> tuple[int, ...]:
        """Eleven sizes, one pixel apart."""
        middle = round(short * (PUBLISHED if short >= LARGE else 0.75))
        return tuple(size for size in range(middle - 5, middle + 6) if 1 <= size <= short)


@dataclass(frozen=True)
class Rescale(AtSizes):
    """Recognition against size, in the published comparison with people: 60, 100, 150 and 210 of 224 pixels.

    The reference is the largest.

    Parameters
    ----------
    sizes
        Pixels of the pasted picture's side, as ``60,100`` or ``95..105``; `for_model` fills them in otherwise.
    fill, fit
        As in `Embed`.
    back
        Resize to each size and from there to that of the reference.

    Examples
    --------
    >>> Rescale("60,100,150,210").reference
    3
    """

    name: ClassVar[str] = "rescale"

    @property
    def reference(self) -> int:
        """The largest size."""
        return int(np.argmax(self.pixel_sizes))

    def default_sizes(self, short: int) -> tuple[int, ...]:
        """Scale the published sizes to the window."""
        return tuple(sorted({max(round(size * short / 224), 1) for size in PERCEPTION}))
