"""What all classes share: sums over images as states, the number, its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from biasscope.core.errors import UsageError
from biasscope.metrics.cluster import Sums, count, difference, ratio, size
from biasscope.metrics.interval import ClusterInterval, difference_interval, positive_interval, share_interval


class ClusterMetric(Metric):
    """A share, from sums over images, with an interval whose clusters are the images.

    States are the six sums of `biasscope.metrics.cluster`, in float64 whatever the dtype of the module, and add up over
    blocks and processes. The results are float64 too: `compute` the number (or a vector), `interval` its bounds.

    Parameters
    ----------
    entries
        Number of entries of the sums; 1, or read off the first block, without.
    variant
        What tells instances of one class apart. A `torchmetrics.MetricCollection` shares the states of metrics whose
        states have equal names and, after one block, equal values; many measures agree on a perfect block, so the name
        of one state holds the class and this.
    **kwargs
        Of torchmetrics.
    """

    is_differentiable = False
    full_state_update = False
    plot_lower_bound: float | None = 0.0
    plot_upper_bound: float | None = 1.0

    def __init__(self, entries: int | None = None, variant: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shape = () if entries is None else (entries,)
        self._names = (*Sums._fields[:-1], f"{Sums._fields[-1]}_{type(self).__name__}{variant}")
        for name in self._names:
            self.add_state(name, torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    @property
    def sums(self) -> Sums:
        """Sums over all images so far, of this process."""
        return Sums(*(getattr(self, name) for name in self._names))

    def compute(self) -> Tensor:
        """Give the number from all images so far; NaN without any."""
        return self._number(self.sums)

    def interval(self, level: float = 0.95) -> ClusterInterval:
        """Give the interval ``(low, high, n)`` from all images so far, of all processes.

        Parameters
        ----------
        level
            Share of samples of images whose interval is to contain the true number.

        Returns
        -------
        Bounds of the shape of the number, and the number of images that have a say.
        """
        with self.sync_context(should_sync=self._to_sync, should_unsync=self._should_unsync):
            return self._interval(self.sums, level)

    def _number(self, sums: Sums) -> Tensor:
        return ratio(sums)

    def _interval(self, sums: Sums, level: float) -> ClusterInterval:
        return share_interval(sums, level)

    def _add(self, block: Sums) -> None:
        """Add the sums of a block to those so far."""
        for name, value in zip(self._names, block, strict=True):
            so_far = getattr(self, name)
            if so_far.dim() and so_far.shape != value.shape:
                message = f"a block of {tuple(value.shape)} entries follows one of {tuple(so_far.shape)}"
                raise UsageError(message, where=type(self).__name__, hint="All blocks must have the same views.")
            setattr(self, name, so_far + value.to(so_far.device))

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Any = "") -> Any:
        """Move states between devices; they keep their dtype, as half precision cannot count."""

        def moved(value: Tensor) -> Tensor:
            found = fn(value)
            return found if found.dtype == value.dtype else value.to(found.device)

        return super()._apply(moved, exclude_state)


class PerViewMetric(ClusterMetric):
    """A share at each of the views, (S,)."""

    def __init__(self, views: int | None = None, **kwargs: Any) -> None:
        super().__init__(entries=views, **kwargs)


class CountMetric(ClusterMetric):
    """A mean count an image: the share of the largest count, times that count."""

    plot_upper_bound = None

    def _number(self, sums: Sums) -> Tensor:
        return count(sums)

    def _interval(self, sums: Sums, level: float) -> ClusterInterval:
        low, high, n = share_interval(sums, level)
        most = size(sums).cpu()
        return ClusterInterval(low * most, high * most, n)


class GainMetric(ClusterMetric):
    """What images gained less what images lost: two entries in the sums, one number."""

    plot_lower_bound = -1.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(entries=2, **kwargs)

    def _number(self, sums: Sums) -> Tensor:
        return difference(sums)

    def _interval(self, sums: Sums, level: float) -> ClusterInterval:
        return difference_interval(sums, level)


class PositiveMetric(ClusterMetric):
    """A positive number without an upper bound."""

    plot_upper_bound = None

    def _interval(self, sums: Sums, level: float) -> ClusterInterval:
        return positive_interval(sums, level)
