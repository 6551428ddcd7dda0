"""Distances of every class from even placement, with intervals, from counts by groups of images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasscope.bias import effects
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HIGHEST = {"js": 1.0, "w1_u": 0.5, "w1_v": 0.5}


def distances(counts: BoxCounts) -> dict[str, Estimate]:
    """Jensen-Shannon divergence (bits) of (u, v), and Wasserstein-1 distance of u and of v, from uniform.

    What a box contributes to first order (the influence function) depends on its cell alone, so that leaving a group
    of images out costs a product of matrices instead of another distance. Wasserstein distances are of the fine
    marginals; their contributions are averaged over the boxes of a cell. Where placement is even the first order
    vanishes, as it does for the jackknife itself: there the bounds tell what such counts give again, not how near the
    law is to even.

    Returns
    -------
        ``js``, ``w1_u`` and ``w1_v``, one value a class and a last one for the pooled set.
    """
    total, fine, bins = counts.feasible.sum(1), counts.fine, counts.settings.bins
    across, down = (_within(_shift_weights(fine[:, axis]), fine[:, axis], bins) for axis in (0, 1))
    rows = len(total)
    weights = {
        "js": _share_weights(total),
        "w1_u": np.broadcast_to(across[:, None, :], (rows, bins, bins)).reshape(rows, -1),
        "w1_v": np.broadcast_to(down[:, :, None], (rows, bins, bins)).reshape(rows, -1),
    }
    values = {
        "js": effects.jensen_shannon(total),
        "w1_u": effects.wasserstein_uniform_binned(fine[:, 0]),
        "w1_v": effects.wasserstein_uniform_binned(fine[:, 1]),
    }
    sums = counts.feasible.astype(np.float64) @ np.stack(list(weights.values()), -1)
    sizes = counts.feasible.sum(2)
    return {name: _estimate(value, sums[..., place], sizes, name) for place, (name, value) in enumerate(values.items())}


def _estimate(value: Floats, sums: Floats, sizes: Ints, name: str) -> Estimate:
    with np.errstate(divide="ignore", invalid="ignore"):
        change = leave_one_out(sums) / leave_one_out(sizes) - (sums.sum(1) / sizes.sum(1))[:, None]
    return jackknife(value, value[:, None] + change, sizes > 0, low=0.0, high=HIGHEST[name])


def _share_weights(total: Ints) -> Floats:
    """Change of the divergence for a box in each cell: half the log of the cell's share over its middle with 1/k."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = total / total.sum(-1, keepdims=True)
        weights = np.log2(2 * share / (share + 1 / total.shape[-1])) / 2
    return np.where(total > 0, weights, 0.0)


def _shift_weights(fine: Ints) -> Floats:
    """Change of the distance for a box in each fine bin: where the distribution function is above the line, it adds."""
    bins = fine.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        after = np.cumsum(fine, -1) / fine.sum(-1, keepdims=True) - np.arange(1, bins + 1) / bins
    before = np.concatenate([np.zeros((len(fine), 1)), after[:, :-1]], -1)
    above = np.sign(before + after) / bins
    return np.asarray(np.cumsum(above[:, ::-1], -1)[:, ::-1] - above / 2)


def _within(weights: Floats, fine: Ints, bins: int) -> Floats:
    """Mean of the weights over the boxes of each of so many equal cells; 0 where there is none."""
    size = fine.shape[-1]
    starts = -(-np.arange(bins) * size // bins)
    held = np.add.reduceat(fine, starts, axis=-1)
    summed = np.add.reduceat(np.where(fine > 0, weights * fine, 0.0), starts, axis=-1)
    return np.asarray(summed / np.maximum(held, 1))
