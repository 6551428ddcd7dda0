import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import convnext_tiny, densenet121, mobilenet_v3_small, resnet18

from biasscope.copies.subsampling import Subsampling, subsampling
from biasscope.models.small.network import SmallNet
from tests.unit.copies.toys import network


def test_stride_products_and_size_ratios() -> None:
    assert subsampling(SmallNet(4, width=2), (1, 32, 32)) == Subsampling(4, 4.0)
    assert subsampling(SmallNet(8, width=2), (1, 36, 36)) == Subsampling(8, 9.0)
    assert subsampling(resnet18(), (3, 64, 64)) == Subsampling(32, 32.0)
    assert subsampling(resnet18(), (3, 32, 32)) == Subsampling(32, 32.0)
    assert subsampling(resnet18(), (3, 16, 16)) == Subsampling(32, 16.0)
    assert subsampling(densenet121(), (3, 64, 64)) == Subsampling(32, 32.0)
    valid = [nn.Conv2d(1, 1, 3), nn.AvgPool2d(3, 2), nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3), nn.AvgPool2d(3)]
    assert subsampling(nn.Sequential(*valid), (1, 17, 17)) == Subsampling(2, 17 / 3)
    assert subsampling(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.LazyLinear(2)), (1, 9, 9)).stride_product == 1


def test_hooks_and_mode_are_put_back() -> None:
    made = network().train()
    next(made.children()).eval()
    modes = [part.training for part in made.modules()]
    subsampling(made, (1, 12, 12))
    assert [part.training for part in made.modules()] == modes
    assert not any(module._forward_hooks for module in made.modules())


@pytest.mark.parametrize("build", [mobilenet_v3_small, convnext_tiny], ids=["squeeze-excitation", "norm after pooling"])
def test_what_follows_on_the_one_pixel_of_a_global_pool_is_no_map(build) -> None:
    assert subsampling(build(), (3, 64, 64)) == Subsampling(32, 32.0)


class Functional(nn.Module):
    """A convolution, and a function that makes its map smaller."""

    def __init__(self, smaller) -> None:
        super().__init__()
        self.conv, self.smaller = nn.Conv2d(1, 2, 3, padding=1), smaller

    def forward(self, x: Tensor) -> Tensor:
        return self.smaller(self.conv(x)).mean((2, 3))


def merged(x: Tensor) -> Tensor:
    """Patches of 2 x 2 pixels of (N, H, W, C) as in transformers with windows."""
    n, rows, columns, channels = x.shape
    blocks = x.reshape(n, rows // 2, 2, columns // 2, 2, channels)
    return blocks.permute(0, 1, 3, 4, 2, 5).flatten(3)


KERNEL = torch.ones(2, 2, 3, 3)


@pytest.mark.parametrize(
    ("smaller", "stride", "ratio"),
    [
        (lambda x: F.max_pool2d(F.max_pool2d(x, 2), 2), 4, 4.0),
        (lambda x: F.max_pool2d(x, 3, 2, return_indices=True)[0], 2, 16 / 7),
        (lambda x: F.avg_pool2d(x, 3, stride=2), 2, 16 / 7),
        (lambda x: F.lp_pool2d(x, 2, 4, 4), 4, 4.0),
        (lambda x: F.conv2d(x, KERNEL, None, (2, 2)), 2, 16 / 7),
        (lambda x: F.conv2d(x, KERNEL), 1, 16 / 14),
        (lambda x: x[..., ::2, ::2] + x[:, :, 1::2, 1::2], 2, 2.0),
        (lambda x: F.interpolate(x, scale_factor=0.25), 4, 4.0),
        (lambda x: F.pixel_unshuffle(x, 2), 2, 2.0),
        (lambda x: x.reshape(1, 2, 8, 2, 8, 2).permute(0, 1, 3, 5, 2, 4).flatten(1, 3), 2, 2.0),
        (lambda x: merged(merged(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2), 4, 4.0),
        (lambda x: x.reshape(1, 2, 4, 4, 4, 4).transpose(3, 4).reshape(1, 2, 16, 16), 1, 1.0),
        (lambda x: x[0:, :, 2:9], 1, 1.0),
        (lambda x: F.adaptive_avg_pool2d(x, 1), 1, 1.0),
        (lambda x: F.avg_pool2d(x, 16), 1, 1.0),
    ],
)
def test_functions_between_layers_count(smaller, stride: int, ratio: float) -> None:
    found = subsampling(Functional(smaller), (1, 16, 16))
    assert (found.stride_product, found.size_ratio) == (stride, pytest.approx(ratio))


def test_what_a_layer_calls_counts_once() -> None:
    made = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3, stride=2, padding=1))
    assert subsampling(made, (1, 16, 16)) == Subsampling(4, 4.0)


