"""Stable 64-bit keys of images and boxes: what decides groups, chosen boxes and the randomised transform.

All of them are functions of content and seed, so that results depend neither on row order nor on sharding. The hash is
written out because those of Python and polars differ between versions and processes.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.bias.coordinates import either
from biasscope.bias.counting.rows import Rows
from biasscope.core.randomness import mix

U64 = NDArray[np.uint64]
MULTIPLIERS = np.array([0x9FB21C651E98DF25, 0xA24BAED4963EE407, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F], np.uint64)
KEEP = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)
QUARTER_PIXEL, FRACTION_STEP = 4.0, float(1 << 18)
MOSTLY_DIFFERENT = 0.7
NAME = np.uint64((1 << 48) - 1)
CHOICE, TRANSFORM, GROUP = 0x63686F69, 0x7472616E, 0x67726F75


def text_hashes(texts: pl.Series) -> U64:
    """64-bit hashes of texts, eight bytes at a time over the whole column; null is 0.

    >>> a, b = text_hashes(pl.Series(["a picture", "b"])), text_hashes(pl.Series(["b"]))
    >>> bool(a[1] == b[0]), bool(a[0] == b[0])
    (True, False)
    """
    lengths = texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
    data = texts.str.join("").item().encode()
    words = np.ndarray((len(data) + 1,), "<u8", data + bytes(8), strides=(1,))
    at = np.cumsum(lengths) - lengths
    state = lengths.astype(np.uint64)
    for done in range(0, int(lengths.max(initial=0)), 8):
        left = lengths - done
        word = words[np.minimum(at + done, len(data))] & KEEP[np.clip(left, 0, 8)]
        longer = (state ^ word) * MULTIPLIERS[0]
        state = np.where(left > 0, longer ^ (longer >> np.uint64(32)), state)
    return np.where(texts.is_null().to_numpy(), np.uint64(0), mix(state))


def image_keys(image_id: pl.Series, split: pl.Series | None = None) -> U64:
    """Key of each row's image, which is known by (split, image_id): the split changes only the upper 16 bits.

    What is drawn at random depends on the lower 48 bits, the image's name, so that a dataset gives the same numbers
    whether or not its format names splits.
    """
    keys = _hashes_of_runs(image_id)
    if split is None or split.null_count() == len(split):
        return keys
    codes, names = categories(split)
    return keys ^ (np.append(text_hashes(names), np.uint64(0))[codes] & ~NAME)


def categories(column: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Index of each row's text among the distinct texts of this column, and those texts; null is index -1."""
    physical = column.cast(pl.Categorical()).to_physical()
    codes = physical.fill_null(0).to_numpy()
    first, inverse = _distinct(codes)
    names = column.gather(first).cast(pl.String())
    index = np.where(physical.is_null().to_numpy(), -1, inverse) if physical.null_count() else inverse
    return index, names


def _hashes_of_runs(texts: pl.Series) -> U64:
    """Hashes of a column in which equal texts mostly follow one another."""
    starts = texts.ne_missing(texts.shift(1)).to_numpy()
    starts[:1] = True
    if starts.mean() > MOSTLY_DIFFERENT:
        return text_hashes(texts)
    return np.asarray(text_hashes(texts.filter(pl.Series(starts)))[np.cumsum(starts) - 1])


def groups(keys: U64, count: int, seed: int) -> NDArray[np.int64]:
    """Jackknife group of each image, 0 to ``count - 1``."""
    return modulo(group_keys(keys, seed), count)


def modulo(keys: U64, count: int) -> NDArray[np.int64]:
    """``keys % count`` by way of the quotient, for which numpy has a loop that is five times as fast.

    >>> modulo(np.array([0, 41, (1 << 64) - 1], np.uint64), 20).tolist()
    [0, 1, 15]
    """
    divisor = np.uint64(count)
    return np.asarray(keys - keys // divisor * divisor, np.int64)


def group_keys(keys: U64, seed: int) -> U64:
    """Hash of each image behind any number of groups."""
    return mix(keys & NAME, seed, GROUP)


def ranks(rows: Rows, seed: int) -> U64:
    """Random rank of each box, a function of image, corners and seed: the lowest of an image is the one chosen."""
    return mix(_content(rows), seed, CHOICE)


def row_uniforms(rows: Rows, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two uniform numbers on [0, 1) a box for the randomised transform, independent of :func:`ranks`."""
    state = mix(_content(rows), seed, TRANSFORM)
    low = state & np.uint64(0xFFFFFFFF)
    return np.asarray((state >> np.uint64(32)) * 2.0**-32), np.asarray(low * 2.0**-32)


def _content(rows: Rows) -> U64:
    """Image and corners in one number. Corners count to a quarter pixel, so that formats that round agree."""
    step = either(rows.sized, QUARTER_PIXEL, FRACTION_STEP)
    state = rows.key & NAME
    for multiplier, corner in zip(MULTIPLIERS, (rows.x0, rows.y0, rows.x1, rows.y1), strict=True):
        state += np.rint(corner * step).astype(np.int64).astype(np.uint64) * multiplier
    return state


def _distinct(codes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row of each distinct code and each row's index among them, by table: codes are mostly small numbers."""
    size = int(codes.max(initial=0)) + 1
    if size > 4 * len(codes) + (1 << 20):
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        return first, inverse
    place = np.full(size, -1, np.int64)
    place[codes[::-1]] = np.arange(len(codes))[::-1]
    present = np.flatnonzero(place >= 0)
    first = place[present]
    place[present] = np.arange(len(present))
    return first, place[codes]
