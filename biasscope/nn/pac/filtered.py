"""What the two pixel-adaptive convolutions have in common: a filter with its initialisation."""

from typing import Any, Self, get_args

import torch
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn.pac.fillers import FIXED_FILLERS, Filler, fill_
from biasscope.nn.pac.module import PacModule


class FilteredPacModule(PacModule):
    """Base of `PacConv2d` and `PacConvTranspose2d`."""

    weight: Tensor
    bias: Tensor | None

    def _make_filter(
        self,
        channels: tuple[int, int],
        groups: int,
        bias: bool,
        shared_filters: bool,
        filler: Filler,
        shape: tuple[int, int],
        factory: dict[str, Any],
    ) -> None:
        """Register weight and bias; ``shape`` holds the first two sides of an unshared weight."""
        _checks.pair(channels, "in_channels and out_channels")
        _checks.choice(filler, "filler", get_args(Filler))
        if groups < 1 or any(c % groups for c in channels):
            raise ValueError(
                f"groups = {groups} must divide in_channels = {channels[0]} and out_channels = {channels[1]}"
            )
        if (shared_filters or filler == "linear") and channels[0] != channels[1]:
            raise ValueError(f"shared_filters and filler 'linear' need in_channels = out_channels, got {channels}")
        if filler == "linear" and (not self._geometry().get("transposed") or self.dilation != (1, 1)):
            raise ValueError("filler 'linear' is for transposed convolutions without dilation")
        if filler in FIXED_FILLERS and not shared_filters:
            raise ValueError(f"filler {filler!r} needs shared_filters")
        if shared_filters and groups != 1:
            raise ValueError("shared_filters filters every channel alone: groups must be 1")
        self.in_channels, self.out_channels, self.groups = *channels, groups
        self.shared_filters, self.filler = shared_filters, filler
        weight = torch.empty((1, 1) if shared_filters else shape, **factory)[..., None, None]
        weight = weight.new_empty(*weight.shape[:2], *self.kernel_size)
        if filler in FIXED_FILLERS:
            self.register_buffer("weight", weight)
        else:
            self.weight = nn.Parameter(weight)
        self.register_parameter("bias", nn.Parameter(torch.empty(channels[1], **factory)) if bias else None)
        self._fan_in = shape[1] * self.kernel_size[0] * self.kernel_size[1]
        self.reset_parameters()

    @classmethod
    def _sharing(cls, conv: nn.Conv2d | nn.ConvTranspose2d, **options: Any) -> Self:
        """Make a layer of the size and the parameters of a convolution."""
        _checks.shareable(conv)
        for name in ("in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups"):
            options[name] = getattr(conv, name)
        options |= {"bias": conv.bias is not None, "device": conv.weight.device, "dtype": conv.weight.dtype}
        layer = cls(**options)
        layer.weight, layer.bias = conv.weight, conv.bias
        return layer.train(conv.training)

    def _input_channels(self) -> int:
        return self.in_channels

    def reset_parameters(self) -> None:
        """Fill weight and bias as ``filler`` says."""
        fill_(
            self.weight,
            self.bias,
            self.filler,
            fan_in=self._fan_in,
            shared_filters=self.shared_filters,
            channels=self.in_channels,
            groups=self.groups,
            stride=self.stride,
            normalize_kernel=self.normalize_kernel,
        )

    def extra_repr(self) -> str:
        """Show channels, geometry and kernel options."""
        return (
            f"{self.in_channels}, {self.out_channels}, {super().extra_repr()}, groups={self.groups}, "
            f"shared_filters={self.shared_filters}, filler={self.filler!r}"
        )
