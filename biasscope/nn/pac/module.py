"""What the pixel-adaptive layers have in common: the kernel function and its parameters."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn.pac.geometry import odd_window
from biasscope.nn.pac.kernel import pac_kernel2d
from biasscope.nn.pac.options import parse_kernel_type, smoothing_filter


class PacModule(nn.Module, ABC):
    """Base of the layers: turns guidance into kernels.

    A learned ``inv_alpha``, ``inv_lambda`` or ``smooth_weight`` is a parameter; a fixed one is a non-persistent buffer,
    so that state dicts of the plain convolution load unchanged.
    """

    inv_alpha: Tensor | None
    inv_lambda: Tensor | None
    smooth_weight: Tensor | None

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        kernel_size: Size2d,
        stride: Size2d,
        padding: Size2d,
        dilation: Size2d,
        *,
        kernel_type: str,
        smooth_kernel_type: str,
        normalize_kernel: bool,
        native_impl: bool,
        kernel_channels: int | None = None,
        padding_mode: PaddingMode = "zeros",
        factory: dict[str, Any],
    ) -> None:
        super().__init__()
        _checks.padding_mode(padding_mode)
        self.kernel_size = odd_window(kernel_size)
        self.stride, self.dilation = _checks.pair(stride, "stride"), _checks.pair(dilation, "dilation")
        self.padding, self.padding_mode = _checks.pair(padding, "padding", 0), padding_mode
        self.kernel_type, self.smooth_kernel_type = kernel_type, smooth_kernel_type
        self.normalize_kernel, self.native_impl = normalize_kernel, native_impl
        self.kernel_channels = kernel_channels
        self._make_kernel_parameters(factory)

    def _make_kernel_parameters(self, factory: dict[str, Any]) -> None:
        inverse = parse_kernel_type(self.kernel_type)
        smooth, learned = smoothing_filter(self.smooth_kernel_type)
        if smooth is not None:
            smooth = smooth.to(device=factory.get("device"), dtype=factory.get("dtype") or torch.get_default_dtype())
        self.asymmetric = inverse is not None and inverse.asymmetric
        fixed = inverse is None or inverse.fixed
        shape = () if self.kernel_channels is None or fixed else (self.kernel_channels,)
        start = (None, None) if inverse is None else (inverse.alpha, inverse.lam)
        for name, value in zip(("inv_alpha", "inv_lambda"), start, strict=True):
            self._register(name, value if value is None else torch.full(shape, value, **factory), learned=not fixed)
        self._register("smooth_weight", smooth, learned=learned)

    def _register(self, name: str, tensor: Tensor | None, learned: bool) -> None:
        if learned and tensor is not None:
            self.register_parameter(name, nn.Parameter(tensor))
        else:
            self.register_buffer(name, tensor, persistent=False)

    def _geometry(self) -> dict[str, Any]:
        """Arguments of `pac_kernel2d` that say which operation the kernel is for."""
        return {"padding_mode": self.padding_mode}

    def compute_kernel(self, guidance: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Give the kernel of this layer for a guidance map, and the mask of the output; see `pac_kernel2d`.

        Layers of the same geometry and kernel options may share the result.
        """
        if self.kernel_channels is not None:
            _checks.image_batch(guidance, self.kernel_channels, f"{type(self).__name__} (channel_wise)", "guidance")
        return pac_kernel2d(
            guidance,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            kernel_type="gaussian" if self.kernel_type == "gaussian" else "inv",
            inv_alpha=self.inv_alpha,
            inv_lambda=self.inv_lambda,
            asymmetric=self.asymmetric,
            smooth_weight=self.smooth_weight,
            channel_wise=self.kernel_channels is not None,
            normalize_kernel=self.normalize_kernel,
            mask=mask,
            native_impl=self.native_impl,
            **self._geometry(),
        )

    def _kernel_for(
        self, x: Tensor, expected: tuple[int, int], guidance: Tensor | None, kernel: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Take the precomputed kernel, or compute it from guidance that must fit the input."""
        owner = type(self).__name__
        if (guidance is None) == (kernel is None):
            raise ValueError(f"{owner} needs either guidance or a precomputed kernel")
        if kernel is not None:
            return kernel, None
        assert guidance is not None  # noqa: S101
        _checks.image_batch(guidance, None, owner, "guidance")
        if guidance.shape[0] not in (1, x.shape[0]) or tuple(guidance.shape[2:]) != expected:
            raise ValueError(
                f"{owner}: guidance must have shape ({x.shape[0]} or 1, D, {expected[0]}, {expected[1]}), "
                f"got {tuple(guidance.shape)}"
            )
        if mask is not None and mask.shape[0] not in (1, x.shape[0]):
            raise ValueError(f"{owner}: mask of batch {mask.shape[0]} does not fit an input of {x.shape[0]}")
        values, out_mask = self.compute_kernel(guidance, mask)
        return values, out_mask if out_mask is None else out_mask.expand(x.shape[0], -1, -1, -1)

    def _input_channels(self) -> int | None:
        """Channels that the input must have, None for any."""
        return self.kernel_channels

    def _expected(self, x: Tensor) -> tuple[int, int]:
        """Size of the guidance for an input: that of the input."""
        return x.shape[2], x.shape[3]

    @abstractmethod
    def _apply_kernel(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Filter the input by the kernel of this pass."""

    @one_step
    def forward(
        self, x: Tensor, guidance: Tensor | None = None, kernel: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Filter (N, C, H, W); with a mask give (output, output mask). A precomputed kernel ignores the mask."""
        _checks.image_batch(x, self._input_channels(), type(self).__name__)
        values, out_mask = self._kernel_for(x, self._expected(x), guidance, kernel, mask)
        if out_mask is None:
            return self._apply_kernel(x, values)
        return self._apply_kernel(self._unmasked(x, mask), values), out_mask

    @staticmethod
    def _unmasked(x: Tensor, mask: Tensor | None) -> Tensor:
        """Put zeros where the mask does: a kernel of zero does not hide NaN."""
        return x if mask is None else torch.where(mask != 0, x, 0.0)

    def extra_repr(self) -> str:
        """Show geometry and kernel options."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"kernel_type={self.kernel_type!r}, smooth_kernel_type={self.smooth_kernel_type!r}, "
            f"normalize_kernel={self.normalize_kernel}"
        )
