"""What the classifier does with the last map: pool it, or tell its positions apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from biasscope.models.borrow import same_draws
from biasscope.models.failures import networks_own
from biasscope.models.outputs import scores, tensors, with_pictures
from biasscope.trace.layer import Layer
from biasscope.trace.watch import Call, Watch

SEED, SWAPS, LEVELS = 0, 3, 8
ROLLS = ((0, 0), (0, 1), (1, 0), (3, 2))
"""Circular shifts (vertical, horizontal), the first of them none."""


def swap_error(model: nn.Module, example: Tensor, layer: Layer) -> float | None:
    """Relative change of the answer when the positions of one layer's map change places.

    Parameters
    ----------
    model
        In evaluation mode; left as it was.
    example
        Pictures (N, C, H, W).
    layer
        Module or function whose maps are rolled by one position, and put into random orders.

    Returns
    -------
        Largest L2 change divided by the answer's L2 norm: exactly 0 if only pooling follows. ``None`` if the answer is
        not (N, classes) of finite numbers, or 0 whatever the map.

    Notes
    -----
    The map is replaced by small whole numbers, of which sums are exact in any order.
    """
    shape = (layer.channels, *layer.size)
    draw = torch.Generator().manual_seed(SEED)
    maps = torch.randint(0, LEVELS, shape, generator=draw).to(example.dtype)
    swapped = [maps.roll((1, 1), (-2, -1)), maps.roll(1, -1)]
    for _ in range(SWAPS):
        order = torch.randperm(layer.size[0] * layer.size[1], generator=draw)
        swapped.append(maps.flatten(1)[:, order].reshape(shape))
    return _change([_answer(model, example, layer, one) for one in (maps, *swapped)])


def circular_error(model: nn.Module, example: Tensor) -> float | None:
    """Relative change of the answer over a few circular shifts of a picture (1, C, H, W).

    Returns
    -------
        Largest L2 change divided by the answer's L2 norm; ``None`` if the answer is not (N, classes) of finite numbers,
        or 0.
    """
    with torch.no_grad():
        return _change([_scores(model, example.roll(shift, (-2, -1))) for shift in ROLLS])


def _answer(model: nn.Module, example: Tensor, layer: Layer, maps: Tensor) -> Tensor | None:
    """What the model answers when one call of a module or function gives these maps."""

    def receive(call: Call) -> None:
        if (call.name, call.number) == (layer.place.name, layer.place.call):
            own = list(tensors(call.output))[layer.place.item]
            layer.maps(own).copy_(maps.to(own).expand_as(layer.maps(own)))

    functional = layer.module is None
    with torch.no_grad(), Watch(model, receive, {layer.place.name}, functional) as watch:
        watch.begin()
        return _scores(model, example)


def _scores(model: nn.Module, x: Tensor) -> Tensor | None:
    """Class scores (N, classes) that are finite numbers, if there are such; masked classes (-inf) are left out."""
    with networks_own(x.shape[1:]), same_draws():  # what a network draws is no change that a swap makes
        output = model(x.clone())  # models may work in place on what they are given
    found = scores(output)
    found = None if found is None else with_pictures(found, len(x))
    if found is None or found.dim() != 2 or found.is_complex():
        return None
    kept = found[:, ~found.isneginf().all(0)]
    return kept if kept.shape[1] and bool(kept.isfinite().all()) else None


def _change(answers: Sequence[Tensor | None]) -> float | None:
    """Largest L2 distance from the first answer by its norm; ``None`` where one is missing or the norm is 0."""
    known = [answer.double() for answer in answers if answer is not None]
    if len(known) < len(answers) or len({answer.shape for answer in known}) > 1:
        return None
    first, *others = known
    norm = float(first.norm())
    return max(float((other - first).norm()) for other in others) / norm if norm else None
