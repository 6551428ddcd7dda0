"""Guidance of pixel-adaptive layers: where it comes from, and its scale."""

from collections import OrderedDict
from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import pac, surgery_table
from biasscope.nn import PacConv2d
from tests.unit.models.families import deviation, picture
from tests.unit.models.surgery_nets import resnet18

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_pixel_adaptive_layer_reads_the_guidance_it_was_given():
    net, x = resnet18().double(), picture()
    guided = pac(net, layers=["layer2.0.conv2"], guidance="layer1", scale=0.5)
    maps = {}
    handle = net.layer1.register_forward_hook(lambda _, __, out: maps.update(guide=out))
    inputs = net.layer2[0].conv2.register_forward_hook(lambda _, args, __: maps.update(x=args[0]))
    net(x)
    handle.remove()
    inputs.remove()
    found = []
    guided.layer2[0].conv2.register_forward_hook(lambda _, __, out: found.append(out))
    guided(x)
    features = F.interpolate(maps["guide"], size=maps["x"].shape[-2:], mode="bilinear") * 0.5
    patches = F.unfold(features, 3, padding=1).view(1, 64, 9, -1)
    kernel = torch.exp(-0.5 * (patches - features.flatten(2)[:, :, None]).square().sum(1))
    values = F.unfold(maps["x"], 3, padding=1).view(1, 128, 9, -1) * kernel[:, None]
    expected = net.layer2[0].conv2.weight.flatten(1) @ values.flatten(1, 2)
    torch.testing.assert_close(found[0].flatten(2), expected, rtol=1e-9, atol=1e-9)


def test_default_scale_is_divided_by_the_spread_of_the_guidance():
    net, x = resnet18().double(), 50 * picture()
    changed = pac(net, layers=["layer2.0.conv2", "layer3.0.conv2"], guidance="layer1", example=x)
    maps = []
    handle = net.layer1.register_forward_hook(lambda _, __, out: maps.append(out))
    expected = net(x)
    handle.remove()
    for name, side in (("layer2.0.conv2", 8), ("layer3.0.conv2", 4)):
        guide = F.interpolate(maps[0], size=(side, side), mode="bilinear")
        down, right = guide[..., 1:, :] - guide[..., :-1, :], guide[..., 1:] - guide[..., :-1]
        squares = torch.cat([d.square().sum(1).flatten() for d in (down, right)])
        scale = changed.get_submodule(name).scale
        assert scale == pytest.approx(1e-4 / float(squares.mean().sqrt()))
        assert f"scale={scale:.4g}" in str(surgery_table(changed))
    assert deviation(changed(x), expected) < 1e-5
    fixed = pac(net, layers=["layer2.0.conv2"], guidance="layer1", example=x, scale=1e-4)
    assert fixed.layer2[0].conv2.scale == 1e-4
    assert pac(net, layers=["layer2.0.conv2"], example=x).layer2[0].conv2.scale == 1e-4
    assert all(link.value is None for link in (changed.layer2[0].conv2.link, fixed.layer2[0].conv2.link))


def test_even_guidance_keeps_the_default_scale():
    net = resnet18()
    torch.nn.init.zeros_(net.bn1.weight)
    assert pac(net, layers=["layer2.0.conv2"], guidance="bn1").layer2[0].conv2.scale == 1e-4


@pytest.mark.parametrize("guidance", ["bn1", "layer1.0.bn2"])
def test_guidance_is_not_overwritten_by_an_activation_in_place(guidance):
    net, x = pac(resnet18().double(), "layer3.0.conv2", guidance=guidance, scale=1.0), picture()
    expected = deepcopy(net)
    for module in expected.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    assert net.relu.inplace
    assert deviation(net(x), expected(x)) == 0
    graph = torch.fx.symbolic_trace(net)
    assert deviation(graph(x), expected(x)) == 0
    assert sum(node.target == "clone" for node in graph.graph.nodes) == 1


def test_several_tensors_cannot_guide():
    class Two(nn.Module):
        def forward(self, x):
            return 2 * x, x + 1

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.two, self.conv = Two(), nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x):
            return self.conv(self.two(x)[0])

    with pytest.raises(UsageError, match="Two gives a tuple"):
        pac(Net(), "conv", guidance="two")


class WrittenOut(nn.Module):
    """h-swish with a module inside, which is one step of the pass."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU6()

    def forward(self, x):
        return x * self.relu(x + 3) / 6


def test_a_module_within_a_written_out_activation_guides():
    torch.manual_seed(0)
    layers = {"first": nn.Conv2d(3, 4, 3, 2, 1), "act": WrittenOut(), "last": nn.Conv2d(4, 4, 3, padding=1)}
    net, x = nn.Sequential(OrderedDict(layers)).double().eval(), picture(16, 16)
    guided = pac(net, "last", guidance="act.relu", scale=0.5)
    features = net.act.relu(net.first(x) + 3) * 0.5
    expected = PacConv2d.from_conv(net.last)(net.act(net.first(x)), features)
    torch.testing.assert_close(guided(x), expected)
    assert pac(net, "last", guidance="act.relu").last.scale <= 1e-4


class Heads(nn.Module):
    """Maps of two heads each, as transformers pool them."""

    def __init__(self):
        super().__init__()
        self.first, self.head, self.last = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = self.first(x)
        n, c, height, width = x.shape
        return self.last(self.head(x.reshape(n * 2, c // 2, height, width)).reshape(n, c, height, width))


def test_maps_that_are_not_one_a_picture_are_guided_by_themselves_alone():
    net, x = Heads().eval(), torch.rand(3, 3, 16, 16)
    assert surgery_table(pac(net)).names == []
    with pytest.raises(UsageError, match="only guidance='self' fits"):
        pac(net, "head")
    assert deviation(pac(net, guidance="self")(x), net(x)) < 1e-5
