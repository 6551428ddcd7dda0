"""Small networks, made of everything that subsamples: a strided convolution, max pools."""

from __future__ import annotations

from torch import Tensor, nn


class SmallNet(nn.Module):
    """Convolutional network with a global average and one linear layer.

    Parameters
    ----------
    stride
        Product of strides, 4 or 8: a max pool, a strided convolution, and for 8 another max pool.
    classes
        Number of outputs.
    width
        Channels of the first layer; the last has four times as many.
    channels
        Channels of a picture.

    Examples
    --------
    >>> import torch
    >>> SmallNet(8)(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 10])
    """

    def __init__(self, stride: int = 8, classes: int = 10, width: int = 12, channels: int = 1) -> None:
        super().__init__()
        if stride not in (4, 8):
            raise ValueError(f"stride must be 4 or 8, got {stride!r}")
        self.features = nn.Sequential(
            *_layer(channels, width),
            nn.MaxPool2d(2),
            *_layer(width, 2 * width, stride=2),
            *_layer(2 * width, 2 * width),
            *([nn.MaxPool2d(2)] if stride == 8 else []),
            *_layer(2 * width, 4 * width),
            *_layer(4 * width, 4 * width),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Give logits (N, classes) for pictures (N, channels, H, W)."""
        logits: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return logits


def _layer(incoming: int, outgoing: int, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(incoming, outgoing, 3, stride, 1, bias=False)
    return [conv, nn.BatchNorm2d(outgoing), nn.ReLU()]
