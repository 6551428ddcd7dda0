"""One network of an augmentation sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, prod


@dataclass(frozen=True)
class Run:
    """One network.

    Attributes
    ----------
    variant
        Form of the network.
    copies
        Distinct versions of each training image, one number an axis of the transformation: ``(16,)`` shifts, or
        ``(16, 3)`` shifts and rotations, which are 48 versions.
    train_images
        Number of training images.
    seed
        Number of the repetition: weights, which copies, order of the batches.

    Examples
    --------
    >>> Run("plain", (4,), train_images=100, seed=0).copies
    (4,)
    """

    variant: str
    copies: tuple[int, ...]
    train_images: int
    seed: int

    @property
    def total(self) -> int:
        """Versions of each image over all axes."""
        return prod(self.copies)

    def unevenness(self, available: Sequence[int]) -> float:
        """How differently far copies go on the axes, on the scale of logarithms: 0 where they go equally far.

        Examples
        --------
        >>> Run("plain", (8, 3), 1000, 0).unevenness((64, 9)), Run("plain", (64, 1), 1000, 0).unevenness((64, 9))
        (0.0, 1.0)
        """
        far = [log(n) / log(most) for n, most in zip(self.copies, available, strict=True) if most > 1]
        return round(max(far, default=0.0) - min(far, default=0.0), 9)

    @property
    def name(self) -> str:
        """Name that no other run of a plan has.

        Examples
        --------
        >>> Run("plain", (4, 3), 1000, 0).name
        'plain-n4x3-m1000-s0'
        """
        return f"{self.variant}-n{'x'.join(map(str, self.copies))}-m{self.train_images}-s{self.seed}"
