"""The pixel-adaptive kernel: how much each tap of each window counts, from the guidance."""

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._context import autocast_off
from biasscope.nn._padding import pad2d
from biasscope.nn.pac.distance import Distance, squared_distance
from biasscope.nn.pac.eager import full_precision
from biasscope.nn.pac.geometry import Transposed, Window
from biasscope.nn.pac.normalise import normalised

KernelFunction = Literal["gaussian", "inv"]
_EPSILON = 1e-4


def _smoothed(guidance: Tensor, smooth_weight: Tensor | None, mode: PaddingMode) -> Tensor | None:
    """Filter every guidance channel with one odd kernel, the border handled so that a constant stays a constant."""
    if smooth_weight is None:
        return None
    if smooth_weight.dim() != 2 or smooth_weight.shape[0] % 2 == 0 or smooth_weight.shape[1] % 2 == 0:
        raise ValueError(f"smooth_weight must be an odd (h, w) filter, got shape {tuple(smooth_weight.shape)}")
    n, d, height, width = guidance.shape
    rows, columns = smooth_weight.shape[0] // 2, smooth_weight.shape[1] // 2
    planes = pad2d(guidance, (rows, rows), (columns, columns), "replicate" if mode == "zeros" else mode)
    planes = planes.reshape(n * d, 1, *planes.shape[2:])
    return F.conv2d(planes, smooth_weight.to(guidance.dtype)[None, None]).view(n, d, height, width)


def padded_maps(window: Window, mode: PaddingMode, *maps: Tensor | None) -> tuple[Window, tuple[Tensor | None, ...]]:
    """Pad maps by a mode other than zeros and give the window over the padded maps."""
    if mode == "zeros":
        return window, maps
    vertical, horizontal = zip(window.before, window.after, strict=True)
    padded = (x if x is None else pad2d(x, vertical, horizontal, mode) for x in maps)
    return window.unpadded(), tuple(padded)


def padded_map(window: Window, mode: PaddingMode, x: Tensor) -> tuple[Window, Tensor]:
    """Likewise for one map."""
    over, (padded,) = padded_maps(window, mode, x)
    return over, x if padded is None else padded


def _affinity(distance: Tensor, kernel_type: str, alpha: Tensor | float | None, lam: Tensor | float | None) -> Tensor:
    """Turn squared distances (N, ., taps, H, W) into kernel values."""
    if kernel_type == "gaussian":
        return (distance * -0.5).exp()
    if alpha is None or lam is None:
        raise ValueError("kernel_type 'inv' needs inv_alpha and inv_lambda")
    offset, power = (x.view(-1, 1, 1, 1) if isinstance(x, Tensor) and x.dim() else x for x in (alpha, lam))
    half = power * 0.5  # the exporter of torch 2.11 to ONNX cannot take a division of the parameter
    return offset + (distance + _EPSILON) ** half


def _check(guidance: Tensor, mask: Tensor | None, size: tuple[int, int], kernel_type: str, mode: str) -> None:
    _checks.choice(kernel_type, "kernel_type", get_args(KernelFunction))
    _checks.padding_mode(mode)
    if mask is None:
        return
    _checks.image_batch(mask, 1, "pac_kernel2d", "mask")
    if tuple(mask.shape[2:]) != size:
        raise ValueError(f"pac_kernel2d: mask must have the size {size} of the input, got {tuple(mask.shape[2:])}")
    if mask.shape[0] not in (1, guidance.shape[0]) and guidance.shape[0] != 1:
        raise ValueError(f"pac_kernel2d: mask of batch {mask.shape[0]} does not fit guidance of {guidance.shape[0]}")


