"""The embedded default: scikit-learn's handwritten digits placed in scenes by a seeded, stated law.

The law is known, so an analysis of these scenes can be checked against the truth: the digits 0 to 4 are placed
uniformly given their size, the digits 5 to 9 are not (:data:`LAW` says how).

Convention
----------
A scene is a square of ``side`` pixels with one digit in it, scaled to a whole number of pixels. Boxes are pixel edges,
origin top left; ``u`` and ``v`` are the feasible coordinates (0 = as far left/up as fits, 1 = right/down).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from biasscope.core.randomness import generator

LAW: dict[int, tuple[tuple[float, float], tuple[float, float]]] = {
    5: ((2.0, 2.0), (2.0, 2.0)),
    6: ((4.0, 4.0), (4.0, 4.0)),
    7: ((1.0, 1.0), (2.0, 4.0)),
    8: ((4.0, 2.0), (1.0, 1.0)),
    9: ((6.0, 6.0), (4.0, 8.0)),
}
"""Beta parameters of (u, v) for the digits that are not placed uniformly; the others have (1, 1) on both axes."""

LAW_TEXT = (
    "Simulated placement: digits 0-4 uniform given their size; 5 mildly centred (Beta(2, 2) on both axes); 6 centred "
    "(Beta(4, 4)); 7 high (v from Beta(2, 4)); 8 to the right (u from Beta(4, 2)); 9 strongly centred across and high "
    "(u from Beta(6, 6), v from Beta(4, 8)). Sides are log-uniform from 1/5 to 4/5 of the scene."
)


@dataclass(frozen=True)
class Scenes:
    """Scenes before they are drawn: which digit, how large, where, in which split.

    Attributes
    ----------
    digit
        Class, 0 to 9, shape (N,).
    sample
        Index into scikit-learn's digits, shape (N,); the samples of the two splits do not overlap.
    x0, y0, size
        Top left corner and side of the square box in whole pixels, each of shape (N,).
    train
        Whether the scene belongs to the training split, shape (N,).
    side
        Side of every scene in pixels.
    """

    digit: NDArray[np.int64]
    sample: NDArray[np.int64]
    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    size: NDArray[np.int64]
    train: NDArray[np.bool_]
    side: int

    def __len__(self) -> int:
        return len(self.digit)

    @property
    def names(self) -> list[str]:
        """Image ids, ``train-00000`` and so on, stable for a seed."""
        return [f"{'train' if train else 'val'}-{number:05d}" for number, train in enumerate(self.train)]


def place(
    count: int = 5000, *, side: int = 64, train_share: float = 0.8, seed: int = 0, uniform: bool = False
) -> Scenes:
    """Place ``count`` digits by :data:`LAW`, classes in turn, so that every class has the same number.

    Parameters
    ----------
    count
        Number of scenes.
    side
        Side of a scene in pixels, at least 16.
    train_share
        Share of the scenes in the training split.
    seed
        Same seed, same scenes.
    uniform
        Place all digits uniformly instead.

    Examples
    --------
    >>> scenes = place(100)
    >>> bool(((scenes.x0 >= 0) & (scenes.x0 + scenes.size <= scenes.side)).all())
    True
    """
    rng = generator(seed, "placement")
    digit = np.arange(count) % 10
    size = np.rint(np.exp(rng.uniform(np.log(side / 5), np.log(side * 4 / 5), count))).astype(np.int64)
    train = np.arange(count) < round(count * train_share)
    slack = side - size
    corners = [np.floor(_beta(rng, digit, axis, uniform) * (slack + 1)).astype(np.int64) for axis in (0, 1)]
    x0, y0 = (np.minimum(corner, slack) for corner in corners)
    return Scenes(digit, _samples(rng, digit, train), x0, y0, size, train, side)


def draw(scenes: Scenes, index: int) -> NDArray[np.uint8]:
    """Scene ``index`` as a grey picture of shape (side, side), 0 black, 255 white, bilinear interpolation."""
    from PIL import Image

    tile = np.rint(_digits()[1][scenes.sample[index]] * (255 / 16)).astype(np.uint8)
    size = int(scenes.size[index])
    scaled = Image.fromarray(tile).resize((size, size), Image.Resampling.BILINEAR)
    picture = np.zeros((scenes.side, scenes.side), np.uint8)
    top, left = scenes.y0[index], scenes.x0[index]
    picture[top : top + size, left : left + size] = np.asarray(scaled)
    return picture


def _beta(rng: np.random.Generator, digit: NDArray[np.int64], axis: int, uniform: bool) -> NDArray[np.float64]:
    law = {} if uniform else LAW
    parameters = np.array([law.get(number, ((1.0, 1.0),) * 2)[axis] for number in range(10)])[digit]
    return rng.beta(parameters[:, 0], parameters[:, 1])


def _samples(rng: np.random.Generator, digit: NDArray[np.int64], train: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Samples of the right class; the first four fifths of each class train, the rest validates."""
    target = _digits()[0]
    chosen = np.empty(len(digit), np.int64)
    for number in range(10):
        own = np.flatnonzero(target == number)
        cut = len(own) * 4 // 5
        for pool, part in ((own[:cut], train), (own[cut:], ~train)):
            where = np.flatnonzero((digit == number) & part)
            chosen[where] = rng.choice(pool, len(where))
    return chosen


@cache
def _digits() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.target.astype(np.int64), data.images
