"""Pixel-adaptive pooling layer."""

from typing import Any, get_args

from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn.pac.functional import Reduction, pac_pool2d
from biasscope.nn.pac.module import PacModule


class PacPool2d(PacModule):
    r"""Pool with a kernel computed from guidance: a SUM over the window unless ``reduction`` or the kernel says else.

    .. math:: y_i = \sum_{j \in \Omega(i)} K(f_i, f_j) \, x_j

    Constant guidance and ``reduction="sum"`` give ``k^2 * AvgPool2d``; ``reduction="mean"`` divides by :math:`k^2` and
    gives ``AvgPool2d(count_include_pad=True)``; ``normalize_kernel`` (with ``"sum"``) gives the kernel-weighted
    average, ``AvgPool2d(count_include_pad=False)`` for constant guidance. With the input as its own guidance, an
    ``inv`` kernel and a smoothed centre, normalised, it is detail-preserving pooling (average: DPP-Lite, full: DPP).

    Parameters
    ----------
    kernel_size, stride, padding, dilation
        Window in pixels, odd sides; output size as ``nn.AvgPool2d``.
    kernel_type
        ``"gaussian"`` or ``"inv_<alpha>_<lambda>[_asym][_fixed]"``: start values, learned unless ``_fixed``; ``_asym``
        keeps only the positive part of :math:`f_j - f_i`.
    smooth_kernel_type
        How the centre feature is filtered: ``"none"``, ``"gaussian"`` (outer product of 1/4, 1/2, 1/4),
        ``"average_<side>"`` (fixed box) or ``"full_<side>"`` (learned, starting as the box).
    normalize_kernel
        Divide the kernel by its sum over the valid pixels of the window.
    channel_wise
        One kernel per channel, from the guidance channel of the same number.
    kernel_channels
        Number of channels when ``channel_wise``; then a learned alpha and lambda have one value per channel.
    reduction
        ``"sum"`` or ``"mean"`` (over all taps).
    padding_mode
        What lies outside the input and the guidance.
    native_impl
        Use plain tensor operations only.
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    Convention: input (N, C, H, W), guidance (N or 1, D, H, W) at the size of the input, mask (N or 1, 1, H, W).
    Source: Su et al., CVPR 2019, section 3.1; detail-preserving pooling: Saeedan et al., CVPR 2018.

    Raises
    ------
    ValueError
        If an option is unknown or shapes do not fit.

    Examples
    --------
    >>> import torch
    >>> pool = PacPool2d(3, stride=2, padding=1, normalize_kernel=True)
    >>> pool(torch.rand(1, 4, 8, 8), torch.rand(1, 2, 8, 8)).shape
    torch.Size([1, 4, 4, 4])
    """

    def __init__(
        self,
        kernel_size: Size2d,
        stride: Size2d = 1,
        padding: Size2d = 0,
        dilation: Size2d = 1,
        *,
        kernel_type: str = "gaussian",
        smooth_kernel_type: str = "none",
        normalize_kernel: bool = False,
        channel_wise: bool = False,
        kernel_channels: int | None = None,
        reduction: Reduction = "sum",
        padding_mode: PaddingMode = "zeros",
        native_impl: bool = False,
        **factory: Any,
    ) -> None:
        if channel_wise != (kernel_channels is not None):
            raise ValueError("channel_wise and kernel_channels are given together or not at all")
        _checks.choice(reduction, "reduction", get_args(Reduction))
        super().__init__(
            kernel_size,
            stride,
            padding,
            dilation,
            kernel_type=kernel_type,
            smooth_kernel_type=smooth_kernel_type,
            normalize_kernel=normalize_kernel,
            native_impl=native_impl,
            kernel_channels=kernel_channels,
            padding_mode=padding_mode,
            factory=factory,
        )
        self.channel_wise, self.reduction = channel_wise, reduction

    def _apply_kernel(self, x: Tensor, kernel: Tensor) -> Tensor:
        return pac_pool2d(
            x,
            kernel,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            reduction=self.reduction,
            padding_mode=self.padding_mode,
            native_impl=self.native_impl,
        )

    def extra_repr(self) -> str:
        """Show geometry, kernel options and reduction."""
        return f"{super().extra_repr()}, channel_wise={self.channel_wise}, reduction={self.reduction!r}"
