"""Cramér's V from products between groups of images: for boxes that are not independent of one another.

The squared effect is a sum over pairs of boxes. Pairs of independent boxes have mean 0 where placement is uniform;
pairs within an image do not. Where every box is independent of every other, all pairs can be used
(:func:`biasscope.bias.effects.cramers_v_interval`); otherwise pairs within a group of images are left out here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.effects import one_cell, rooted
from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out
from biasscope.bias.shares import share_interval
from biasscope.bias.testing.given import check_counts, counts_of
from biasscope.bias.testing.levels import check_level
from biasscope.core.binomial import unseen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Parts = tuple[Floats, Floats]
"""A statistic of everything, and of everything without each group of images."""
AXES = ("classes", "groups", "cells")
NARROWEST = 0.01
"""Level of an interval of a share, of which a lower one is of no use: at 0 it is not defined."""


def grouped_effect(counts: ArrayLike, *, images: ArrayLike | None = None, level: float = 0.95) -> Estimate:
    """Cramér's V against equal cells, bias-corrected over groups of images rather than over boxes.

    The squared effect ``k sum(p**2) - 1`` is estimated from products of different groups only,
    ``p**2 ~ (C**2 - sum_g c_g**2) / (n**2 - sum_g n_g**2)``, so that neither boxes that share an image nor several
    draws of one box look like bias. Its root is taken after the jackknife interval was made. Boxes that all share one
    cell leave the jackknife nothing to see: the lower bound is then what as many images may have missed. The upper one
    reaches to what one cell alone may hold of the law. In simulations (nineteen laws, 5 to 200 images of three boxes at
    one place or nearly) the 95 % intervals hold the truth in 91 to 100 % of the classes.

    Parameters
    ----------
    counts
        Counts, shape ``(classes, groups, cells)``.
    images
        Images that the boxes of each class are from, shape ``(classes,)``; as many as groups that hold some when left
        out, which is the least that there are.
    level
        Confidence level.

    Raises
    ------
    UsageError
        For another shape, groups with fewer boxes than none, or a level outside (0, 1).

    Examples
    --------
    Two groups that agree, and two that do not:

    >>> grouped_effect(np.array([[[9, 0], [9, 0]], [[9, 0], [0, 9]]])).value.tolist()
    [1.0, 0.0]
    """
    check_level(level)
    table = counts_of(counts, *AXES).astype(np.float64)
    sizes = _sizes(table)
    check_counts(sizes)
    full, left = _squared_effects(table)
    made = jackknife(full, np.where(np.isfinite(left), left, full[:, None]), sizes > 0, level=level)
    least = (sizes > 0).sum(1)
    alike, many = (table.sum(1) > 0).sum(-1) == 1, least if images is None else np.minimum(images, sizes.sum(1))
    missed = full * (1 - unseen(np.maximum(many, np.maximum(least, 1)), level)) ** 2
    made = made._replace(low=np.where(alike, np.minimum(made.low, missed), made.low))
    made = made._replace(high=np.maximum(made.high, _fullest(table, sizes, images, level)))
    return rooted(made, _independent_pairs(table, sizes), table.shape[2], level=level)


def _fullest(table: Floats, sizes: Floats, images: ArrayLike | None, level: float) -> Floats:
    """Squared effect of what the fullest cell may hold of the law: an upper bound alone, not below the share itself."""
    hits = np.take_along_axis(table, table.sum(1).argmax(-1)[:, None, None], 2)[..., 0]
    alone = max(2 * level - 1, NARROWEST)
    return one_cell(share_interval(hits, sizes, images, level=alone).high, table.shape[2])


def _independent_pairs(table: Floats, sizes: Floats) -> Floats:
    """Pairs of independent boxes that the pairs between groups are worth: as many where no two boxes go together.

    Under uniform placement the products of two groups vary by ``S_g S_h / (k - 1)``, ``S = sum(c**2) - n**2 / k``.
    """
    cells = table.shape[2]
    spread = np.einsum("cgk,cgk->cg", table, table) - sizes**2 / cells
    pairs, products = (total.sum(1) ** 2 - (total**2).sum(1) for total in (sizes, spread))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(((1 - 1 / cells) * pairs) ** 2 / products / 2)


def effect_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Correlation of the effects of two tables of the same groups of images, never negative; 0 where unknown.

    Taken from the squared effects without each group in turn, which are smooth at 0. What is done to boxes afterwards
    cannot make a chance excess before it smaller, so that a negative correlation is itself chance.

    Parameters
    ----------
    first, second
        Counts, shape ``(groups, cells)``.

    Examples
    --------
    >>> counts = np.array([[9, 0], [5, 4], [7, 2]])
    >>> effect_correlation(counts, counts), effect_correlation(counts, np.ones((3, 2), int))
    (1.0, 0.0)
    """
    both = np.stack([_squared_effects(counts_of(given, *AXES[1:])[None])[1][0] for given in (first, second)])
    x, y = both[:, np.isfinite(both).all(0)]
    x, y = x - x.mean() if len(x) else x, y - y.mean() if len(y) else y
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / scale, 0.0, 1.0)) if scale > 0 else 0.0


