"""Anti-aliased strided convolution."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn.antialias.blur import BlurPool2d


class AntialiasedConv2d(nn.Conv2d):
    """Convolution at stride 1, activation, then blur and subsample.

    ``ReLU(Conv(k, stride=s))`` becomes ``BlurPool(m, stride=s)(ReLU(Conv(k, stride=1)))``: the blur comes AFTER the
    non-linearity.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode
        As in ``nn.Conv2d``. ``stride`` is the subsampling factor.
    filter_size, blur_padding_mode
        As in `BlurPool2d`; with ``filter_size=1`` the result is that of ``activation(nn.Conv2d(...))``.
    activation
        Pointwise function between convolution and blur; none if not given.
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    The parameters have the names and shapes of ``nn.Conv2d`` and the blur holds no persistent state, so state dicts
    of the strided convolution load unchanged. Output size is that of the strided convolution.
    Source: Zhang, ICML 2019, section 3.2 (strided convolution).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import torch
    >>> layer = AntialiasedConv2d(3, 8, 3, stride=2, padding=1, activation=torch.relu)
    >>> layer.load_state_dict(torch.nn.Conv2d(3, 8, 3, stride=2, padding=1).state_dict())
    <All keys matched successfully>
    >>> layer(torch.rand(1, 3, 9, 9)).shape
    torch.Size([1, 8, 5, 5])
    """

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d = 2,
        padding: Size2d | str = 0,
        dilation: Size2d = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        *,
        filter_size: int = 4,
        blur_padding_mode: PaddingMode = "reflect",
        activation: Callable[[Tensor], Tensor] | None = None,
        **factory: Any,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, 1, padding, dilation, groups, bias, padding_mode, **factory
        )
        self.blur = BlurPool2d(out_channels, filter_size, stride, blur_padding_mode, **factory)
        self.activation = activation

    @classmethod
    def from_conv(
        cls,
        conv: nn.Conv2d,
        filter_size: int = 4,
        blur_padding_mode: PaddingMode = "reflect",
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> "AntialiasedConv2d":
        """Anti-alias a strided convolution, sharing its parameters.

        Examples
        --------
        >>> import torch
        >>> conv = torch.nn.Conv2d(3, 4, 3, stride=2)
        >>> AntialiasedConv2d.from_conv(conv).weight is conv.weight
        True
        """
        _checks.shareable(conv)
        layer = cls(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            conv.dilation,  # type: ignore[arg-type]
            conv.groups,
            conv.bias is not None,
            conv.padding_mode,
            filter_size=filter_size,
            blur_padding_mode=blur_padding_mode,
            activation=activation,
            device=torch.device("meta"),
        )
        layer.blur = BlurPool2d(
            conv.out_channels, filter_size, layer.blur.stride, blur_padding_mode,
            device=conv.weight.device, dtype=conv.weight.dtype,
        )  # fmt: skip
        layer.weight, layer.bias = conv.weight, conv.bias
        return layer.train(conv.training)

    @one_step
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that nn.Conv2d gives it)
        """Convolve, activate, blur and subsample (N, C, H, W)."""
        out = self._conv_forward(input, self.weight, self.bias)
        if self.activation is not None:
            out = self.activation(out)
        blurred: Tensor = self.blur(out)
        return blurred
