"""Cumulative strides, by growth and, for pictures of one size only, from the sizes."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from biasscope.trace import layer_strides
from biasscope.trace.places import layers_of
from biasscope.trace.probe import looked_at
from tests.unit.models.families import FLAT, GLOBAL, build


@pytest.mark.parametrize("name", [*GLOBAL, *FLAT])
def test_strides_of_the_families(name):
    net = build(name)
    side = 224 if name in FLAT else 96
    found = layer_strides(net, torch.zeros(1, 3, side, side, dtype=torch.float64))
    products = {stride.product for stride in found.values() if stride.product}
    most = max(product[0] for product in products)
    assert most == (4 if name == "cifar resnet" else 16 if name.startswith("squeezenet") else 32)
    assert all(product[0] == product[1] and product[0].denominator == 1 for product in products)
    assert all(most % product[0] == 0 for product in products)


def test_the_famous_difference_of_the_two_factors():
    net = nn.Sequential(*(layer for _ in range(5) for layer in (nn.Conv2d(3, 3, 3, 2), nn.ReLU())))
    last = layer_strides(net, torch.zeros(1, 3, 299, 299))["8"]
    assert last.product == (32, 32)
    assert last.ratio[0] == pytest.approx(299 / 8)


@pytest.mark.parametrize(("stride", "kernel"), [(1, 3), (2, 3), (3, 5), (5, 5), (7, 7), (64, 64)])
def test_any_stride(stride, kernel):
    found = layer_strides(nn.Sequential(nn.Conv2d(1, 2, kernel, stride)), torch.zeros(1, 1, 130, 130))
    assert found["0"].product == (stride, stride)
    assert found["0"].factor == (stride, stride)


def test_axes_may_differ():
    found = layer_strides(nn.Sequential(nn.Conv2d(1, 2, 3, (1, 4)), nn.MaxPool2d((2, 1))), torch.zeros(1, 1, 32, 32))
    assert found["1"].product == (2, 4)
    assert found["1"].factor == (2, 1)


def test_upsampling_divides():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 4, 1), nn.Upsample(scale_factor=2), nn.ConvTranspose2d(2, 2, 8, 8))
    found = layer_strides(net, torch.zeros(1, 1, 32, 32))
    assert [str(found[name].product[0]) for name in "012"] == ["4", "2", "1/4"]
    assert found["1"].factor == (1, 1)


def test_one_size_only():
    class Fixed(nn.Sequential):
        def forward(self, x):
            if x.shape[-1] != 48:
                raise ValueError("48 pixels, please")
            return super().forward(x)

    net = Fixed(nn.Conv2d(1, 2, 7, 2), nn.MaxPool2d(3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    found = layer_strides(net, torch.zeros(1, 1, 48, 48))
    assert [found[name].product for name in "012"] == [(2, 2), (4, 4), (4, 4)]
    assert found["1"].method == "sizes"
    assert found["3"].product is None
    assert found["3"].grid == (4, 4)


def test_adaptive_pools_behind_a_fixed_size_keep_counting():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 4, 1), nn.AdaptiveAvgPool2d(8), nn.AdaptiveAvgPool2d(4))
    found = layer_strides(net, torch.zeros(1, 1, 32, 32))
    assert [str(found[name].product[0]) for name in "012"] == ["4", "4", "8"]


def test_vision_transformer_has_one_layer_of_maps():
    net = torchvision.models.VisionTransformer(32, 8, 1, 2, 16, 16)
    assert list(layer_strides(net, torch.zeros(1, 3, 32, 32))) == ["conv_proj"]


class Windows(nn.Module):
    """Cuts maps into square windows, padded to whole ones, and puts them together again, as Swin does."""

    def __init__(self, window):
        super().__init__()
        self.stem, self.merge, self.window = nn.Conv2d(1, 2, 8, 8), nn.Conv2d(2, 2, 2, 2), window

    def forward(self, x):
        maps = self.stem(x)
        rows, columns = maps.shape[2:]
        maps = F.pad(maps, (0, -columns % self.window, 0, -rows % self.window))
        batch, channels, height, width = maps.shape
        windows = (batch, channels, height // self.window, self.window, width // self.window, self.window)
        cut = maps.reshape(windows).permute(0, 2, 4, 1, 3, 5).reshape(-1, 2, self.window**2).softmax(-1)
        back = cut.reshape([windows[axis] for axis in (0, 2, 4, 1, 3, 5)]).permute(0, 3, 1, 4, 2, 5)
        return self.merge(back.reshape(batch, channels, height, width)[:, :, :rows, :columns])


@pytest.mark.parametrize("window", [2, 7])
def test_windows_that_are_put_together_again_have_the_stride_of_the_maps_and_do_not_subsample(window):
    found = looked_at(Windows(window), torch.rand(1, 1, 112, 112), functional=True)
    layers = {layer.name: layer for layer in layers_of(found, "*")}
    reshaped = [layer for name, layer in layers.items() if "reshape" in name]
    assert {(layer.stride, layer.size) for layer in reshaped} == {((8, 8), (14, 14))}
    assert [name for name, layer in layers.items() if name and layer.subsampling] == ["stem", "merge"]
    assert layers["merge"].stride == (16, 16)


class Scales(nn.Module):
    """Two scales, the lower of which a parameter with four axes weighs after the other was looked at again."""

    def __init__(self):
        super().__init__()
        self.stem, self.down, self.again = nn.Conv2d(1, 2, 3, 2, 1), nn.Conv2d(2, 2, 3, 2, 1), nn.Conv2d(2, 2, 1)
        self.weight = nn.Parameter(torch.ones(1, 2, 1, 1))

    def forward(self, x):
        high = self.stem(x)
        low = self.down(high)
        return self.again(high).mean((2, 3)) + (self.weight * low).mean((2, 3))


def functions(net, side):
    found = looked_at(net, torch.rand(1, 1, side, side), functional=True)
    return {layer.name: layer for layer in layers_of(found, "*")}


def test_maps_that_a_parameter_weighs_are_not_said_to_subsample():
    layers = functions(Scales(), 32)
    assert [name for name, layer in layers.items() if name and layer.subsampling] == ["stem", "down"]


@pytest.mark.parametrize("side", [200, 232])
def test_windows_that_are_larger_than_the_maps_have_the_stride_of_the_maps(side):
    net = torchvision.models.SwinTransformer([4, 4], 2, [2, 2, 2, 1], [1, 1, 1, 1], [7, 7], num_classes=2).eval()
    found = looked_at(net, torch.rand(1, 3, side, side), functional=True)
    kinds = "pad", "roll", "reshape"
    layers = [layer for layer in layers_of(found, "*") if layer.kind in kinds]
    assert {layer.kind for layer in layers} == set(kinds)
    for layer in layers:
        stage = int(layer.name.split(":")[0].split(".")[1])
        assert layer.stride == (2 ** ((stage + 1) // 2 + 1),) * 2, layer.name
        assert not layer.subsampling
