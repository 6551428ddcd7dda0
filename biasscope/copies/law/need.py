"""What an estimate says: the copies that a target needs, with their interval, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.forms import Floats

FARTHEST = 100
"""Times the largest number that was tried: no number of copies beyond that is told."""

NO_LAW = "too few numbers of copies for a law"


def farthest(most: int, available: int | None = None) -> float:
    """Copies beyond which a law says nothing: `FARTHEST` times the most tried, or the distinct versions there are.

    Parameters
    ----------
    most
        Largest number of copies that was tried.
    available
        Number of distinct versions of an image, where that is known.

    Examples
    --------
    >>> farthest(16), farthest(16, 64)
    (1600.0, 64.0)
    """
    return float(min(FARTHEST * most, FARTHEST * most if available is None else max(available, most)))


def amount(value: float) -> str:
    """Number of copies in few characters.

    >>> amount(3.456), amount(99.7), amount(1234.5)
    ('3.5', '100', '1,234')
    """
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def in_copies(value: float) -> str:
    """Number of copies with its noun.

    >>> in_copies(1.04), in_copies(3.17)
    ('1 copy', '3.2 copies')
    """
    return f"{amount(value)} {'copy' if amount(value) == '1' else 'copies'}"


@dataclass(frozen=True, eq=False)
class CopiesNeeded:
    """Copies of each training image that a target needs.

    Attributes
    ----------
    n
        Copies, not rounded; infinite where the law does not reach the target within ``farthest`` copies, or where
        nothing was learned. Without a law the smallest number that was tried and reached it.
    low, high, level
        Bootstrap interval and its level; either end is infinite where it lies beyond ``farthest``. Without a law it
        begins at the number that was tried before.
    farthest
        Copies beyond which no number is told: see `farthest`.
    status
        ``reached`` (within the numbers at which something was learned), ``extrapolated`` (beyond them, within
        ``farthest``), ``beyond`` (farther than that), ``never`` (the law levels off below the target), ``too few``
        (not reached, and fewer than three numbers at which something was learned determine no law) or ``nothing
        learned``.
    target
        What was to be reached.
    copies
        Numbers that were tried, (P,).
    values, values_low, values_high
        Measure at these numbers with its interval, each (P,).
    learned
        Whether the answers at these numbers were better than a constant answer, (P,); others do not count.
    measured
        Smallest number that was tried and reached the target, or ``None``.
    law
        Name of the law with the smallest error of cross-validation; empty where too few numbers were tried for a law.
    cv_error
        Root mean squared error at a number that was left out, by law; NaN where too few numbers were tried for that.
    fits
        Parameters by law: ``top``, ``height`` and those of the shape.
    needed_by
        Copies by law.
    predicted
        Values at the numbers that were tried by the chosen law, (P,).
    seeds, images
        How many were resampled.
    draws
        Copies in each draw of the bootstrap, (D,).

    Examples
    --------
    >>> import numpy as np
    >>> from biasscope.copies import copies_needed
    >>> n = np.array([1, 2, 4, 8, 16])
    >>> accuracy = np.broadcast_to((1 - 0.5 / n)[:, None, None], (5, 3, 20))
    >>> found = copies_needed(n, accuracy, 0.9)
    >>> found.measured, found.status
    (8, 'reached')
    """

    n: float
    low: float
    high: float
    level: float
    farthest: float
    status: str
    target: float
    copies: NDArray[np.int64]
    values: Floats
    values_low: Floats
    values_high: Floats
    learned: NDArray[np.bool_]
    measured: int | None
    law: str
    cv_error: dict[str, float]
    fits: dict[str, dict[str, float]]
    needed_by: dict[str, float]
    predicted: Floats
    seeds: int
    images: int
    draws: Floats

    @property
    def reached(self) -> bool:
        """Whether the target was reached within the numbers that were tried."""
        return self.status == "reached"

    @property
    def text(self) -> str:
        """The answer in words.

        Examples
        --------
        >>> from biasscope.copies import copies_needed
        >>> values = np.ones((3, 4, 5))
        >>> copies_needed(np.array([1, 2, 4]), values, 0.95).text
        '1 copy is enough for 0.95 (95 % interval 1 to 1).'
        """
        aim = f"{self.target:.3g}"
        if self.reached and self.n <= 1:
            return f"1 copy is enough for {aim} ({self.interval})."
        if self.reached and not self.law:
            return f"at most {in_copies(self.n)} reach {aim} ({self.interval}; {NO_LAW})."
        if self.reached:
            reach = "reaches" if amount(self.n) == "1" else "reach"
            return f"about {in_copies(self.n)} {reach} {aim} ({self.interval})."
        if self.status == "nothing learned":
            return f"not reached {self.missed}, the answers are no better than a constant one."
        return f"{aim} is not reached {self.missed}."

    @property
    def missed(self) -> str:
        """The number by which the target was not reached, and what the law says of larger ones; in words."""
        most = int(self.copies.max())
        if self.status == "nothing learned":
            return f"by n = {most}: nothing was learned"
        last = int(self.copies[self.learned].max())
        all_of_them = ", all the versions there are" if self.farthest <= most else ""
        known = all_of_them if last == most else ", beyond which nothing was learned"
        said = "; ".join([*self._beyond(), *([self.interval] if isfinite(self.low) else [])])
        return f"by n = {last}{known}{said and f' ({said})'}"

    def _beyond(self) -> Iterator[str]:
        """What the law says of more copies than were tried, and what was measured against it."""
        if self.law and self.measured is not None:
            value = self.values[list(self.copies).index(self.measured)]
            yield f"though {value:.3g} was measured at n = {self.measured}"
        if self.status == "never":
            yield f"the law levels off at {100 * self.fits[self.law]['top']:.3g} %"
        elif self.status == "too few":
            yield NO_LAW
        elif self.status == "extrapolated":
            yield f"extrapolated: about {amount(self.n)}"
        elif self.farthest > self.copies.max():
            known = self.farthest < FARTHEST * self.copies.max()
            within = f"the {amount(self.farthest)} versions there are" if known else f"{amount(self.farthest)} copies"
            yield f"the law does not reach it within {within}"

    @property
    def interval(self) -> str:
        """Interval of the copies in words."""
        end = self.farthest if self.law else self.copies.max()
        share, most = f"{100 * self.level:g} % interval", f"more than {amount(end)}"
        if not isfinite(self.low):
            return f"{share}: {most}"
        return f"{share} {amount(self.low)} to {amount(self.high) if isfinite(self.high) else most}"
