"""Functional forms of the pixel-adaptive operations, over a kernel from `pac_kernel2d`."""

from typing import Literal, get_args

import torch
from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._context import autocast_dtype, autocast_off, may_use_autograd_function
from biasscope.nn.pac.dense import dense_conv, dense_pool
from biasscope.nn.pac.function import TapwisePool, TiledConv
from biasscope.nn.pac.geometry import Transposed, Window
from biasscope.nn.pac.kernel import pac_kernel2d, padded_maps  # noqa: F401 (the examples use it)
from biasscope.nn.pac.layout import in_layout_of

Reduction = Literal["sum", "mean"]
_FEWEST_TILED_CHANNELS = 8
"""With fewer channels per group the rows of a patch are too short for the tiled path."""


def _check_kernel(
    kernel: Tensor, x: Tensor, sides: tuple[int, int], size: tuple[int, int], owner: str, per_channel: bool = False
) -> None:
    """Refuse a kernel that is not (N or 1, 1, k_h, k_w, H_out, W_out)."""
    channels = (1, x.shape[1]) if per_channel else (1,)
    fits = kernel.dim() == 6 and kernel.shape[0] in (1, x.shape[0]) and kernel.shape[1] in channels
    if not fits or tuple(kernel.shape[2:]) != (*sides, *size):
        allowed = f"1 or {x.shape[1]}" if per_channel else "1"
        raise ValueError(
            f"{owner}: kernel must have shape ({x.shape[0]} or 1, {allowed}, {sides[0]}, {sides[1]}, {size[0]}, "
            f"{size[1]}), got {tuple(kernel.shape)}"
        )


def _check_filters(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int, owner: str) -> None:
    """Refuse filters (O, C / groups, k_h, k_w) or (1, 1, k_h, k_w) that do not fit the input."""
    _checks.image_batch(weight, None, owner, "weight")
    shared = weight.shape[:2] == (1, 1) and x.shape[1] > 1
    if not shared and (groups < 1 or weight.shape[1] * groups != x.shape[1] or weight.shape[0] % groups):
        raise ValueError(
            f"{owner}: weight {tuple(weight.shape)} in {groups} groups does not fit an input of {x.shape[1]} channels"
        )
    filters = x.shape[1] if shared else weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        raise ValueError(f"{owner}: bias must have shape ({filters},), got {tuple(bias.shape)}")


def _autocast(x: Tensor, *others: Tensor | None) -> tuple[Tensor | None, ...]:
    """Cast as autocast casts the arguments of a convolution, or to the type of the input."""
    cast = None if x.dtype == torch.float64 or not x.is_floating_point() else autocast_dtype(x.device)
    dtype = cast or x.dtype
    return tuple(tensor if tensor is None else tensor.to(dtype) for tensor in (x, *others))


def _pool(x: Tensor, kernel: Tensor, window: Window, native_impl: bool) -> Tensor:
    """Sum over windows; ``kernel`` is (N or 1, 1 or C, k_h, k_w, H_out, W_out)."""
    planes = kernel.flatten(2, 3)
    if native_impl or not may_use_autograd_function():
        return dense_pool(x, planes, window)
    out: Tensor = TapwisePool.apply(x, planes, window)
    return out


def _conv(
    x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int, native_impl: bool
) -> Tensor:
    """Convolve by the way that fits; ``kernel`` is (N or 1, 1, k_h, k_w, H_out, W_out)."""
    if weight.shape[:2] == (1, 1) and x.shape[1] > 1:
        out = _pool(x, kernel * weight[0, 0, :, :, None, None], window, native_impl)
        return out if bias is None else out + bias.view(-1, 1, 1)
    planes = kernel[:, 0].flatten(1, 2)
    small = weight.shape[1] < _FEWEST_TILED_CHANNELS
    if native_impl or small or not may_use_autograd_function() or x.shape[0] == 0:
        return dense_conv(x, planes, weight, bias, window, groups)
    result: Tensor = TiledConv.apply(x, planes, weight, bias, window, groups)
    return result


