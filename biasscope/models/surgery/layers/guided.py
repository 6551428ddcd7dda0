"""Pixel-adaptive convolution that is called like a plain one."""

from __future__ import annotations

from typing import Any, cast

import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Proxy

from biasscope.core.errors import UsageError
from biasscope.models.surgery.layers import PaddingLaw, SurgeryConv2d
from biasscope.models.surgery.layers.links import Link, traced_value
from biasscope.nn._fx import step
from biasscope.nn.pac import PacConv2d


class GuidedPacConv2d(PacConv2d):
    """`biasscope.nn.PacConv2d` that finds its guidance by itself, so that it is called like ``nn.Conv2d``.

    Attributes
    ----------
    link
        Where the guidance is left in every pass; ``None`` if the layer's own input is the guidance.
    scale
        Factor on the guidance.
    before, after, law
        Sampling layers and padding that the convolution had from earlier surgery.
    """

    link: Link | None
    scale: float
    before: nn.Module | None
    after: nn.Module | None
    law: PaddingLaw | None

    @classmethod
    def of(cls, conv: nn.Conv2d, link: Link | None, scale: float, options: dict[str, Any]) -> GuidedPacConv2d:
        """Take the place of a convolution, sharing its parameters."""
        layer = cls.from_conv(conv, **options)
        layer.link, layer.scale = link, scale
        layer.before = layer.after = layer.law = None
        if isinstance(conv, SurgeryConv2d):
            layer.before, layer.after, layer.law = conv.before, conv.after, PaddingLaw.of(conv)
            layer.padding = (0, 0)
        return layer

    def guidance(self, x: Tensor, features: Tensor | None = None) -> Tensor:
        """Guidance at the size of ``x``, scaled: what is given, or what this pass has left in the link."""
        if self.link is None:
            features = x if features is None else features
        elif features is None:
            features = self.link.value
        else:
            self.link.value = None  # a graph hands the guidance over, and nobody empties the link
        if not isinstance(features, Tensor):
            raise UsageError("the guidance of a pixel-adaptive layer is missing", hint="Run the whole model.")
        if features.shape[-2:] != x.shape[-2:]:
            features = F.interpolate(features, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return features * self.scale

    def forward(self, x: Tensor, guidance: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
        """Convolve (N, C, H, W) with the guidance of this pass, or with that given (unscaled, of any size)."""
        if isinstance(x, Proxy):
            return cast(Tensor, step(self, x, x, None if self.link is None else traced_value(self.link, x)))
        x = x if self.before is None else self.before(x)
        guidance = self.guidance(x, guidance)
        if self.law is not None:
            x, guidance = self.law.pad(x), self.law.pad(guidance)
        out = cast(Tensor, super().forward(x, guidance))
        return out if self.after is None else self.after(out)
