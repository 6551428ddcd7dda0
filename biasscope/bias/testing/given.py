"""Counts that functions of arrays are given: lists become arrays, and what counts nothing is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.core.errors import UsageError


def counts_of(given: ArrayLike, *axes: str, of: str = "counts") -> NDArray[Any]:
    """Counts (or ``of`` what) as an array with these axes, or any where none are named; their signs are not looked at.

    Raises
    ------
    UsageError
        For another number of axes, and for what is not made of numbers.

    Examples
    --------
    >>> counts_of([[1, 2]], "classes", "cells").shape
    (1, 2)
    >>> counts_of([1, 2], "classes", "cells")
    Traceback (most recent call last):
    biasscope.core.errors.UsageError: counts with 1 axes instead of 2. Their axes are classes, cells.
    """
    table = np.asarray(given)
    if table.dtype.kind not in "biuf":
        raise UsageError(f"{of} must be numbers, not {table.dtype}")
    if axes and table.ndim != len(axes):
        raise UsageError(
            f"{of} with {table.ndim} axes instead of {len(axes)}", hint=f"Their axes are {', '.join(axes)}."
        )
    return table


def check_counts(counts: NDArray[Any], most: NDArray[Any] | None = None) -> None:
    """Refuse counts below 0, and such as are more than ``most``, of the same shape.

    Raises
    ------
    UsageError
        That says which it is.

    Examples
    --------
    >>> check_counts(np.array([1, 2]), np.array([2, 2]))
    >>> check_counts(np.array([3, 2]), np.array([2, 2]))
    Traceback (most recent call last):
    biasscope.core.errors.UsageError: counts hold parts that are more than the whole.
    """
    if counts.min(initial=0) < 0:
        raise UsageError("counts hold numbers below 0", hint="They are numbers of boxes.")
    if most is not None and counts.shape != most.shape:
        raise UsageError(f"counts have the shape {counts.shape}, and the whole has {most.shape}")
    if most is not None and (counts > most).any():
        raise UsageError("counts hold parts that are more than the whole.")