def pac_conv2d(
    input: Tensor,  # noqa: A002 (the name that torch.nn.functional.conv2d gives it)
    kernel: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size2d = 1,
    padding: Size2d = 0,
    dilation: Size2d = 1,
    groups: int = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    native_impl: bool = False,
) -> Tensor:
    r"""Convolve with filters that a pixel-adaptive kernel modulates at every window.

    .. math:: y_i = b + \sum_{j \in \Omega(i)} K_{ij} \, W[p_j - p_i] \, x_j

    Parameters
    ----------
    input
        (N, C, H, W).
    kernel
        K from `pac_kernel2d` with the same geometry, (N or 1, 1, k_h, k_w, H_out, W_out).
    weight
        Filters (O, C / groups, k_h, k_w), or (1, 1, k_h, k_w) to filter every channel with the same one.
    bias, stride, padding, dilation, groups
        As in ``torch.nn.functional.conv2d``.
    padding_mode
        What lies outside the input.
    native_impl
        Use plain tensor operations only.

    Returns
    -------
    (N, O, H_out, W_out), the size of ``torch.nn.functional.conv2d``, in the memory layout of the input.

    Raises
    ------
    ValueError
        If a side is even or shapes do not fit.

    Notes
    -----
    Convention: cross-correlation, like ``torch.nn.functional.conv2d``, which it equals for a kernel of ones.
    The default way builds patches tile by tile and recomputes them in the backward pass; its derivatives exist to any
    order. Source: Su et al., CVPR 2019, equation 3.

    Examples
    --------
    >>> import torch
    >>> x, guidance, weight = torch.rand(1, 8, 6, 6), torch.rand(1, 3, 6, 6), torch.rand(4, 8, 3, 3)
    >>> kernel, _ = pac_kernel2d(guidance, 3, padding=1)
    >>> pac_conv2d(x, kernel, weight, padding=1).shape
    torch.Size([1, 4, 6, 6])
    """
    _checks.image_batch(input, None, "pac_conv2d")
    _checks.padding_mode(padding_mode)
    _check_filters(input, weight, bias, groups, "pac_conv2d")
    window = Window.of((weight.shape[2], weight.shape[3]), stride, padding, dilation)
    window, (padded,) = padded_maps(window, padding_mode, input)
    x, kernel_, weight_, bias_ = _autocast(padded if padded is not None else input, kernel, weight, bias)
    assert x is not None and kernel_ is not None and weight_ is not None  # noqa: S101, PT018
    size = window.output_size(x.shape[2], x.shape[3])
    _check_kernel(kernel_, x, window.sides, size, "pac_conv2d")
    with autocast_off(x.device):
        return in_layout_of(input, _conv(x, kernel_, weight_, bias_, window, groups, native_impl))


def pac_conv_transpose2d(
    input: Tensor,  # noqa: A002
    kernel: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size2d = 1,
    padding: Size2d = 0,
    output_padding: Size2d = 0,
    groups: int = 1,
    dilation: Size2d = 1,
    *,
    native_impl: bool = False,
) -> Tensor:
    """Pixel-adaptive transposed convolution: zeros between the pixels, then a pixel-adaptive convolution.

    Parameters
    ----------
    input
        (N, C, H, W).
    kernel
        K from ``pac_kernel2d(..., transposed=True)`` with the same geometry, (N or 1, 1, k_h, k_w, H_out, W_out): tap
        (a, b) belongs to the pixel at offset (a - k_h // 2, b - k_w // 2) times dilation from the output pixel.
    weight
        Filters (C, O / groups, k_h, k_w), or (1, 1, k_h, k_w) to filter every channel with the same one.
    bias, stride, padding, output_padding, groups, dilation
        As in ``torch.nn.functional.conv_transpose2d``.
    native_impl
        Use plain tensor operations only.

    Returns
    -------
    (N, O, H_out, W_out), the size of ``torch.nn.functional.conv_transpose2d``, in the memory layout of the input.

    Raises
    ------
    ValueError
        If a side is even or shapes do not fit.

    Notes
    -----
    Convention: the filter has the orientation of ``torch.nn.functional.conv_transpose2d``, which the operation equals
    for a kernel of ones; the pretrained filter of a transposed convolution may be used as it is.
    Source: Su et al., CVPR 2019, section 3.1.

    Examples
    --------
    >>> import torch
    >>> x, guidance, weight = torch.rand(1, 8, 3, 3), torch.rand(1, 3, 6, 6), torch.rand(8, 4, 5, 5)
    >>> geometry = {"stride": 2, "padding": 2, "output_padding": 1}
    >>> kernel, _ = pac_kernel2d(guidance, 5, transposed=True, **geometry)
    >>> pac_conv_transpose2d(x, kernel, weight, **geometry).shape
    torch.Size([1, 4, 6, 6])
    """
    _checks.image_batch(input, None, "pac_conv_transpose2d")
    geometry = Transposed.of((weight.shape[-2], weight.shape[-1]), stride, padding, output_padding, dilation)
    filters = correlation_filters(weight, groups, shared=weight.shape[:2] == (1, 1) and input.shape[1] > 1)
    _check_filters(input, filters, bias, groups, "pac_conv_transpose2d")
    x, kernel_, filters_, bias_ = _autocast(geometry.insert_zeros(input), kernel, filters, bias)
    assert x is not None and kernel_ is not None and filters_ is not None  # noqa: S101, PT018
    window = geometry.window()
    size = window.output_size(x.shape[2], x.shape[3])
    _check_kernel(kernel_, x, window.sides, size, "pac_conv_transpose2d")
    with autocast_off(x.device):
        return in_layout_of(input, _conv(x, kernel_, filters_, bias_, window, groups, native_impl))


