"""Wobble: over what range a probability moves when the picture moves."""

from __future__ import annotations

import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce


def wobble_sums(p: Tensor, name: str = "p_true") -> Sums:
    """Reduce a block to its sums; parameters as in `wobble`."""
    values = checks.probabilities(p, name)
    if not len(values):
        raise UsageError("has no view", where=name)
    known = ~values.isnan().all(0)
    spread = checks.defined(torch.where(known, values, 0.0), name)
    return reduce(spread.amax(0) - spread.amin(0), known)


def wobble(p: Tensor) -> Tensor:
    r"""Largest minus smallest probability of one class over the views of an image, mean over images.

    .. math:: \frac{1}{N} \sum_i \bigl(\max_s p_{is} - \min_s p_{is}\bigr)

    Parameters
    ----------
    p
        Probability of one class an image, at each view, (S, N): of the true class (``p_true``) or of that which the
        reference answered (``p_reference``). Images that are NaN throughout (no label) are left out.

    Returns
    -------
    Number in [0, 1], lower is better; it can only grow with the number of views.

    References
    ----------
    In use among practitioners under this name; an extreme-value companion of the mean absolute change of Azulay and
    Weiss, JMLR 20 (184), 2019.

    Examples
    --------
    >>> import torch
    >>> wobble(torch.tensor([[0.75, 0.5], [0.25, 0.5]])).item()
    0.25
    """
    return ratio(wobble_sums(p))