class Rearranged(nn.Module):
    """A layer that puts the numbers of a map into another order."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Give a tensor of the shape."""
        return x.reshape(len(x), *self.shape)


def test_windows_of_tokens_are_no_maps() -> None:
    """Windows (9), places in one (16) and channels (4), whichever comes first, between maps of 12 x 12."""
    orders = [Rearranged(shape) for shape in ((9, 16, 4), (16, 9, 4), (9, 16, 4), (4, 12, 12))]
    made = nn.Sequential(nn.Conv2d(1, 4, 2, 2), *orders, nn.Conv2d(4, 8, 3, 2, 1), nn.AdaptiveAvgPool2d(1))
    assert subsampling(made, (1, 24, 24)) == Subsampling(4, 4.0)
    assert subsampling(nn.Sequential(nn.Conv2d(1, 4, 2, 2), nn.PixelUnshuffle(3)), (1, 24, 24)) == Subsampling(6, 6.0)


class Attention(nn.Module):
    """Two stages as in pyramid transformers: keys are a map made small at once, beside the stages."""

    def __init__(self, strides: tuple[int, int], keys: tuple[int, int]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(nn.Conv2d(2, 2, stride, stride) for stride in strides)
        self.keys = nn.ModuleList(nn.Conv2d(2, 2, stride, stride) for stride in keys)

    def forward(self, x: Tensor) -> Tensor:
        for stage, keys in zip(self.stages, self.keys, strict=True):
            x = stage(x)
            x = x + keys(x).mean((2, 3), keepdim=True)
        return x.mean((2, 3))


class Bordered(nn.Module):
    """Three strided convolutions, with a border put around each of their maps."""

    def __init__(self, border) -> None:
        super().__init__()
        self.border, self.convolutions = border, nn.ModuleList(nn.Conv2d(2, 2, 3, 2) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convolutions:
            x = convolution(self.border(x))
        return x.mean((2, 3))


@pytest.mark.parametrize("side", [16, 64])
@pytest.mark.parametrize(
    "border",
    [
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.ReflectionPad2d(1),
        nn.Conv2d(2, 2, 1, padding=2),
        lambda x: F.pad(x, (0, 1, 0, 1)),
        lambda x: torch.cat([x, x[:, :, -1:]], 2),
    ],
    ids=["layer", "reflection", "convolution", "function", "rows"],
)
def test_a_border_around_a_map_loses_no_stride(border, side: int) -> None:
    assert subsampling(Bordered(border), (2, side, side)).stride_product == 8


def test_keys_of_attention_count_no_more_than_the_stages_beside_them() -> None:
    assert subsampling(Attention((2, 2), (4, 2)), (2, 64, 64)) == Subsampling(8, 8.0)
    assert subsampling(Attention((4, 2), (8, 4)), (2, 64, 64)) == Subsampling(32, 32.0)
    assert subsampling(nn.Sequential(nn.Conv2d(1, 2, 8, 8), nn.Conv2d(2, 2, 2, 2)), (1, 32, 32)).stride_product == 16
