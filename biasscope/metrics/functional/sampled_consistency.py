"""Sampled consistency: two offsets drawn at random an image, as in the literature."""

from __future__ import annotations

import torch
from torch import Tensor

from biasscope.core import randomness
from biasscope.core.errors import UsageError
from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import neighbours


def sampled_consistency_sums(
    predictions: Tensor, steps: Tensor | None = None, draws: int = 1, seed: int = 0, share: str = "image"
) -> Sums:
    """Reduce a block to its sums; parameters as in `sampled_consistency`."""
    table = checks.answers(predictions)
    if steps is None:
        first, second = _draw(table, checks.whole(draws, "draws"), seed, share)
        alike = table.gather(0, first) == table.gather(0, second)
    else:
        pairs = neighbours(steps, len(table), table.device)
        alike = table[pairs.first] == table[pairs.second]
    return reduce(alike.sum(0), len(alike))


def _draw(table: Tensor, draws: int, seed: int, share: str) -> Tensor:
    """Views of both sides of each pair, (2, draws, N), uniform with replacement."""
    views, images = table.shape
    if share not in ("image", "batch"):
        raise UsageError(f"must be 'image' or 'batch', got {share!r}", where="share")
    drawn = randomness.generator(seed, "sampled consistency").integers(
        views, size=(2, draws, images if share == "image" else 1)
    )
    return torch.as_tensor(drawn, device=table.device).expand(2, draws, images)


def sampled_consistency(
    predictions: Tensor, steps: Tensor | None = None, *, draws: int = 1, seed: int = 0, share: str = "image"
) -> Tensor:
    r"""Share of random pairs of views that are answered alike: `consistency` with the noise of the literature.

    .. math:: \frac{1}{N D} \sum_i \sum_{d=1}^{D} 1[k_{i a_d} = k_{i b_d}]

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    steps
        Pairs that the sweep itself has drawn, (K, S): view s belongs with view ``steps[k, s]``, -1 for none. Without
        it, pairs are drawn here from the S views, with replacement; their mean is ``consistency(..., True)``.
    draws
        Number D of pairs an image, where pairs are drawn here.
    seed
        Seed of these draws.
    share
        "image": pairs of their own for each image; "batch": the same for all images of the block, as the official
        code has it.

    Returns
    -------
    Number in [0, 1], higher is better.

    References
    ----------
    Zhang, ICML 2019, experiments (offsets 0 to 31 along each axis, with replacement).

    Examples
    --------
    >>> import torch
    >>> predictions = torch.tensor([[3, 7], [4, 7]])
    >>> sampled_consistency(predictions, torch.tensor([[-1, 0]])).item()
    0.5
    """
    return ratio(sampled_consistency_sums(predictions, steps, draws, seed, share))
