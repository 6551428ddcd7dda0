"""What the classifier does with the last map: pool it, or read every position on its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from biasscope.trace.layer import Layer
from biasscope.trace.watch import public_name, tensors

SEED, SWAPS, LEVELS = 0, 3, 8


def swap_error(model: nn.Module, example: Tensor, layer: Layer) -> float | None:
    """Relative change of the answer when the positions of one layer's map change places.

    Parameters
    ----------
    model
        In evaluation mode; left as it was.
    example
        Pictures (N, C, H, W).
    layer
        Whose maps are rolled by one position, and put into random orders.

    Returns
    -------
        Largest L2 change divided by the answer's L2 norm: exactly 0 if only pooling follows. ``None`` if the answer is
        not (N, classes), or 0 whatever the map.

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
    answers = [_answer(model, example, layer, one) for one in (maps, *swapped)]
    if any(answer is None for answer in answers):
        return None
    first, *others = (answer.double() for answer in answers if answer is not None)
    norm = float(first.norm())
    return max(float((other - first).norm()) for other in others) / norm if norm else None


def _answer(model: nn.Module, example: Tensor, layer: Layer, maps: Tensor) -> Tensor | None:
    """What the model answers when one call of the layer gives these maps."""
    names = {public_name(name): module for name, module in model.named_modules() if "_orig_mod" not in module._modules}
    calls = 0

    def hook(_module: nn.Module, _args: Any, output: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == layer.place.call + 1:
            own = list(tensors(output))[layer.place.item]
            layer.maps(own).copy_(maps.to(own).expand_as(layer.maps(own)))

    handle = names[layer.place.name].register_forward_hook(hook)
    try:
        with torch.no_grad():
            answer = next(tensors(model(example)), None)
            return answer if answer is not None and answer.dim() == 2 else None
    finally:
        handle.remove()
