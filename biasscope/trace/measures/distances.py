"""Does the response to the moved picture equal the moved response? Distances between the two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from biasscope.trace.errors.aligned import aligned_errors
from biasscope.trace.errors.between import fourier_errors
from biasscope.trace.errors.sums import Errors

Shifts = Sequence[tuple[float, float]]


def cosine_distances(activations: Tensor, shifts: Shifts, *, wraps: bool = True, margin: float = 0.0) -> Tensor:
    """1 - cosine between responses and their moved reference.

    Parameters
    ----------
    activations
        Reference and k responses of one picture, (1 + k, C, H, W).
    shifts
        Positions (down, right) that each response should have moved by: the shift of the picture by the cumulative
        stride. Fractions are moved in the Fourier domain.
    wraps
        Whether what leaves on one side enters on the other; otherwise what both show is compared (whole shifts only).
    margin
        Share of the side that is left out at every edge, before and after the shift.

    Returns
    -------
        (k,), 0 = equivariant; 1 where one of the two is 0 and the other is not.

    Examples
    --------
    >>> x = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 1, 1, 4)
    >>> round(float(cosine_distances(torch.cat([x, torch.ones_like(x)]), [(0, 1)])), 4)
    0.2929
    """
    return cosine_of(_errors(activations, shifts, wraps, margin))[0]


def relative_errors(activations: Tensor, shifts: Shifts, *, wraps: bool = True, margin: float = 0.0) -> Tensor:
    """Euclidean distance between responses and their moved reference, divided by the length of the reference.

    As `cosine_distances`; NaN where the reference is 0 and the response is not.

    Examples
    --------
    >>> x = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 1, 1, 4)
    >>> float(relative_errors(torch.cat([x, torch.ones_like(x)]), [(0, 1)]))
    1.0
    """
    return relative_of(_errors(activations, shifts, wraps, margin))[0]


def _errors(activations: Tensor, shifts: Shifts, wraps: bool, margin: float) -> Errors:
    places, steps = range(1, len(activations)), np.asarray(shifts, np.float64)
    if np.array_equal(steps, np.rint(steps)):
        return aligned_errors(activations[None], places, [(int(y), int(x)) for y, x in steps], wraps, margin=margin)
    if not wraps:
        raise ValueError("shifts by fractions of a position go around the edges")
    return fourier_errors(activations[None], places, steps, margin)


def cosine_of(errors: Errors) -> Tensor:
    """1 - cosine from sums of squares; see `cosine_distances`."""
    response, reference = errors.response.double().sqrt(), errors.reference.double().sqrt()
    distance = (errors.difference - (response - reference).square()) / (2 * response * reference)
    one_is_zero = torch.where(response == reference, 0.0, 1.0)
    defined = torch.where(response * reference > 0, distance.clamp(0, 2), one_is_zero)
    return torch.where(errors.difference.isnan(), torch.nan, defined)


def relative_of(errors: Errors) -> Tensor:
    """Distance by length from sums of squares; see `relative_errors`."""
    ratio = (errors.difference.double() / errors.reference.double()).sqrt()
    undefined = torch.where(errors.difference == 0, 0.0, torch.nan)
    return torch.where(errors.reference > 0, ratio, undefined)
