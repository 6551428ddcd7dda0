"""Kernels and filters that fit an input, and those that are refused."""

from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn.pac.geometry import Window


def is_shared(weight: Tensor, x: Tensor) -> bool:
    """Whether one filter (1, 1, k_h, k_w) serves every channel of the input."""
    return weight.shape[:2] == (1, 1) and x.shape[1] > 1


def check_kernel(kernel: Tensor, x: Tensor, window: Window, owner: str, per_channel: bool = False) -> None:
    """Refuse a kernel that is not (N or 1, 1, k_h, k_w, H_out, W_out), or (N or 1, C, ...) if ``per_channel``."""
    sides, size = window.sides, window.output_size(x.shape[2], x.shape[3])
    channels = (1, x.shape[1]) if per_channel else (1,)
    fits = kernel.dim() == 6 and kernel.shape[0] in (1, x.shape[0]) and kernel.shape[1] in channels
    if not fits or tuple(kernel.shape[2:]) != (*sides, *size):
        allowed = f"1 or {x.shape[1]}" if per_channel else "1"
        raise ValueError(
            f"{owner}: kernel must have shape ({x.shape[0]} or 1, {allowed}, {sides[0]}, {sides[1]}, {size[0]}, "
            f"{size[1]}), got {tuple(kernel.shape)}"
        )


def check_filters(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int, owner: str) -> None:
    """Refuse filters (O, C / groups, k_h, k_w) or (1, 1, k_h, k_w) that do not fit the input."""
    _checks.image_batch(weight, None, owner, "weight")
    shared = is_shared(weight, x)
    if not shared and (groups < 1 or weight.shape[1] * groups != x.shape[1] or weight.shape[0] % groups):
        raise ValueError(
            f"{owner}: weight {tuple(weight.shape)} in {groups} groups does not fit an input of {x.shape[1]} channels"
        )
    filters = x.shape[1] if shared else weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        raise ValueError(f"{owner}: bias must have shape ({filters},), got {tuple(bias.shape)}")


def correlation_filters(weight: Tensor, groups: int, shared: bool) -> Tensor:
    """Turn filters (C, O / G, k_h, k_w) of a transposed convolution into those of the convolution it is: flipped."""
    if weight.dim() != 4 or groups < 1 or (weight.shape[0] % groups and not shared):
        raise ValueError(f"weight of shape {tuple(weight.shape)} cannot be split into {groups} groups")
    flipped = weight.flip(2, 3)
    return flipped if shared else flipped.view(groups, -1, *flipped.shape[1:]).transpose(1, 2).flatten(0, 1)
