"""After how many pixels an error over shifts repeats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lattice_period(lattice: NDArray[np.float64], tolerance: float = 0.05) -> tuple[int, int]:
    """Smallest period (vertical, horizontal) of errors over all offsets 0 .. Y - 1 and 0 .. X - 1.

    Parameters
    ----------
    lattice
        Errors, (Y, X); NaN counts as unknown.
    tolerance
        Largest difference between offsets that are a period apart, as a share of the largest error.

    Examples
    --------
    >>> lattice_period(np.array([[0.0, 1.0, 0.0, 1.0], [2.0, 2.0, 2.0, 2.0]]))
    (2, 2)
    """
    return _period(lattice, tolerance), _period(lattice.T, tolerance)


def _period(lattice: NDArray[np.float64], tolerance: float) -> int:
    most = tolerance * np.nanmax(np.abs(lattice), initial=0.0)
    for period in range(1, len(lattice)):
        difference = np.abs(lattice[period:] - lattice[:-period])
        if np.nanmax(difference, initial=0.0) <= most:
            return period
    return len(lattice)
