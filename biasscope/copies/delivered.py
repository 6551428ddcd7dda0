"""What a training transform really delivers: distinct copies, and the phases at which it shows an image."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

Floats = NDArray[np.float64]
PROBE = 1.0


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
    shares
        That share in every repetition, (R, E).
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
    shares: Floats
    offsets: Floats
    scales: Floats
    stride: int | tuple[int, int]
    repetitions: int


def transform_coverage(
    transform: Callable[..., Any],
    size: tuple[int, int],
    stride: int | tuple[int, int],
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
        Stride product of the network; one along each axis, (y, x), where they differ.
    epochs
        Times that the image is seen.
    repetitions
        How often that is repeated, for the mean.
    seed
        Of the transform; torch's global generator is put back.

    Returns
    -------
        Different pictures and share of the phases by number of epochs, and where the middle landed.

    Examples
    --------
    >>> from torchvision.transforms import v2
    >>> found = transform_coverage(v2.RandomCrop(32, padding=4), (32, 32), 32, epochs=8, repetitions=2)
    >>> bool(found.distinct[-1] <= 8), bool(found.share[-1] <= (9 / 32) ** 2)
    (True, True)
    """
    steps = (stride, stride) if isinstance(stride, int) else stride
    if epochs < 1 or repetitions < 1 or min(steps) < 1:
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
    shares = np.stack([_covered(row, steps) for row in where])
    return Delivered(np.arange(1, epochs + 1), seen.mean(0), shares.mean(0), shares, where, scales, stride, repetitions)


def _once(transform: Callable[..., Any], noise: torch.Tensor) -> tuple[bytes, Floats, float]:
    """Bytes of the picture, position of the middle, and scale of its height."""
    from torchvision import tv_tensors

    height, width = noise.shape[-2:]
    y, x = height // 2, width // 2
    corners = torch.tensor([[x - PROBE, y - PROBE, x + PROBE, y + PROBE]])
    boxes = tv_tensors.BoundingBoxes(corners, format="XYXY", canvas_size=(height, width))
    with warnings.catch_warnings():  # a transform that leaves boxes where they are says so each time
        warnings.filterwarnings("ignore", ".*passing through inputs of type.*", UserWarning)
        picture, moved = transform(tv_tensors.Image(noise), boxes)
    x0, y0, x1, y1 = (float(edge) for edge in moved[0])
    pixels = np.ascontiguousarray(torch.as_tensor(picture).numpy())
    gone = min(x1 - x0, y1 - y0) <= 0
    middle = np.full(2, np.nan) if gone else np.array([(y0 + y1) / 2, (x0 + x1) / 2])
    return pixels.tobytes() + str(pixels.shape).encode(), middle, (y1 - y0) / (2 * PROBE)


def _covered(positions: Floats, steps: tuple[int, int]) -> Floats:
    """Share of the phases met so far, from positions (E, 2)."""
    inside: NDArray[np.bool_] = np.asarray(~np.isnan(positions).any(1), np.bool_)
    whole = np.floor(np.where(inside[:, None], positions, 0) + 1e-4).astype(np.int64) % steps
    key = np.where(inside, whole[:, 0] * steps[1] + whole[:, 1], -1)
    _, first = np.unique(key, return_index=True)
    new = np.zeros(len(key), np.bool_)
    new[first] = True
    return np.asarray(np.cumsum(new & inside) / (steps[0] * steps[1]), np.float64)