def correlation_filters(weight: Tensor, groups: int, shared: bool) -> Tensor:
    """Turn filters (C, O / G, k_h, k_w) of a transposed convolution into those of the convolution it is: flipped."""
    if weight.dim() != 4 or groups < 1 or (weight.shape[0] % groups and not shared):
        raise ValueError(f"weight of shape {tuple(weight.shape)} cannot be split into {groups} groups")
    flipped = weight.flip(2, 3)
    return flipped if shared else flipped.view(groups, -1, *flipped.shape[1:]).transpose(1, 2).flatten(0, 1)


def pac_pool2d(
    input: Tensor,  # noqa: A002
    kernel: Tensor,
    kernel_size: Size2d,
    stride: Size2d = 1,
    padding: Size2d = 0,
    dilation: Size2d = 1,
    *,
    reduction: Reduction = "sum",
    padding_mode: PaddingMode = "zeros",
    native_impl: bool = False,
) -> Tensor:
    r"""Pool with a pixel-adaptive kernel.

    .. math:: y_i = \sum_{j \in \Omega(i)} K_{ij} \, x_j \quad (\text{sum}), \qquad
              y_i = \frac{1}{k_h k_w} \sum_{j \in \Omega(i)} K_{ij} \, x_j \quad (\text{mean})

    Parameters
    ----------
    input
        (N, C, H, W).
    kernel
        K from `pac_kernel2d` with the same geometry, (N or 1, 1 or C, k_h, k_w, H_out, W_out).
    kernel_size, stride, padding, dilation, padding_mode
        Geometry of the window; output size as in ``nn.AvgPool2d``.
    reduction
        ``"sum"``, or ``"mean"``: over all taps, whatever the kernel, so a kernel of ones gives
        ``nn.AvgPool2d(count_include_pad=True)``. A normalised kernel with ``"sum"`` is the weighted average.
    native_impl
        Use plain tensor operations only.

    Returns
    -------
    (N, C, H_out, W_out).

    Raises
    ------
    ValueError
        If a side is even or shapes do not fit.

    Notes
    -----
    Source: Su et al., CVPR 2019, section 3.1.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(1, 2, 4, 4)
    >>> kernel, _ = pac_kernel2d(x, 3, normalize_kernel=True)
    >>> bool((pac_pool2d(x, kernel, 3) - 1).abs().max() < 1e-6)
    True
    """
    _checks.image_batch(input, None, "pac_pool2d")
    _checks.padding_mode(padding_mode)
    _checks.choice(reduction, "reduction", get_args(Reduction))
    window = Window.of(kernel_size, stride, padding, dilation)
    window, (padded,) = padded_maps(window, padding_mode, input)
    x = padded if padded is not None else input
    size = window.output_size(x.shape[2], x.shape[3])
    _check_kernel(kernel, x, window.sides, size, "pac_pool2d", per_channel=True)
    out = in_layout_of(input, _pool(x, kernel.to(x.dtype), window, native_impl))
    return out if reduction == "sum" else out / (window.sides[0] * window.sides[1])
