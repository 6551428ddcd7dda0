"""Which version of which image is shown at which step: a function of the seed and the step alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.randomness import generator, mix


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of one network.

    Every pass goes through all images in a random order, each in one of its versions; n passes show each of its n
    versions once. Batches run on over the end of a pass, so that all have the same size.

    Attributes
    ----------
    versions
        Versions of each image, int64 (N, n).
    seed
        Same seed, same batches.
    batch
        Images a step.

    Examples
    --------
    >>> batches = Batches(torch.tensor([[0, 5], [0, 7]]), seed=0, batch=4)
    >>> images, versions = batches(0)  # two passes: each version of each image once
    >>> sorted(zip(images.tolist(), versions.tolist()))
    [(0, 0), (0, 5), (1, 0), (1, 7)]
    """

    versions: Tensor
    seed: int
    batch: int
    _passes: dict[int, NDArray[np.int64]] = field(default_factory=dict, repr=False)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Numbers of the images and of their versions, each int64 (batch,), on the CPU."""
        count, copies = self.versions.shape
        place = np.arange(step * self.batch, (step + 1) * self.batch)
        number = place // count
        orders = {n: self._order(int(n)) for n in np.unique(number)}
        images = np.array([orders[n][k] for n, k in zip(number, place % count, strict=True)])
        first = mix(self.seed, images.astype(np.uint64)) % np.uint64(copies)
        which = torch.from_numpy((first.astype(np.int64) + number) % copies)
        picked = torch.from_numpy(images)
        return picked, self.versions[picked, which]

    def _order(self, number: int) -> NDArray[np.int64]:
        """Order of the images in a pass; the last few passes are remembered."""
        if number not in self._passes:
            if len(self._passes) > 3:
                self._passes.pop(min(self._passes))
            self._passes[number] = generator(self.seed, "pass", str(number)).permutation(len(self.versions))
        return self._passes[number]
