"""Test-time augmentation: probabilities averaged over groups of views while the sweep runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.randomness import generator
from biasscope.sweep.order import Order

MOST_GROUPS = 4
Groups = Mapping[int, NDArray[np.int64]]
"""Views of each group by their number: k -> (G, k)."""


def draw_groups(sizes: Sequence[int], views: int, seed: int) -> Groups:
    """Draw, for each k, at most four disjoint random groups of k views; none where there are fewer than k.

    Examples
    --------
    >>> groups = draw_groups((2, 5, 9), 8, seed=0)
    >>> {k: drawn.shape for k, drawn in groups.items()}
    {2: (4, 2), 5: (1, 5)}
    """
    drawn = {}
    for k in sizes:
        count = min(MOST_GROUPS, views // k)
        if count:
            drawn[k] = generator(seed, "test-time augmentation", str(k)).permutation(views)[: count * k].reshape(-1, k)
    return drawn


class Averages:
    """Sums of probabilities (G, n, C) for each k, of one block: their size does not grow with the number of views."""

    def __init__(self, groups: Groups, order: Order, pictures: int, classes: int, device: torch.device) -> None:
        self._n = pictures
        self._sums = {k: torch.zeros(len(drawn) + 1, pictures, classes, device=device) for k, drawn in groups.items()}
        self._members = {k: _group_of_position(drawn, order) for k, drawn in groups.items()}
        self._groups = {k: torch.from_numpy(members).to(device) for k, members in self._members.items()}

    def add(self, probability: Tensor, start: int, position: Tensor, picture: Tensor) -> None:
        """Add the probabilities of pairs, those outside of all groups to a row that is never read."""
        first, last = start // self._n, (start + len(probability) - 1) // self._n
        for k, sums in self._sums.items():
            nowhere = len(sums) - 1
            if (self._members[k][first : last + 1] < nowhere).any():
                rows = self._groups[k][position] * self._n + picture
                sums.view(-1, sums.shape[-1]).index_add_(0, rows, probability)

    def answers(self) -> dict[int, Tensor]:
        """Answers after averaging, k -> (G, n)."""
        return {k: sums[:-1].argmax(-1) for k, sums in self._sums.items()}


def _group_of_position(drawn: NDArray[np.int64], order: Order) -> NDArray[np.int64]:
    group = np.full(len(order), len(drawn))
    for number, members in enumerate(drawn):
        group[order.positions[members]] = number
    return group