def cell_design_effect(groups: ArrayLike) -> Floats:
    """How many times what chance adds to a sum over cells grows because boxes of one image go together; 1 alone.

    The mean over cells of the variance of a cell's share over groups of images, by that of independent boxes (Rao &
    Scott 1981); at least 1. A group that holds most of the boxes draws the share towards its own: what it deviates by
    is divided by what is left of the boxes without it (Bell & McCaffrey 2002).

    >>> cell_design_effect(np.array([[[3, 0], [0, 3], [3, 0], [0, 3]]])).tolist()
    [4.0]
    """
    table = counts_of(groups, *AXES).astype(np.float64)
    sizes = table.sum(2, keepdims=True)
    n = sizes.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, without = table.sum(1) / n, 1 - sizes / n[:, None]
        residual = ((table - share[:, None] * sizes) ** 2 / without).sum(1)
        found = np.where(share > 0, residual / share, 0.0).sum(-1) / (n[:, 0] * ((share > 0).sum(-1) - 1))
    return np.where(np.isfinite(found), np.maximum(found, 1.0), 1.0)


def design_effect_of(groups: ArrayLike, images: ArrayLike | None) -> Floats:
    """:func:`cell_design_effect` of boxes that share images, and 1 where each is in one of its own (None).

    Boxes that all lie in one cell do not show how they go together: they are worth no more than their images.

    >>> groups = np.array([[[3, 0], [0, 3], [3, 0], [0, 3]], [[6, 0], [6, 0], [0, 0], [0, 0]]])
    >>> design_effect_of(groups, [4, 4]).tolist(), design_effect_of(groups, None).tolist()
    ([4.0, 3.0], [1.0, 1.0])
    """
    table = counts_of(groups, *AXES)
    if images is None:
        return np.ones(len(table))
    alike = (table.sum(1) > 0).sum(-1) == 1
    shared = table.sum((1, 2)) / np.maximum(np.asarray(images, np.float64), 1)
    return np.where(alike, np.maximum(shared, 1.0), cell_design_effect(table))


def _sizes(table: Floats) -> Floats:
    """Boxes of each group: by a product, as sums over a short last axis take several times as long."""
    return np.asarray(table @ np.ones(table.shape[2]))


def _squared_effects(counts: Ints | Floats) -> Parts:
    """Squared effect of counts (classes, groups, cells) and of the same without each group."""
    table = np.asarray(counts, np.float64)
    total, sizes, cells = table.sum(1), _sizes(table), table.shape[2]
    own, shared = np.einsum("cgk,cgk->cg", table, table), np.einsum("cgk,ck->cg", table, total)
    square, n = np.einsum("ck,ck->c", total, total), sizes.sum(1)
    full = _squared(square - own.sum(1), n**2 - (sizes**2).sum(1), cells)
    rest = square[:, None] - 2 * shared + own
    left = _squared(rest - leave_one_out(own), (n[:, None] - sizes) ** 2 - leave_one_out(sizes**2), cells)
    return full, left


def _squared(products: Floats | Ints, pairs: Floats | Ints, cells: int) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((cells * products / pairs - 1) / (cells - 1))
