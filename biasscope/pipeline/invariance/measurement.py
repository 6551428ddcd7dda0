"""One model swept with one protocol, and the shares that tables are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from biasscope.metrics.cluster import Sums
from biasscope.metrics.interval import share_interval
from biasscope.pipeline.common.forms import Subject

if TYPE_CHECKING:
    from biasscope.sweep import Sweep
    from biasscope.sweep.measure import Measured
    from biasscope.transforms.transformation import Transformation

Real = NDArray[np.float64]
Z = 1.959963984540054
"""Normal quantile of 95 % intervals."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """A subject, what was done to its pictures, its answers, and the metrics of these answers by name."""

    subject: Subject
    transformation: Transformation
    sweep: Sweep
    metrics: Mapping[str, Measured]

    @property
    def label(self) -> str:
        """Label of the model."""
        return self.subject.label

    @property
    def answers(self) -> NDArray[np.int64]:
        """Answers (S, N)."""
        return np.asarray(self.sweep.predictions.numpy(), np.int64)

    @property
    def truth(self) -> NDArray[np.int64]:
        """True classes (N,), -1 where they are not known."""
        return np.asarray(self.sweep.targets.numpy(), np.int64)

    @property
    def labelled(self) -> bool:
        """Whether any true class is known."""
        return bool((self.truth >= 0).any())

    @property
    def known(self) -> int:
        """Number of pictures whose true class is known."""
        return int((self.truth >= 0).sum())

    def right(self) -> NDArray[np.bool_]:
        """Whether an answer is the true class, (S, labelled pictures)."""
        known = self.truth >= 0
        return np.asarray(self.answers[:, known] == self.truth[known])

    def kept(self) -> NDArray[np.bool_]:
        """Whether an answer is that of the reference view, (S, N)."""
        return np.asarray(self.answers == self.answers[self.sweep.reference])

    @property
    def consistency(self) -> Measured | None:
        """How alike shifts of a picture are answered: over all pairs of views, or over those that were drawn."""
        return self.metrics.get("consistency") or self.metrics.get("sampled_consistency")

    def name(self, answer: int) -> str:
        """Class name of an answer, its number where names are not known."""
        names = self.sweep.class_names
        return names[answer] if names is not None and 0 <= answer < len(names) else str(answer)


def interval_of(share: NDArray[np.floating] | float, n: int) -> tuple[Real, Real]:
    """95 % interval of shares that were counted on ``n`` pictures, that of the metrics; NaN for none.

    With one answer a picture :func:`biasscope.metrics.interval.share_interval` is the exact binomial interval, so that
    a share has the same interval as a metric, in a table and in a sentence.

    Examples
    --------
    >>> [round(float(end), 4) for end in interval_of(1.0, 10)]
    [0.6915, 1.0]
    """
    hits = torch.as_tensor(np.asarray(share, np.float64) * n)
    count = torch.full_like(hits, n)
    low, high, _ = share_interval(Sums(hits, count, hits, count, hits, count))
    return np.asarray(low.numpy()), np.asarray(high.numpy())
