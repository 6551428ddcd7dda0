"""Pixel-adaptive layers with the guidance of another picture: what a shift does when the guidance stays behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.surgery.layers import GuidedPacConv2d

Guidance = Callable[..., Tensor]


@contextmanager
def frozen_guidance(
    model: nn.Module, reference: Tensor, shift: tuple[int, int] = (0, 0)
) -> Iterator[dict[str, Tensor]]:
    """Let every pixel-adaptive layer take the guidance that it has for a reference, whatever picture it is given.

    Parameters
    ----------
    model
        A form that `biasscope.models.pac` made. It is left as it was, also after an exception.
    reference
        Input (N, C, H, W), or (1, C, H, W) for all pictures; the model runs once on it.
    shift
        Positions (down, right) that the guidance is rolled by: with it the guidance moves along with the picture.

    Yields
    ------
        Guidance by the name of the layer, as it was for the reference.

    Notes
    -----
    A pixel-adaptive convolution with its picture and its guidance moved gives the moved response. With the picture
    moved alone it gives, beside that, the sum over its window of (K(f_i, f_j) - K(f_{i-s}, f_{j-s})) W v_{j-s}: nothing
    where guidance is constant. Source: Su et al., CVPR 2019, equation 3.

    Raises
    ------
    UsageError
        The model has no such layer, or a picture does not fit the reference.

    Examples
    --------
    >>> from biasscope.models import pac
    >>> net = pac(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular")), "0", scale=1.0)
    >>> x = torch.rand(1, 1, 8, 8)
    >>> with frozen_guidance(net, x, (0, 1)), torch.no_grad():
    ...     moved = net(x.roll(1, 3))
    >>> torch.allclose(moved, net(x).roll(1, 3), atol=1e-6)
    True
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, GuidedPacConv2d)}
    if not layers:
        raise UsageError("the model has no pixel-adaptive layer whose guidance could be frozen")
    kept: dict[str, Tensor] = {}
    try:
        for name, layer in layers.items():
            vars(layer)["guidance"] = _keeping(name, layer.guidance, kept)
        with torch.no_grad():
            model(reference)
        for name, layer in layers.items():
            vars(layer)["guidance"] = _given(name, kept, shift)
        yield kept
    finally:
        for layer in layers.values():
            vars(layer).pop("guidance", None)


def _keeping(name: str, own: Guidance, kept: dict[str, Tensor]) -> Guidance:
    def guidance(x: Tensor, features: Tensor | None = None) -> Tensor:
        kept[name] = own(x, features)
        return kept[name]

    return guidance


def _given(name: str, kept: dict[str, Tensor], shift: tuple[int, int]) -> Guidance:
    def guidance(x: Tensor, _features: Tensor | None = None) -> Tensor:
        if name not in kept:
            raise UsageError("the reference did not reach this layer", where=name)
        own = kept[name]
        if own.shape[-2:] != x.shape[-2:] or own.shape[0] not in (1, x.shape[0]):
            what = f"guidance {tuple(own.shape)} of the reference does not fit maps {tuple(x.shape)}"
            raise UsageError(what, where=name, hint="Give pictures of the reference's size, and as many.")
        return own.to(x).roll(shift, (-2, -1)).expand(x.shape[0], -1, -1, -1)

    return guidance
