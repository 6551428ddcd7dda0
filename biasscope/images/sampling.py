"""Which pictures of a source are taken."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import UsageError
from biasscope.core.randomness import mix


def choose(count: int, limit: int | None, seed: int) -> NDArray[np.int64]:
    """Take ``limit`` of ``count`` places at random, ascending; all of them if there are no more.

    The places are those with the smallest hash, so a smaller sample is part of a larger one of the same seed.

    Raises
    ------
    UsageError
        The limit is not positive.

    Examples
    --------
    >>> choose(3, 10, seed=0).tolist()
    [0, 1, 2]
    >>> set(choose(1000, 5, seed=0)) < set(choose(1000, 50, seed=0))
    True
    """
    check_limit(limit)
    check_limit(limit)
    places = np.arange(count, dtype=np.int64)
    if limit is None or limit >= count:
        return places
    rank = mix(seed % 2**64, zlib.crc32(b"images"), places.astype(np.uint64))
    return np.sort(np.argsort(rank, kind="stable")[:limit])


def check_limit(limit: int | None) -> None:
    """Raise if a limit is no positive number."""
    if limit is not None and limit < 1:
        raise UsageError(f"the number of pictures is {limit}", where="limit", hint="It is at least 1.")
