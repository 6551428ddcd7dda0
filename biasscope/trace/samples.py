"""Global sums of a few maps for the first pictures, to be drawn over the shifts."""

from __future__ import annotations

import numpy as np
import torch

from biasscope.trace.layer_result import Sums
from biasscope.trace.measures.global_sums import chosen_maps
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan

MAPS = 4


class SampleSums:
    """Keeps (images, S, maps), for at most ``images`` pictures.

    Parameters
    ----------
    channels
        Maps of the layer, of which four at random are kept.
    plan
        The shifts.
    images
        For how many pictures.
    """

    def __init__(self, channels: int, plan: Plan, images: int) -> None:
        self.maps = chosen_maps(channels, MAPS, 0, plan.seed)
        self._values = np.full((images, plan.views, len(self.maps)), np.nan)

    def update(self, reading: Reading) -> None:
        """Keep the sums of the first pictures."""
        chunk = reading.chunk
        if chunk.pictures[0] >= len(self._values):
            return
        rows = [row for row, number in enumerate(chunk.pictures) if number < len(self._values)]
        kept = reading.sums[: len(rows), chunk.fresh][..., torch.as_tensor(self.maps, device=reading.sums.device)]
        numbers = [chunk.pictures[row] for row in rows]
        self._values[np.ix_(numbers, chunk.views[chunk.fresh])] = kept.double().cpu().numpy()

    def finite(self, images: int) -> bool:
        """Whether every sum of the first ``images`` pictures is finite; it is NaN where the layer was not called."""
        return bool(np.isfinite(self._values[:images]).all())

    def result(self, image_ids: list[str]) -> Sums:
        """What was kept, for as many pictures as there were."""
        count = min(len(image_ids), len(self._values))
        return Sums(tuple(image_ids[:count]), tuple(self.maps.tolist()), self._values[:count])
