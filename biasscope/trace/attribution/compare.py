"""The explanation of shifted pictures, moved back, against that of the picture."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.trace.attribution.measures import MAP_MEASURES
from biasscope.trace.blame.answers import answers
from biasscope.trace.blame.moving import moved
from biasscope.trace.blame.pairs import Block, Opened

Maps = Callable[[Tensor, Tensor], Tensor]


class _Answering(nn.Module):
    """A network that gives its class scores and nothing else."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.training = model.training

    def forward(self, x: Tensor) -> Tensor:
        """Class scores, (N, classes)."""
        return answers(self.model, x)


def explainer(model: nn.Module, attribute: Callable[..., Tensor], layer: nn.Module, batch: int) -> Maps:
    """Give the maps (N, H, W) of one method for pictures and classes, ``batch`` pictures at a time."""
    model = _Answering(model)

    def explain(x: Tensor, targets: Tensor) -> Tensor:
        parts = zip(torch.split(x, batch), torch.split(targets, batch), strict=True)
        with torch.enable_grad():
            maps = [attribute(model, part.contiguous(), wanted, layer, batch) for part, wanted in parts]
        return torch.cat(maps).float()

    return explain


def compared(
    opened: Opened, block: Block, explain: Maps, share: float
) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor, Tensor]]:
    """Mean over the shifts of every measure, (1, 1) each; maps of the reference, the views, and those moved back."""
    target = answers(opened.module, block.reference).argmax(1)
    views = block.shifted[0]
    maps = explain(torch.cat([block.reference, views]), target.expand(len(views) + 1))
    reference, others = maps[0], maps[1:]
    back = torch.stack([moved(one, (-dy, -dx)) for one, (dy, dx) in zip(others, opened.offsets, strict=True)])
    wraps = opened.plan.wraps
    values: dict[str, list[Tensor]] = {name: [] for name in MAP_MEASURES}
    for one, (dy, dx) in zip(back, opened.offsets, strict=True):
        rows, columns = (slice(None), slice(None)) if wraps else (_both(one.shape[0], dy), _both(one.shape[1], dx))
        for name, measure in MAP_MEASURES.items():
            pair = reference[None, rows, columns], one[None, rows, columns]
            values[name].append(measure.function(*pair, wraps, share))
    means = {name: torch.cat(parts).double().nanmean()[None, None] for name, parts in values.items()}
    return means, (reference, others, back)


def _both(size: int, shift: float) -> slice:
    """Pixels of the reference that the shifted picture shows too."""
    low, high = max(-shift, 0.0), min(size - shift, float(size))
    first, last = int(-(-low // 1)), int(high // 1)
    if last - first < 2:
        raise UsageError(f"a shift of {shift:g} pixels leaves nothing to compare of {size}")
    return slice(first, last)
