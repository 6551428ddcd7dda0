"""Functional forms of the pixel-adaptive operations, over a kernel from `pac_kernel2d`."""

from typing import Literal, get_args

from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn.pac.apply import convolved, pooled
from biasscope.nn.pac.fitting import check_filters, check_kernel, correlation_filters, is_shared
from biasscope.nn.pac.geometry import Transposed, Window
from biasscope.nn.pac.kernel import padded_map
from biasscope.nn.pac.layout import in_layout_of

Reduction = Literal["sum", "mean"]


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
    >>> from biasscope.nn import pac_kernel2d
    >>> x, guidance, weight = torch.rand(1, 8, 6, 6), torch.rand(1, 3, 6, 6), torch.rand(4, 8, 3, 3)
    >>> kernel, _ = pac_kernel2d(guidance, 3, padding=1)
    >>> pac_conv2d(x, kernel, weight, padding=1).shape
    torch.Size([1, 4, 6, 6])
    """
    _checks.image_batch(input, None, "pac_conv2d")
    _checks.real_numbers(input, "pac_conv2d")
    _checks.padding_mode(padding_mode)
    check_filters(input, weight, bias, groups, "pac_conv2d")
    window = Window.of((weight.shape[2], weight.shape[3]), stride, padding, dilation)
    window, x = padded_map(window, padding_mode, input)
    check_kernel(kernel, x, window, "pac_conv2d")
    return in_layout_of(input, convolved(x, kernel, weight, bias, window, groups, native_impl))


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
    >>> from biasscope.nn import pac_kernel2d
    >>> x, guidance, weight = torch.rand(1, 8, 3, 3), torch.rand(1, 3, 6, 6), torch.rand(8, 4, 5, 5)
    >>> geometry = {"stride": 2, "padding": 2, "output_padding": 1}
    >>> kernel, _ = pac_kernel2d(guidance, 5, transposed=True, **geometry)
    >>> pac_conv_transpose2d(x, kernel, weight, **geometry).shape
    torch.Size([1, 4, 6, 6])
    """
    _checks.image_batch(input, None, "pac_conv_transpose2d")
    _checks.real_numbers(input, "pac_conv_transpose2d")
    geometry = Transposed.of((weight.shape[-2], weight.shape[-1]), stride, padding, output_padding, dilation)
    filters = correlation_filters(weight, groups, is_shared(weight, input))
    check_filters(input, filters, bias, groups, "pac_conv_transpose2d")
    window, x = geometry.window(), geometry.insert_zeros(input)
    check_kernel(kernel, x, window, "pac_conv_transpose2d")
    return in_layout_of(input, convolved(x, kernel, filters, bias, window, groups, native_impl))


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
    >>> from biasscope.nn import pac_kernel2d
    >>> x = torch.ones(1, 2, 4, 4)
    >>> kernel, _ = pac_kernel2d(x, 3, normalize_kernel=True)
    >>> bool((pac_pool2d(x, kernel, 3) - 1).abs().max() < 1e-6)
    True
    """
    _checks.image_batch(input, None, "pac_pool2d")
    _checks.real_numbers(input, "pac_pool2d")
    _checks.padding_mode(padding_mode)
    _checks.choice(reduction, "reduction", get_args(Reduction))
    window = Window.of(kernel_size, stride, padding, dilation)
    window, x = padded_map(window, padding_mode, input)
    check_kernel(kernel, x, window, "pac_pool2d", per_channel=True)
    out = in_layout_of(input, pooled(x, kernel.to(x.dtype), window, native_impl))
    return out if reduction == "sum" else out / (window.sides[0] * window.sides[1])
