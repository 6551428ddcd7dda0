"""Which share of the phases of a network random copies cover: closed forms, and what a transform really delivers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

Floats = NDArray[np.float64]
PROBE = 1.0


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
    total = offsets**2
    if not 0 <= copies <= total:
        raise UsageError(f"{copies} distinct copies of {total}", hint="Draw with replacement, or fewer.")
    counts = np.bincount(np.arange(offsets) % stride, minlength=stride)
    held = np.outer(counts, counts).ravel()
    missed = [comb(total - int(k), copies) / comb(total, copies) if copies <= total - k else 0.0 for k in held]
    return float(1 - np.mean(missed))


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


def crop_coverage(copies: int, source: int, window: int, stride: int) -> float:
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
        Stride product of the network.

    Examples
    --------
    >>> crop_coverage(10**6, 40, 32, 32) == (9 / 32) ** 2, round(crop_coverage(10**6, 64, 32, 32), 6)
    (True, 1.0)
    """
    if not 1 <= window <= source:
        raise UsageError(f"a crop of {window} out of {source}", hint="The crop is not larger than its source.")
    law = phase_law(source - window + 1, stride)
    joint = np.outer(law, law)
    return float(np.mean(-np.expm1(copies * np.log1p(-np.minimum(joint, 1 - 1e-16)))))


@dataclass(frozen=True)
class Delivered:
    """What a transform delivers of one image.

    Attributes
    ----------
    epochs
        Numbers of epochs at which is counted, (E,).
    distinct
        Mean number of different pictures after so many epochs, (E,).
    share
        Mean share of the ``stride^2`` phases that the point in the middle has been at, (E,).
    offsets
        Positions (y, x) of the middle in every epoch and repetition, in pixels of the output, (R, most epochs, 2); NaN
        where it is not in the picture.
    scales
        Side of the image in the output over its side in the input, (R, most epochs).
    stride
        Stride product of the network.
    repetitions
        How often the whole was repeated.
    """

    epochs: NDArray[np.int64]
    distinct: Floats
    share: Floats
    offsets: Floats
    scales: Floats
    stride: int
    repetitions: int


def transform_coverage(
    transform: Callable[..., Any],
    size: tuple[int, int],
    stride: int,
    *,
    epochs: int = 100,
    repetitions: int = 5,
    seed: int = 0,
) -> Delivered:
    """Push a picture through a torchvision v2 transform once an epoch: what comes out, and where its middle lands.

    Different pictures are counted by their pixels (a picture of noise, so that no two crops look alike); positions are
    followed by a box of two pixels around the middle, which the transform moves along.

    Parameters
    ----------
    transform
        A transform of ``torchvision.transforms.v2``, or a ``Compose`` of them; it takes uint8 images.
    size
        Height and width of the image.
    stride
        Stride product of the network.
    epochs
        Times that the image is seen.
    repetitions
        How often that is repeated, for the mean.
    seed
        Of the transform; torch's global generator is put back.

    Examples
    --------
    >>> from torchvision.transforms import v2
    >>> found = transform_coverage(v2.RandomCrop(32, padding=4), (32, 32), 32, epochs=8, repetitions=2)
    >>> bool(found.distinct[-1] <= 8), bool(found.share[-1] <= (9 / 32) ** 2)
    (True, True)
    """
    if epochs < 1 or repetitions < 1 or stride < 1:
        raise UsageError("epochs, repetitions and the stride are positive")
    noise = generator(seed, "noise").integers(0, 256, (3, *size), np.uint8)
    seen = np.zeros((repetitions, epochs))
    where, scales = np.full((repetitions, epochs, 2), np.nan), np.full((repetitions, epochs), np.nan)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for r in range(repetitions):
            known: set[bytes] = set()
            for e in range(epochs):
                picture, where[r, e], scales[r, e] = _once(transform, torch.from_numpy(noise))
                known.add(picture)
                seen[r, e] = len(known)
    share = np.stack([_covered(row, stride) for row in where]).mean(0)
    return Delivered(np.arange(1, epochs + 1), seen.mean(0), share, where, scales, stride, repetitions)


def _once(transform: Callable[..., Any], noise: torch.Tensor) -> tuple[bytes, Floats, float]:
    """Bytes of the picture, position of the middle, and scale of its height."""
    from torchvision import tv_tensors

    height, width = noise.shape[-2:]
    y, x = height // 2, width // 2
    corners = torch.tensor([[x - PROBE, y - PROBE, x + PROBE, y + PROBE]])
    boxes = tv_tensors.BoundingBoxes(corners, format="XYXY", canvas_size=(height, width))
    picture, moved = transform(tv_tensors.Image(noise), boxes)
    x0, y0, x1, y1 = (float(edge) for edge in moved[0])
    pixels = np.ascontiguousarray(torch.as_tensor(picture).numpy())
    gone = min(x1 - x0, y1 - y0) <= 0
    middle = np.full(2, np.nan) if gone else np.array([(y0 + y1) / 2, (x0 + x1) / 2])
    return pixels.tobytes() + str(pixels.shape).encode(), middle, (y1 - y0) / (2 * PROBE)


def _covered(positions: Floats, stride: int) -> Floats:
    """Share of the phases met so far, from positions (E, 2)."""
    inside: NDArray[np.bool_] = np.asarray(~np.isnan(positions).any(1), np.bool_)
    whole = np.floor(np.where(inside[:, None], positions, 0) + 1e-4).astype(np.int64) % stride
    key = np.where(inside, whole[:, 0] * stride + whole[:, 1], -1)
    _, first = np.unique(key, return_index=True)
    new = np.zeros(len(key), np.bool_)
    new[first] = True
    return np.asarray(np.cumsum(new & inside) / stride**2, np.float64)
