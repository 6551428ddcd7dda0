"""Pixel-adaptive convolution layer."""

from typing import Any, Self

from torch import Tensor, nn

from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._padding import reach
from biasscope.nn.pac.fillers import Filler
from biasscope.nn.pac.filtered import FilteredPacModule
from biasscope.nn.pac.functional import pac_conv2d


class PacConv2d(FilteredPacModule):
    r"""Convolution whose filter is modulated at every pixel by a kernel of guidance features.

    .. math:: y_i = b + \sum_{j \in \Omega(i)} K(f_i, f_j) \, W[p_j - p_i] \, x_j, \qquad
              K_{gaussian}(f_i, f_j) = e^{-\lVert f_j - f_i \rVert^2 / 2}

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        As in ``nn.Conv2d``; sides of the kernel are odd, padding is a number of pixels.
    padding_mode
        What lies outside the input and the guidance.
    kernel_type, smooth_kernel_type, normalize_kernel
        As in `PacPool2d`.
    shared_filters
        One (1, 1, k_h, k_w) filter for every channel, each filtered alone; the bias stays per channel.
    filler
        Initialisation: ``"uniform"`` (that of ``nn.Conv2d``), ``"crf"``, ``"crf_perturbed"``, and with
        ``shared_filters`` ``"pool"`` or ``"crf_pool"``, whose weight is a buffer; see `fill_`.
    native_impl
        Use plain tensor operations only (slower, more memory, same values).
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    Convention: input (N, C, H, W), guidance (N or 1, D, H, W) at the size of the INPUT, also where the layer strides
    (the centre tap of each window is read); mask (N or 1, 1, H, W). Output sizes and the state dict are those of
    ``nn.Conv2d``. There is no bandwidth: the scale of the guidance is the bandwidth, and guidance times e deviates from
    the plain convolution by O(e^2). The layer is equivariant to shifts of input and guidance together.
    Derivatives exist to any order. Source: Su et al., "Pixel-Adaptive Convolutional Neural Networks", CVPR 2019,
    equation 3.

    Raises
    ------
    ValueError
        If an option is unknown or shapes do not fit.

    Examples
    --------
    >>> import torch
    >>> layer = PacConv2d(16, 8, 3, padding=1)
    >>> x, guidance = torch.rand(2, 16, 6, 6), torch.rand(2, 3, 6, 6)
    >>> layer(x, guidance).shape
    torch.Size([2, 8, 6, 6])
    >>> kernel, _ = layer.compute_kernel(guidance)
    >>> torch.equal(layer(x, kernel=kernel), layer(x, guidance))
    True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d = 1,
        padding: Size2d = 0,
        dilation: Size2d = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
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
            padding_mode=padding_mode,
            factory=factory,
        )
        channels = (in_channels, out_channels)
        shape = (out_channels, in_channels // max(groups, 1))
        self._make_filter(channels, groups, bias, shared_filters, filler, shape, factory)

    @classmethod
    def from_conv(cls, conv: nn.Conv2d, **options: Any) -> Self:
        """Take the place of a convolution, sharing its parameters.

        Examples
        --------
        >>> conv = nn.Conv2d(16, 8, 3, padding="same")
        >>> PacConv2d.from_conv(conv).weight is conv.weight
        True
        """
        padding = conv.padding
        if isinstance(padding, str):
            rows, columns = reach(conv.kernel_size, conv.dilation)
            padding = (rows // 2, columns // 2) if padding == "same" else (0, 0)
        return cls._sharing(conv, padding=padding, padding_mode=conv.padding_mode, **options)

    def _apply_kernel(self, x: Tensor, kernel: Tensor) -> Tensor:
        return pac_conv2d(
            x,
            kernel,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            padding_mode=self.padding_mode,
            native_impl=self.native_impl,
        )
