"""Answers of one block of pictures, gathered on the device of the model without looking at them."""

from __future__ import annotations

import torch
from torch import Tensor

from biasscope.sweep.order import Order
from biasscope.sweep.tta import Averages, Groups

Tables = dict[str, Tensor]


class BlockTables:
    """Tables (S, n) of a block of n pictures, filled chunk by chunk.

    Columns are pairs in evaluation order, so that a chunk is one slice of every table, and the answers that a chunk is
    compared with (the reference's, the predecessors') stand further left. The probabilities of the reference view are
    kept, because the reference may have predecessors of its own, which come after it.

    Parameters
    ----------
    order
        Evaluation order of the views.
    targets
        True classes, -1 where not known, int64 (n,), on the device.
    classes
        Number of outputs C.
    groups
        Groups of views whose probabilities are averaged.
    """

    def __init__(self, order: Order, targets: Tensor, classes: int, groups: Groups) -> None:
        self.order, self.targets, self.n = order, targets, len(targets)
        device, pairs = targets.device, len(order) * len(targets)
        self.previous = torch.from_numpy(order.previous).to(device)
        self.answers = torch.zeros(pairs, dtype=torch.int64, device=device)
        self.probability = torch.zeros(3 + len(self.previous), pairs, device=device)
        self.rank = torch.zeros(2, pairs, dtype=torch.int64, device=device)
        self.first = torch.zeros(self.n, classes, device=device)
        self.averages = Averages(groups, order, self.n, classes, device)

    def add(self, logits: Tensor, start: int) -> None:
        """Take in the outputs (b, C), float32, of the pairs from ``start`` on.

        Answers and ranks are read off the outputs: softmax keeps their order, but its rounding would make ties.
        """
        stop = start + len(logits)
        pairs = torch.arange(start, stop, device=logits.device)
        position, picture = pairs // self.n, pairs % self.n
        probability = logits.softmax(1)
        self.answers[start:stop] = logits.argmax(1)
        if start < self.n:
            self.first[start:stop] = probability[: self.n - start]
        classes = self._classes(start, stop, position, picture)
        self.probability[:, start:stop] = probability.gather(1, classes).T
        at = logits.gather(1, classes[:, 1:3])
        for row in (0, 1):
            self.rank[row, start:stop] = (logits > at[:, row, None]).sum(1)
        self.averages.add(probability, start, position, picture)

    def _classes(self, start: int, stop: int, position: Tensor, picture: Tensor) -> Tensor:
        """Classes whose probability is noted, (b, 3 + K): own answer, truth, reference's answer, predecessors'."""
        before = self.previous[:, position].clamp(min=0) * self.n + picture
        truth = self.targets[picture].clamp(min=0)
        noted = torch.stack([self.answers[start:stop], truth, self.answers[picture]])
        return torch.cat([noted, self.answers[before]]).T.contiguous()

    def finish(self) -> Tables:
        """Tables in the order of the views, with NaN and -1 where there is no target or predecessor."""
        known, nan = self.targets >= 0, self.probability.new_tensor(torch.nan)
        p_top, p_true, p_reference, *p_step = (self._by_view(row) for row in self.probability)
        return {
            "predictions": self._by_view(self.answers),
            "p_top": p_top,
            "p_true": torch.where(known, p_true, nan),
            "p_reference": p_reference,
            "p_step": self._steps(p_step),
            "rank_true": torch.where(known, self._by_view(self.rank[0]), -1),
            "rank_reference": self._by_view(self.rank[1]),
            **{f"tta.{k}": answers for k, answers in self.averages.answers().items()},
        }

    def _by_view(self, row: Tensor) -> Tensor:
        return row.view(len(self.order), self.n)[torch.from_numpy(self.order.positions).to(row.device)]

    def _steps(self, rows: list[Tensor]) -> Tensor:
        reference = int(self.order.views[0])
        answers = self.answers.view(len(self.order), self.n)
        for k, row in enumerate(rows):
            before = int(self.order.previous[k, 0])
            row[reference] = self.first.gather(1, answers[before][:, None])[:, 0]
        found = torch.stack(rows) if rows else self.probability.new_zeros(0, len(self.order), self.n)
        none = torch.from_numpy(self.order.previous[:, self.order.positions] < 0).to(found.device)
        return found.masked_fill(none[..., None], torch.nan)
