"""Held-out images in all versions of a grid, and what the answers say image by image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biasscope.copies.train.settings import Training
from biasscope.copies.views import Views
from biasscope.core.errors import UsageError
from biasscope.metrics.functional.consistency import earlier_alike

Values = NDArray[np.float64]


@torch.no_grad()
def answers(
    network: nn.Module,
    views: Views,
    training: Training | None = None,
    *,
    versions: Tensor | None = None,
    batch: int = 512,
) -> Tensor:
    """Answers of a network to versions of all images.

    Parameters
    ----------
    network
        It is put into evaluation mode.
    views
        Held-out images, on the network's device.
    training
        Precision and layout of the forward passes.
    versions
        Indices of the versions, (P,); all of them without.
    batch
        Versions a forward pass.

    Returns
    -------
    Index of the largest output, int16 (P, N), on the CPU.
    """
    settings = training or Training()
    network.eval()
    device, count = views.images.device, len(views.images)
    asked = torch.arange(len(views.pool)) if versions is None else versions
    asked = asked.to(device)
    pairs = torch.arange(len(asked) * count, device=device)
    found = []
    for part in torch.split(pairs, batch):
        x = views(part % count, asked[part // count]).contiguous(memory_format=settings.layout())
        with settings.precision(device):
            found.append(network(x).argmax(1).to(torch.int16))
    return torch.cat(found).view(len(asked), count).cpu()


def consistency_by_image(predictions: Tensor, targets: Tensor) -> Values:
    """Share of pairs of versions that are answered alike, for every image; its mean is `metrics.consistency`."""
    pairs = len(predictions) * (len(predictions) - 1) // 2
    alike = earlier_alike(predictions.long()).sum(0)
    return np.asarray(alike.double() / pairs if pairs else torch.full_like(alike, torch.nan, dtype=torch.float64))


def accuracy_by_image(predictions: Tensor, targets: Tensor) -> Values:
    """Share of versions that are answered right, for every image; its mean is `metrics.accuracy`."""
    return np.asarray((predictions == targets).double().mean(0))


def worst_case_by_image(predictions: Tensor, targets: Tensor) -> Values:
    """Whether all versions are answered right, for every image; its mean is `metrics.worst_case`."""
    return np.asarray((predictions == targets).all(0).double())


MEASURES: dict[str, Callable[[Tensor, Tensor], Values]] = {
    "consistency": consistency_by_image,
    "accuracy": accuracy_by_image,
    "worst_case": worst_case_by_image,
}
"""Measures of which an augmentation sweep fits the growth, by the names of `biasscope.metrics.METRICS`."""


def by_image(name: str, predictions: Tensor, targets: Tensor) -> Values:
    """Measure by name, (N,).

    Raises
    ------
    UsageError
        There is no such measure.

    Examples
    --------
    >>> by_image("accuracy", torch.tensor([[3, 1], [3, 2]]), torch.tensor([3, 1])).tolist()
    [1.0, 0.5]
    """
    if name not in MEASURES:
        raise UsageError(f"measure {name!r} is not known", hint=f"There are: {', '.join(MEASURES)}.")
    return MEASURES[name](predictions, targets)
