"""Residual networks for 32x32 pictures with shortcuts that have no parameters."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.models.architectures.layers import SubsampleShortcut

WIDTHS = (16, 32, 64)


class CifarBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut; the first one may subsample."""

    def __init__(self, incoming: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(incoming, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        changes = stride > 1 or incoming != width
        self.shortcut = SubsampleShortcut((width - incoming) // 2, stride) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform (N, C, H, W)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class CifarResNet(nn.Module):
    """Residual network of 6 n + 2 layers: three stages of n blocks with 16, 32 and 64 channels.

    Parameters
    ----------
    depth
        Number of layers, 6 n + 2.
    classes
        Number of outputs.

    Notes
    -----
    Product of strides 4. Source: He et al., CVPR 2016, section 4.2.

    Examples
    --------
    >>> sum(p.numel() for p in CifarResNet(20).parameters())
    269722
    """

    def __init__(self, depth: int = 20, classes: int = 10) -> None:
        super().__init__()
        if depth < 8 or (depth - 2) % 6:
            raise ValueError(f"depth must be 6 n + 2, got {depth!r}")
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        blocks = (depth - 2) // 6
        self.layer1 = _stage(WIDTHS[0], WIDTHS[0], blocks, 1)
        self.layer2 = _stage(WIDTHS[0], WIDTHS[1], blocks, 2)
        self.layer3 = _stage(WIDTHS[1], WIDTHS[2], blocks, 2)
        self.linear = nn.Linear(WIDTHS[2], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Give logits (N, classes) for pictures (N, 3, H, W)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        logits: Tensor = self.linear(out.mean((2, 3)))
        return logits


def _stage(incoming: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    rest = (CifarBlock(width, width, 1) for _ in range(blocks - 1))
    return nn.Sequential(CifarBlock(incoming, width, stride), *rest)
