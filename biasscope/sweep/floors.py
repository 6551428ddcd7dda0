"""Numerical floors: how far answers move when nothing was shifted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.core.words import counted
from biasscope.sweep.accumulate import Tables
from biasscope.sweep.blocks import Block
from biasscope.sweep.order import chunks
from biasscope.sweep.result import Floor
from biasscope.sweep.runner import Runner
from biasscope.transforms.transformation import Transformation, Views

MOST_VIEWS = 16
"""Most views that are taken there and back again for the floor of interpolation."""


class Floors:
    """Floors of one model and transformation, on the first pictures of a sweep.

    Parameters
    ----------
    runner
        The model.
    transformation
        The transformation; it must be open for the first block.
    progress
        Where it is said that a floor cannot be measured.
    """

    def __init__(self, runner: Runner, transformation: Transformation, progress: Progress) -> None:
        self._runner, self._transformation, self._progress = runner, transformation, progress

    def measure(self, views: Views, block: Block, tables: Tables, count: int) -> dict[str, Floor]:
        """Give all floors for the first ``count`` pictures of the block, whose tables are given."""
        reference, amp = self._transformation.reference, self._runner.settings.amp
        own = tables["predictions"][reference, :count], tables["p_top"][reference, :count]
        backwards = list(reversed(range(count)))
        other = self._runner.eager(views, [reference] * count, backwards, amp).flip(0)
        batch = f"{counted(self._runner.batch, 'picture')} a pass against {count} in reversed order"
        found = {"batch layout": _floor(*own, other.softmax(1), count, batch)}
        found |= self._precision(views, reference, count)
        return found | self._interpolation(block, count)

    def _precision(self, views: Views, reference: int, count: int) -> dict[str, Floor]:
        half = self._runner.settings.amp or "bf16"
        try:
            full, other = (
                self._runner.eager(views, [reference] * count, range(count), amp).softmax(1) for amp in (None, half)
            )
        except UsageError as error:
            why = error.__cause__ or error
            self._progress.warn(f"the floor of {half} cannot be measured: the model cannot be run in it ({why})")
            return {}
        p_top, answers = full.max(1)
        return {half: _floor(answers, p_top, other, count, f"float32 against {half} autocast")}

    def _interpolation(self, block: Block, count: int) -> dict[str, Floor]:
        there_and_back = self._transformation.round_trip()
        if there_and_back is None:
            return {}
        loaded, device = self._runner.loaded, self._runner.settings.device
        numbered = list(zip(block.indices[:count], block.pictures[:count], strict=True))
        sources = [there_and_back.source(picture, loaded.preprocessing, number) for number, picture in numbered]
        opened = there_and_back.open(torch.stack(sources).to(device), block.indices[:count])
        chosen = _spread(len(there_and_back), there_and_back.reference)
        answers = torch.cat(list(self._run(opened, chosen, count))).view(len(chosen), count, -1)
        p_top, own = answers[0].max(1)
        rest = answers[1:].flatten(0, 1)
        again = len(chosen) - 1
        detail = f"{again} views there and back again against the untouched picture"
        return {"interpolation": _floor(own.repeat(again), p_top.repeat(again), rest, count, detail)} if again else {}

    def _run(self, views: Views, chosen: list[int], count: int) -> Iterator[Tensor]:
        for chunk in chunks(np.array(chosen), count, self._runner.batch):
            yield self._runner(views, chunk.views, chunk.pictures)[: chunk.used].softmax(1)


def _floor(answers: Tensor, p_top: Tensor, other: Tensor, n: int, detail: str) -> Floor:
    """Compare answers and their probabilities with the probabilities (m, C) of another run."""
    answers, p_top, other = answers.cpu(), p_top.cpu(), other.cpu()  # not every accelerator has float64
    moved = (other.gather(1, answers[:, None])[:, 0] - p_top).abs().double().mean()
    changed = (other.argmax(1) != answers).double().mean()
    return Floor(float(changed), float(moved), n, detail)


def _spread(count: int, reference: int) -> list[int]:
    """Give the reference first, then views evenly spread over the others."""
    others = [view for view in range(count) if view != reference]
    places = np.unique(np.linspace(0, len(others) - 1, min(MOST_VIEWS, len(others))).round().astype(int))
    return [reference, *(others[place] for place in places.tolist())]
