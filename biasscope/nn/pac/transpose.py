"""Pixel-adaptive transposed convolution layer."""

from typing import Any, Self

from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import Size2d
from biasscope.nn.pac.fillers import Filler
from biasscope.nn.pac.filtered import FilteredPacModule
from biasscope.nn.pac.functional import pac_conv_transpose2d
from biasscope.nn.pac.geometry import Transposed


class PacConvTranspose2d(FilteredPacModule):
    """Transposed convolution whose filter is modulated at every output pixel by a kernel of guidance features.

    ``stride - 1`` zeros are put between the pixels of the input, then a pixel-adaptive convolution of stride 1 follows.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation
        As in ``nn.ConvTranspose2d``; sides of the kernel are odd.
    kernel_type, smooth_kernel_type, normalize_kernel
        As in `PacPool2d`. The normaliser counts neither padding nor inserted zeros.
    shared_filters
        One (1, 1, k_h, k_w) filter for every channel, each filtered alone; the bias stays per channel.
    filler
        As in `PacConv2d`; ``"linear"`` (equal channels, kernel_size >= 2 stride - 1) starts as bilinear upsampling.
    native_impl
        Use plain tensor operations only.
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    Convention: input (N, C, H, W), guidance (N or 1, D, H_out, W_out) at the size of the OUTPUT, mask (N or 1, 1, H, W)
    at the size of the input. With constant guidance the layer equals ``nn.ConvTranspose2d`` with the same weight, in
    the same orientation, and its state dict is the same. Source: Su et al., CVPR 2019, section 3.1.

    Raises
    ------
    ValueError
        If an option is unknown or shapes do not fit.

    Examples
    --------
    >>> import torch
    >>> layer = PacConvTranspose2d(8, 4, 5, stride=2, padding=2, output_padding=1)
    >>> layer(torch.rand(1, 8, 4, 4), torch.rand(1, 3, 8, 8)).shape
    torch.Size([1, 4, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d = 1,
        padding: Size2d = 0,
        output_padding: Size2d = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size2d = 1,
        *,
        kernel_type: str = "gaussian",
        smooth_kernel_type: str = "none",
        normalize_kernel: bool = False,
        shared_filters: bool = False,
        filler: Filler = "uniform",
        native_impl: bool = False,
        **factory: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            stride,
            padding,
            dilation,
            kernel_type=kernel_type,
            smooth_kernel_type=smooth_kernel_type,
            normalize_kernel=normalize_kernel,
            native_impl=native_impl,
            factory=factory,
        )
        self.output_padding = _checks.pair(output_padding, "output_padding", 0)
        self._transposed()
        shape = (in_channels, out_channels // max(groups, 1))
        self._make_filter((in_channels, out_channels), groups, bias, shared_filters, filler, shape, factory)

    @classmethod
    def from_conv(cls, conv: nn.ConvTranspose2d, **options: Any) -> Self:
        """Take the place of a transposed convolution, sharing its parameters.

        Examples
        --------
        >>> conv = nn.ConvTranspose2d(8, 4, 3, stride=2)
        >>> PacConvTranspose2d.from_conv(conv).weight is conv.weight
        True
        """
        return cls._sharing(conv, padding=conv.padding, output_padding=conv.output_padding, **options)

    def _transposed(self) -> Transposed:
        return Transposed.of(self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation)

    def _geometry(self) -> dict[str, Any]:
        return {"transposed": True, "output_padding": self.output_padding}

    def _expected(self, x: Tensor) -> tuple[int, int]:
        return self._transposed().output_size(x.shape[2], x.shape[3])

    def _apply_kernel(self, x: Tensor, kernel: Tensor) -> Tensor:
        return pac_conv_transpose2d(
            x,
            kernel,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
            native_impl=self.native_impl,
        )
