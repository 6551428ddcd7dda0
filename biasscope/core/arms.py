"""Intervals of a difference from those of its two sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def square_and_add(first: ArrayLike, second: ArrayLike, correlation: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Distance from a difference to an end of its interval, from those distances of its two sides.

    Parameters
    ----------
    first, second
        Distance from each number to the end of its own interval, upwards of one and downwards of the other.
    correlation
        Of the two numbers.

    References
    ----------
    Zou and Donner, "Construction of confidence limits about effect measures: a general approach", Statistics in
    Medicine 27 (2008), there called MOVER; with a correlation Zou, "Toward using confidence intervals to compare
    correlations", Psychological Methods 12 (2007).

    Examples
    --------
    >>> square_and_add([3.0, 3.0], [4.0, 3.0], [0.0, 1.0]).tolist()
    [5.0, 0.0]
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    squares = one**2 + other**2 - 2 * np.asarray(correlation, np.float64) * one * other
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))
