"""In which versions networks are asked about held-out images, where that is not all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.copies.pool import Pool
from biasscope.core.randomness import generator


def versions_asked(trained: Pool, pool: Pool, counts: Sequence[int], *, seed: int) -> Tensor:
    """Draw versions: of each axis as many values as are wanted, the unmoved one among them, and all their products.

    Values inside and outside the trained range are thinned alike. They are drawn at random and not on a coarser grid,
    because a grid whose step has a factor in common with the stride of a network would meet some phases only.

    Parameters
    ----------
    trained
        Versions that are trained.
    pool
        Versions that can be asked about.
    counts
        Number of values on each axis.
    seed
        Same seed, same versions.

    Returns
    -------
    Indices into ``pool``, increasing, int64.

    Examples
    --------
    >>> from biasscope.copies.pool import make_pool
    >>> pool = make_pool("shift", shifts="8x8")
    >>> chosen = versions_asked(pool, pool, [16], seed=0)
    >>> len(chosen), pool.reference in chosen.tolist()
    (16, True)
    """
    places = np.arange(len(pool)).reshape(pool.sizes)
    inside = trained.contains(pool).reshape(pool.sizes)
    kept = []
    for axis, count in enumerate(counts):
        here = tuple(slice(None) if other == axis else same for other, same in enumerate(pool.identity))
        kept.append(_draw(inside[here], pool.identity[axis], count, generator(seed, f"versions asked {axis}")))
    return torch.from_numpy(places[np.ix_(*kept)].ravel())


def _draw(inside: NDArray[np.bool_], same: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw values of one axis, increasing; the unmoved one, and of either region its share."""
    order = rng.permutation(len(inside))
    order = np.concatenate([[same], order[order != same]])
    first, second = order[inside[order] == inside[same]], order[inside[order] != inside[same]]
    share = count * len(second) / len(order)
    other = min(len(second), round(share) or int(bool(len(second)) and count > 1))
    return np.sort(np.concatenate([first[: count - other], second[:other]]))
