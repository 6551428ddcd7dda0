"""Does the phase of a shift change the pooled response more than another picture does?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.trace.errors.sums import wide
from biasscope.trace.estimate import NOTHING, Estimate
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import Measure
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan, phases

GROUPS = 16


def phase_variance(activations: Tensor) -> float:
    """Variance of the pooled response over phases, by its variance over pictures.

    Parameters
    ----------
    activations
        Responses of N pictures at one shift of each of F phases (shift mod stride), (N, F, C, H, W).

    Returns
    -------
        Sum over maps of the variance over phases of the spatial mean, averaged over pictures, by the sum over maps of
        the variance over pictures of the mean over phases. 0 = the phase does not matter.

    Examples
    --------
    >>> maps = torch.tensor([0.0, 2.0, 10.0, 12.0]).view(2, 2, 1, 1, 1)
    >>> phase_variance(maps)
    0.02
    """
    pooled = activations.mean((-2, -1), dtype=wide(activations.dtype)).double()
    within = pooled.var(1, unbiased=False).sum(-1).mean()
    return float(within / pooled.mean(1).var(0).sum())


class PhaseVariance(Measure):
    """`phase_variance` with a jackknife interval over 16 groups of pictures.

    The first shift of every phase counts. Pictures go into the groups in turn.
    """

    def __init__(self, layers: Sequence[Layer], plan: Plan) -> None:
        super().__init__(layers, plan)
        self._states = [_State(layer, plan) for layer in layers]

    def update(self, number: int, reading: Reading) -> None:
        """Add up pooled responses and their squares over phases."""
        self._states[number].update(reading)

    def finish(self) -> None:
        """Put the pictures into their groups."""
        for state in self._states:
            state.finish()

    def estimates(self) -> list[Estimate]:
        """Ratios, and their intervals from leaving out each group in turn."""
        return [NOTHING if state.groups is None else _jackknife(state.groups.cpu().numpy()) for state in self._states]


class _State:
    """Sums of one layer: for a picture over phases, then for groups of pictures."""

    def __init__(self, layer: Layer, plan: Plan) -> None:
        first = np.unique(phases(plan.offsets, layer.grid), return_index=True)[1]
        self._chosen = frozenset(first.tolist())
        self._pictures: tuple[int, ...] = ()
        self._seen = 0
        self.groups: Tensor | None = None

    def update(self, reading: Reading) -> None:
        chunk = reading.chunk
        places = [place for place in range(chunk.fresh.start, len(chunk.views)) if chunk.views[place] in self._chosen]
        pooled = reading.sums.double() / (reading.maps.shape[-1] * reading.maps.shape[-2])
        if chunk.first:
            self._first, self._pictures, self._seen = pooled[:, :1], chunk.pictures, 0
            self._total = self._squares = pooled.new_zeros(())
        elif not self._pictures:  # the layer was not called for the first views
            return
        self._seen += len(places)
        centred = pooled[:, places] - self._first
        self._total = self._total + centred.sum(1)
        self._squares = self._squares + centred.square().sum(1)

    def finish(self) -> None:
        """Put every picture into its group: how many, variance over phases, mean over phases and its square.

        Pictures for which the layer was not called at every phase are left out.
        """
        pictures, self._pictures = self._pictures, ()
        if not pictures or self._seen < len(self._chosen):
            return
        offset = self._total / len(self._chosen)
        within = (self._squares / len(self._chosen) - offset.square()).clamp_min(0).sum(1)
        mean = self._first[:, 0] + offset
        if self.groups is None:
            self._origin = mean[:1].clone()
            self.groups = mean.new_zeros(GROUPS, mean.shape[1] + 3)
        centred = mean - self._origin
        squares = centred.square().sum(1)
        rows = torch.cat([torch.stack([torch.ones_like(within), within, squares], 1), centred], 1)
        index = torch.tensor([number % GROUPS for number in pictures], device=rows.device)
        self.groups.index_add_(0, index, rows)


def _jackknife(groups: NDArray[np.float64]) -> Estimate:
    from scipy.special import stdtrit

    total = groups.sum(0)
    value, n = _ratio(total), int(total[0])
    filled = groups[groups[:, 0] > 0]
    left = [_ratio(total - group) for group in filled]
    count = len(filled)
    if value is None or count < 3 or None in left:
        return Estimate(value, None, None, n)
    spread = np.array(left, np.float64) - value
    error = float(np.sqrt((count - 1) / count * (spread**2).sum()))
    reach = float(stdtrit(count - 1, 0.975)) * error
    return Estimate(value, max(value - reach, 0.0), value + reach, n)


def _ratio(row: NDArray[np.float64]) -> float | None:
    """Variance over phases by variance over pictures, from one row of sums."""
    count, within, squares, total = row[0], row[1], row[2], row[3:]
    if count < 2:
        return None
    between = (squares - (total**2).sum() / count) / (count - 1)
    return float(within / count / between) if between > 0 else None
