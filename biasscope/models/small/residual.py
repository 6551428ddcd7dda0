"""A residual network of 18 layers for small pictures, as narrow as wanted."""

from __future__ import annotations

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the size changes."""

    def __init__(self, incoming: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(incoming, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        shortcut = [nn.Conv2d(incoming, width, 1, stride, bias=False), nn.BatchNorm2d(width)]
        self.shortcut = nn.Sequential(*shortcut) if stride > 1 or incoming != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform (N, C, H, W)."""
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        added: Tensor = self.relu2(out + self.shortcut(x))
        return added


class SmallResNet(nn.Module):
    """ResNet-18 in the form for small pictures: a 3x3 stem that does not subsample, four stages of two blocks.

    Parameters
    ----------
    classes
        Number of outputs.
    width
        Channels of the first stage, 64 in the original; each stage has twice as many as the one before it.
    channels
        Channels of a picture.

    Notes
    -----
    Product of strides 8. Source: He et al., "Deep residual learning for image recognition", CVPR 2016, table 1, without
    the strides of the stem, which pictures of 32 pixels do not bear.

    Examples
    --------
    >>> import torch
    >>> SmallResNet(width=4)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    >>> sum(p.numel() for p in SmallResNet(width=64).parameters())
    11173962
    """

    def __init__(self, classes: int = 10, width: int = 16, channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.stages = nn.Sequential(*(_stage(width << max(k - 1, 0), width << k, 2 if k else 1) for k in range(4)))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(8 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Give logits (N, classes) for pictures (N, channels, H, W)."""
        out = self.stages(self.relu(self.bn1(self.conv1(x))))
        logits: Tensor = self.classifier(self.pool(out).flatten(1))
        return logits


def _stage(incoming: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(ResidualBlock(incoming, width, stride), ResidualBlock(width, width, 1))
