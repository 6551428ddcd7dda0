"""Randomness from one seed, never from global state.

A generator is spawned for each named purpose, so that adding one use does not change the numbers of another.
Choices that must not depend on row order or sharding (which box of an image counts, which group an image belongs to)
come from :func:`mix`, a hash that is written out here because those of Python and polars differ between versions.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """Independent generator for one purpose.

    >>> a, b = generator(0, "one"), generator(0, "two")
    >>> bool(a.random() == b.random())
    False
    """
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in purpose)])


def mix(*keys: U64 | int) -> U64:
    """Well-mixed 64-bit hash of integer keys, elementwise (the finaliser of SplitMix64, applied key by key).

    Same keys, same hash, on every machine and version.
    """
    state = np.zeros(1, np.uint64)
    with np.errstate(over="ignore"):
        for key in keys:
            state = state + np.asarray(key, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return state


def uniform(*keys: U64 | int) -> NDArray[np.float64]:
    """Uniform numbers on [0, 1) that are a function of the keys alone."""
    return np.asarray((mix(*keys) >> np.uint64(11)) * 2.0**-53, np.float64)