def pac_kernel2d(
    guidance: Tensor,
    kernel_size: Size2d,
    stride: Size2d = 1,
    padding: Size2d = 0,
    dilation: Size2d = 1,
    *,
    kernel_type: KernelFunction = "gaussian",
    inv_alpha: Tensor | float | None = None,
    inv_lambda: Tensor | float | None = None,
    asymmetric: bool = False,
    smooth_weight: Tensor | None = None,
    channel_wise: bool = False,
    normalize_kernel: bool = False,
    mask: Tensor | None = None,
    padding_mode: PaddingMode = "zeros",
    transposed: bool = False,
    output_padding: Size2d = 0,
    native_impl: bool = False,
) -> tuple[Tensor, Tensor | None]:
    r"""Compute the pixel-adaptive kernel of a guidance map.

    With the guidance features f, window centre i and tap j, and squared distance
    :math:`s = \sum_d (f_{j,d} - f_{i,d})^2`:

    .. math:: K_{gaussian} = e^{-s/2}, \qquad K_{inv} = \alpha + (s + 10^{-4})^{\lambda/2}

    There is no bandwidth: the scale lies in f.

    Parameters
    ----------
    guidance
        Features (N, D, H, W), at the size of the input; for ``transposed`` at the size of the output. A batch of one
        serves every image.
    kernel_size, stride, padding, dilation, output_padding, padding_mode
        Geometry of the operation that the kernel is for. Sides are odd.
    kernel_type, inv_alpha, inv_lambda
        The function above; alpha and lambda are numbers, scalars, or vectors (D,) if ``channel_wise``.
    asymmetric
        Replace :math:`f_j - f_i` by its positive part.
    smooth_weight
        Odd filter (h, w) applied to every guidance channel before the centre :math:`f_i` is read; the taps stay raw.
    channel_wise
        One kernel per guidance channel instead of one over all.
    normalize_kernel
        Divide by the sum over the valid pixels of the window: no padding, no inserted zeros, nothing masked. Windows
        without a valid pixel get zeros.
    mask
        1 where the input counts, (N, 1, H, W) at the size of the input. Without ``normalize_kernel`` the kernel is
        multiplied by valid count / unmasked count.
    transposed
        The kernel is for a transposed convolution with this stride, padding and output_padding.
    native_impl
        Use plain tensor operations only (slower, more memory, same values).

    Returns
    -------
    The kernel (N, 1, k_h, k_w, H_out, W_out), or (N, D, ...) if ``channel_wise``; and the mask of the output
    (N, 1, H_out, W_out), 1 where any pixel of the window counts, or None without a mask.

    Raises
    ------
    ValueError
        If a side is even, an option unknown, or shapes do not fit.

    Notes
    -----
    Convention: tap (a, b) is the pixel at offset ((a - k_h // 2) d, (b - k_w // 2) d) from the centre, as in
    cross-correlation. Outside the map the guidance repeats its border; those taps meet zeros of the input, so this
    matters only where the centre itself lies outside, and there it keeps constant guidance constant. Float16 and
    bfloat16 guidance is compared in float32, guidance of integers (a picture of bytes) in the default type.
    Source: Su et al., "Pixel-Adaptive Convolutional Neural Networks", CVPR 2019, section 3; inverse kernel and
    smoothed centre: Saeedan et al., "Detail-Preserving Pooling in Deep Networks", CVPR 2018.

    Examples
    --------
    >>> import torch
    >>> kernel, _ = pac_kernel2d(torch.zeros(1, 2, 4, 4), 3, padding=1)
    >>> kernel.shape, bool((kernel == 1).all())
    (torch.Size([1, 1, 3, 3, 4, 4]), True)
    """
    _checks.image_batch(guidance, None, "pac_kernel2d", "guidance")
    transpose = Transposed.of(kernel_size, stride, padding, output_padding, dilation) if transposed else None
    window = transpose.window() if transpose else Window.of(kernel_size, stride, padding, dilation)
    height, width = guidance.shape[2:]
    size = transpose.input_size(height, width) if transpose else (height, width)
    _check(guidance, mask, size, kernel_type, padding_mode)
    with autocast_off(guidance.device):
        features = full_precision(guidance)
        smooth = _smoothed(features, smooth_weight, padding_mode)
        over, (around, smooth, mask) = padded_maps(window, padding_mode, features, smooth, mask)
        features = features if around is None else around
        distance = Distance(transpose.guidance_window() if transpose else over, asymmetric, channel_wise)
        squares = distance.plain(features, smooth) if native_impl else squared_distance(features, smooth, distance)
        kernel = _affinity(squares, kernel_type, inv_alpha, inv_lambda)
        size = size if transpose else (features.shape[2], features.shape[3])
        kernel, out_mask = normalised(kernel, size, over, transpose, normalize_kernel, mask)
    dtype = guidance.dtype if guidance.is_floating_point() else kernel.dtype
    return kernel.view(*kernel.shape[:2], *window.sides, *kernel.shape[3:]).to(dtype), out_mask
