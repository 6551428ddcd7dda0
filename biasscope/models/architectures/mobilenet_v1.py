"""MobileNet v1 whose batch normalisation is folded into the convolutions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


class MobileNetV1(nn.Module):
    """Thirteen pairs of a depthwise 3x3 and a 1x1 convolution, all with bias and ReLU6.

    Parameters
    ----------
    width
        Factor on the number of channels.
    classes
        Number of outputs.

    Notes
    -----
    Product of strides 32. Padding is symmetric here; weights that were trained with TensorFlow's SAME padding need
    `biasscope.models.same_padding`. Source: Howard et al., "MobileNets", 2017, table 1.

    Examples
    --------
    >>> sum(p.numel() for p in MobileNetV1(0.25).parameters())
    467336
    """

    def __init__(self, width: float = 1.0, classes: int = 1000) -> None:
        super().__init__()
        incoming = int(32 * width)
        self.conv0 = nn.Conv2d(3, incoming, 3, 2, 1)
        for number, (full, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True), 1):
            outgoing = int(full * width)
            self.add_module(f"dw{number}", nn.Conv2d(incoming, incoming, 3, stride, 1, groups=incoming))
            self.add_module(f"pw{number}", nn.Conv2d(incoming, outgoing, 1))
            incoming = outgoing
        self.classifier = nn.Linear(incoming, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Give logits (N, classes) for pictures (N, 3, H, W)."""
        x = F.relu6(self.conv0(x))
        for number in range(1, len(WIDTHS) + 1):
            x = F.relu6(self.get_submodule(f"dw{number}")(x))
            x = F.relu6(self.get_submodule(f"pw{number}")(x))
        logits: Tensor = self.classifier(x.mean((2, 3)))
        return logits
