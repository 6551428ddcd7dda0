"""Smallest flipping shift: how far a picture must move until the answer changes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, count, ratio, reduce
from biasscope.metrics.comparisons import others

Norm = Literal["max", "euclidean", "sum"]
ORDERS = {"max": torch.inf, "euclidean": 2.0, "sum": 1.0}


def distances(offsets: Tensor, views: int, reference: int, norm: Norm = "max") -> Tensor:
    """Give the distance of every view from the reference, (S,), pixels."""
    if norm not in ORDERS:
        raise UsageError(f"must be one of {', '.join(ORDERS)}; got {norm!r}", where="norm")
    offsets = checks.places(offsets, views)
    far: Tensor = torch.linalg.vector_norm(offsets - offsets[reference], ORDERS[norm], 1)
    return far


def flipping_shifts(predictions: Tensor, offsets: Tensor, reference: int = 0, norm: Norm = "max") -> Tensor:
    r"""Distance of the nearest view that is answered unlike the reference, image by image.

    .. math:: d_i = \min \{ \lVert o_s - o_r \rVert : k_{is} \ne k_{ir} \}

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    offsets
        (dy, dx) of each view, (S, 2), pixels.
    reference
        Index r of the reference.
    norm
        "max": the larger of abs(dy), abs(dx), in which a square grid has no holes; "euclidean"; "sum": abs(dy) +
        abs(dx).

    Returns
    -------
    (N,), pixels; infinite where no view flips.

    References
    ----------
    captum's ``MinParamPerturbation`` finds the same along a path, one image at a time.

    Examples
    --------
    >>> import torch
    >>> offsets = torch.tensor([[0, 0], [0, 1], [0, 2]])
    >>> flipping_shifts(torch.tensor([[3, 7], [3, 7], [4, 7]]), offsets).tolist()
    [2.0, inf]
    """
    table = checks.answers(predictions)
    reference = checks.view(reference, table)
    far = distances(offsets, len(table), reference, norm).to(table.device)
    return torch.where(table != table[reference], far[:, None], torch.inf).amin(0)


def flipping_share_sums(predictions: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums; parameters as in `flipping_share`."""
    table = checks.answers(predictions)
    moved = table[others(reference, table)]
    return reduce((moved != table[reference]).any(0), float(len(moved) > 0))


def smallest_flipping_shift_sums(predictions: Tensor, offsets: Tensor, reference: int = 0, norm: Norm = "max") -> Sums:
    """Reduce a block to its sums: distances censored at the grid's reach, and that reach, image by image."""
    shifts = flipping_shifts(predictions, offsets, reference, norm)
    reach = distances(offsets, len(predictions), reference, norm).amax().to(shifts.device)
    return reduce(torch.minimum(shifts, reach), reach)


def flipping_share(predictions: Tensor, reference: int = 0) -> Tensor:
    """Share of images that any view flips: those whose smallest flipping shift is not censored.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers. Labels are not needed.
    reference
        Index of the reference.

    Returns
    -------
    Number in [0, 1], lower is better; NaN for a single view.

    Examples
    --------
    >>> import torch
    >>> flipping_share(torch.tensor([[3, 7], [3, 7], [4, 7]])).item()
    0.5
    """
    return ratio(flipping_share_sums(predictions, reference))


def smallest_flipping_shift(predictions: Tensor, offsets: Tensor, reference: int = 0, norm: Norm = "max") -> Tensor:
    r"""Mean distance to the nearest flip within the grid's reach R: the restricted mean.

    .. math:: \frac{1}{N} \sum_i \min(d_i, R), \qquad R = \max_s \lVert o_s - o_r \rVert

    An image that no view flips counts as R, so the number compares only between grids of one reach; beside it belongs
    `flipping_share`. Image by image: `flipping_shifts`.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    offsets
        (dy, dx) of each view, (S, 2), pixels.
    reference
        Index r of the reference.
    norm
        "max", "euclidean" or "sum".

    Returns
    -------
    Pixels, 0 to R; higher is better.

    Examples
    --------
    >>> import torch
    >>> offsets = torch.tensor([[0, 0], [0, 1], [0, 2]])
    >>> smallest_flipping_shift(torch.tensor([[3, 7], [4, 7], [4, 7]]), offsets).item()
    1.5
    """
    return count(smallest_flipping_shift_sums(predictions, offsets, reference, norm))
