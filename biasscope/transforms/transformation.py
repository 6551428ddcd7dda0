"""What a sweep does to a picture: one transformation, S views of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.results import Cell

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


class Views(ABC):
    """Views of a block of B pictures, made one after the other into a buffer that is used again and again.

    Examples
    --------
    >>> import torch
    >>> from biasscope.transforms import Circular
    >>> views = Circular("horizontal:2").open(torch.tensor([[[[1.0, 2.0, 3.0]]]]), [0])
    >>> out = torch.empty(1, 1, 1, 3)
    >>> views.write(out, [1], [0])  # the second view of the first picture
    >>> out.flatten().tolist()
    [3.0, 1.0, 2.0]
    """

    @abstractmethod
    def write(self, out: Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        """Write view ``views[j]`` of picture ``pictures[j]`` of the block into ``out[j]``, (C, H, W), normalised."""


class Transformation(ABC):
    """S views of a picture, a reference among them, and which view is one step from which.

    Convention
    ----------
    A shift (dy, dx) moves the content, in pixels, positive down and right, whatever the protocol. Views are in a fixed
    order; the reference is one of them, and no view comes before those that it is compared with in ``steps``, unless
    that is the reference.

    Attributes
    ----------
    name
        Name in the registry of protocols.
    interpolates
        Whether views are made by interpolation (then `round_trip` says what that alone changes).

    Examples
    --------
    >>> from biasscope.transforms import make
    >>> circular = make("circular", grid="horizontal:2")
    >>> len(circular), circular.reference, circular.steps.tolist()
    (3, 0, [[-1, 0, 1]])
    """

    name: ClassVar[str]
    interpolates: ClassVar[bool] = False

    @property
    @abstractmethod
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Tidy columns of the views, each of shape (S,): ``dy`` and ``dx``, or ``size``, ``angle``, ``frame`` ..."""

    @property
    @abstractmethod
    def reference(self) -> int:
        """Index of the view that the others are compared with (the unshifted one, where there is one)."""

    @property
    @abstractmethod
    def steps(self) -> NDArray[np.int64]:
        """Predecessors, shape (K, S): view ``s`` is one step away from view ``steps[k, s]``; -1 where there is none."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Cell]:
        """Everything that decides the views, for the report and for resuming; JSON values."""

    @abstractmethod
    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Prepare one picture, once: a float tensor on the CPU, normalised, of the same shape for every picture.

        ``index`` is the number of the picture in the sweep, for transformations that draw at random.

        Raises
        ------
        InputError
            The picture cannot take this transformation (too small, no box, not a clip).
        """

    @abstractmethod
    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Views of a block of sources (B, ...), on the device of the model. Memory does not grow with S."""

    def for_model(self, preprocessing: Preprocessing) -> Transformation:
        """Fill in what the model's input decides (source size, pasted side ...), so that `parameters` can say it.

        Raises
        ------
        UsageError
            The parameters cannot be used at this input size.
        """
        return self

    def round_trip(self) -> Transformation | None:
        """Give the transformation whose view s is view s and back again: what interpolation alone changes."""
        return None

    def __len__(self) -> int:
        """Give the number of views S."""
        return len(next(iter(self.coordinates.values())))
