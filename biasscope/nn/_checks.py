"""Argument checks that every module of `biasscope.nn` shares."""

from collections.abc import Collection
from typing import Literal, get_args

import torch
from torch import Tensor, nn

PaddingMode = Literal["reflect", "circular", "replicate", "zeros"]
Size2d = int | tuple[int, int]


def pair(value: Size2d, name: str, minimum: int = 1) -> tuple[int, int]:
    """Give ``(vertical, horizontal)`` for an integer or a pair, refusing values below ``minimum``."""
    both = (value, value) if isinstance(value, int) else tuple(value) if hasattr(value, "__len__") else ()
    if torch._C._get_tracing_state() is not None:
        both = tuple(int(v) if isinstance(v, Tensor) else v for v in both)  # sizes are tensors in torch.jit.trace
    if len(both) != 2 or any(isinstance(v, bool) or not isinstance(v, int) or v < minimum for v in both):
        raise ValueError(f"{name} must be an integer >= {minimum} or a pair of them, got {value!r}")
    return both


def choice(value: str, name: str, allowed: Collection[str]) -> None:
    """Refuse a value that is not one of the allowed words."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(sorted(allowed))}; got {value!r}")


def positive(value: float, name: str) -> None:
    """Refuse a number that is not above 0."""
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")


def padding_mode(value: str) -> None:
    """Refuse an unknown padding mode."""
    choice(value, "padding_mode", get_args(PaddingMode))


def real_numbers(x: Tensor, owner: str) -> None:
    """Refuse integers, which a filter of fractions would be rounded to."""
    if not (x.is_floating_point() or x.is_complex()):
        raise ValueError(f"{owner}: input must be floating point, got {x.dtype}; convert it with .float()")


def shareable(layer: nn.Module) -> None:
    """Refuse a layer whose weight is no parameter of its own."""
    if not {"weight", "bias"} <= layer._parameters.keys():
        what = f"the weight of {type(layer).__name__} is made in every pass (weight_norm, spectral_norm, pruning)"
        raise ValueError(f"{what} and cannot be shared: make it permanent first")


def image_batch(x: Tensor, channels: int | None, owner: str, name: str = "input") -> None:
    """Refuse anything but a (N, C, H, W) tensor, with C as stated unless it is None."""
    shape = x.shape
    if len(shape) == 4 and (channels is None or shape[1] == channels):
        return
    if len(shape) != 4:
        raise ValueError(f"{owner}: {name} must have shape (N, C, H, W), got {tuple(shape)}")
    raise ValueError(f"{owner}: {name} must have {channels} channels, got {shape[1]} (shape {tuple(shape)})")
