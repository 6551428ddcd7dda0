"""Class shares within cells of geometry, drawn towards those of a coarser view: exact where there are many boxes."""

from __future__ import annotations

import numpy as np

from biasscope.bias.leakage.score import Fitted, Floats, Ints, Score, Split, shares

WEIGHTS = (4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 1e9)
"""Boxes that the coarser view is worth; the last switches the cells off."""


def quantile_cells(values: Floats, levels: int) -> Ints:
    """Cell of each value between quantiles; ties stay together.

    >>> quantile_cells(np.array([3.0, 1.0, 2.0, 4.0]), 2).tolist()
    [1, 0, 0, 1]
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, levels + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def binned(cell: Ints, cells: int, label: Ints, classes: int, split: Split) -> Fitted:
    """Class shares within cells, drawn towards the overall shares."""
    prior = shares(label[split.training], classes)[None]
    table = _drawn(cell, cells, np.zeros(len(cell), np.int64), prior, label, split)
    return _fitted(table, cell, prior[0], label, split)


def backed_off(coarse: Ints, fine: Ints, sizes: tuple[int, int], label: Ints, classes: int, split: Split) -> Fitted:
    """Class shares within pairs of cells, drawn towards those of the coarse cell, which are drawn towards the overall.

    ``sizes`` are the numbers of coarse and of fine cells.
    """
    prior = shares(label[split.training], classes)[None]
    parent = _drawn(coarse, sizes[0], np.zeros(len(coarse), np.int64), prior, label, split)
    pair = coarse * sizes[1] + fine
    table = _drawn(pair, sizes[0] * sizes[1], coarse, parent, label, split)
    return _fitted(table, pair, prior[0], label, split)


def _drawn(cell: Ints, cells: int, upper: Ints, above: Floats, label: Ints, split: Split) -> Floats:
    """Shares (cells, classes): counts plus a weight times the row ``upper`` of ``above``; weight by the tuning rows."""
    classes = above.shape[1]
    flat = np.bincount(cell[split.fit] * classes + label[split.fit], minlength=cells * classes)
    counts = flat.reshape(cells, classes)
    n, at, own = counts.sum(1), cell[split.tune], label[split.tune]
    gains = []
    for weight in WEIGHTS:
        chance = (counts[at, own] + weight * above[upper[split.tune], own]) / (n[at] + weight)
        gains.append(np.log(chance).mean())
    best = WEIGHTS[int(np.argmax(gains))]
    parent = np.zeros(cells, np.int64)
    parent[cell] = upper
    return np.asarray((counts + best * above[parent]) / (n + best)[:, None])


def _fitted(table: Floats, cell: Ints, prior: Floats, label: Ints, split: Split) -> Fitted:
    guess = table.argmax(1)
    test, tune = (np.log2(table[cell[at], label[at]] / prior[label[at]]) for at in (split.test, split.tune))
    return Fitted(Score(guess[cell[split.test]], test), tune, lambda rows: table[cell[rows]])
