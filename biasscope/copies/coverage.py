"""Which share of the phases of a network random copies are expected to cover: closed forms."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import UsageError

Floats = NDArray[np.float64]


def expected_coverage(copies: int, phases: int, *, replacement: bool = True) -> float:
    """Share of P equally likely phases that n random copies are expected to cover.

    ``1 - (1 - 1/P)^n`` when copies are drawn independently; ``min(n / P, 1)`` when they are distinct phases.

    Parameters
    ----------
    copies
        Number of copies n.
    phases
        Number of phases P; s^2 for a network with stride product s.
    replacement
        Whether a phase may be drawn twice.

    Returns
    -------
        Number in [0, 1].

    Examples
    --------
    >>> expected_coverage(64, 64, replacement=False), round(expected_coverage(64, 64), 3)
    (1.0, 0.635)
    """
    if copies < 0 or phases < 1:
        raise UsageError(f"{copies} copies of {phases} phases")
    return float(1 - (1 - 1 / phases) ** copies) if replacement else min(copies / phases, 1.0)


def distinct_coverage(copies: int, offsets: int, stride: int) -> float:
    """Share of the ``stride^2`` phases that n distinct shifts, drawn from a range of ``offsets^2``, should cover.

    Examples
    --------
    >>> distinct_coverage(81, 9, 32) == (9 / 32) ** 2, distinct_coverage(33**2, 33, 32)
    (True, 1.0)
    """
    dy, dx = np.divmod(np.arange(offsets**2), offsets)
    return grid_coverage(copies, dy, dx, stride)


def grid_coverage(copies: int, dy: NDArray[np.int64], dx: NDArray[np.int64], stride: int) -> float:
    """Share of the ``stride^2`` phases that n distinct shifts, drawn from those given, should cover.

    Parameters
    ----------
    copies
        Number of shifts that are drawn.
    dy, dx
        Shifts that can be drawn, each once, in pixels.
    stride
        Stride product of the network.

    Examples
    --------
    >>> every_fourth = np.array([0, 4, 8])
    >>> grid_coverage(3, every_fourth, every_fourth, 4), grid_coverage(3, every_fourth, every_fourth, 16)
    (0.0625, 0.01171875)
    """
    total = len(dy)
    if not 0 <= copies <= total:
        raise UsageError(f"{copies} distinct copies of {total}", hint="Draw with replacement, or fewer.")
    held = np.bincount(dy % stride * stride + dx % stride, minlength=stride**2).tolist()
    missed = {k: comb(total - k, copies) / comb(total, copies) if copies <= total - k else 0.0 for k in set(held)}
    return float(1 - np.mean([missed[k] for k in held]))


def phase_law(offsets: int, stride: int) -> Floats:
    """Probability of each phase along one axis when a shift is uniform on ``offsets`` neighbouring values, (stride,).

    Examples
    --------
    >>> phase_law(9, 4).tolist()
    [0.3333333333333333, 0.2222222222222222, 0.2222222222222222, 0.2222222222222222]
    >>> int((phase_law(9, 32) > 0).sum()), int((phase_law(33, 32) > 0).sum())
    (9, 32)
    """
    if offsets < 1 or stride < 1:
        raise UsageError(f"{offsets} offsets and a stride of {stride}")
    return np.bincount(np.arange(offsets) % stride, minlength=stride) / offsets


def crop_coverage(copies: int, source: int, window: int, stride: int | tuple[int, int]) -> float:
    """Share of the ``stride^2`` phases that n random crops (``RandomCrop``) are expected to cover, in closed form.

    Parameters
    ----------
    copies
        Number of crops n, drawn independently and uniformly.
    source
        Side of what is cropped, padding counted in: 40 for ``RandomCrop(32, padding=4)``.
    window
        Side of the crop.
    stride
        Stride product of the network; one along each axis, (y, x), where they differ.

    Returns
    -------
        Number from 0 to the share that crops can reach at all.

    Examples
    --------
    >>> crop_coverage(10**6, 40, 32, 32) == (9 / 32) ** 2, round(crop_coverage(10**6, 64, 32, 32), 6)
    (True, 1.0)
    >>> round(crop_coverage(10**6, 38, 32, (8, 2)), 6)
    0.875
    """
    if not 1 <= window <= source:
        raise UsageError(f"a crop of {window} out of {source}", hint="The crop is not larger than its source.")
    if copies < 0:
        raise UsageError(f"{copies} copies")
    axes = (stride, stride) if isinstance(stride, int) else stride
    joint = np.outer(*(phase_law(source - window + 1, step) for step in axes))
    return float(np.mean(-np.expm1(copies * np.log1p(-np.minimum(joint, 1 - 1e-16)))))
