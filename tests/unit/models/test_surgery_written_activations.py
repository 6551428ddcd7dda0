"""Activations that a model writes itself are activations: the sampling goes behind them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, polyphase, surgery_table
from biasscope.nn import BlurPool2d
from tests.unit.models.families import deviation, picture

pytestmark = pytest.mark.usefixtures("no_gradients")


class HardSigmoid(nn.Module):
    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU6()

    def forward(self, x):
        return self.relu(x + 3) / 6


class HardSwish(nn.Module):
    def __init__(self):
        super().__init__()
        self.sigmoid = HardSigmoid()

    def forward(self, x):
        return x * self.sigmoid(x)


class Swish(nn.Module):
    def forward(self, x):
        return x.mul_(x.sigmoid())


class Mish(nn.Module):
    def forward(self, x):
        return x * torch.tanh(F.softplus(x))


def around(activation):
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 4, 3),
        nn.Conv2d(4, 6, 3, 2, 1),
        nn.BatchNorm2d(6),
        activation,
        nn.Conv2d(6, 2, 3, padding=1),
    ]
    return nn.Sequential(*layers).double().eval()


@pytest.mark.parametrize(
    "activation", [HardSwish(), HardSigmoid(), Swish(), Mish(), nn.Hardshrink(0.1), nn.Tanhshrink()]
)
def test_blur_comes_after_it(activation):
    net, x = around(activation), picture(20, 21)
    changed = antialias(net, 3)
    assert [row.after for row in surgery_table(changed)] == ["stride 1, BlurPool2d(3, stride=(2, 2)) behind 3"]
    dense = activation(net[2](F.conv2d(net[0](x), net[1].weight, net[1].bias, padding=1)))
    torch.testing.assert_close(changed(x), net[4](BlurPool2d(6, 3, 2).double()(dense)))
    assert deviation(antialias(net, 1)(x), net(x)) < 1e-12
    changed.load_state_dict(net.state_dict(), strict=True)
    assert "behind 3" in surgery_table(polyphase(net)).replacements[-1].after


class Gate(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x.mean((2, 3), keepdim=True))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return torch.relu(x * self.factor) + 1


class Masked(nn.Module):
    """A mask of the size of the map, which its state leaves out."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mask", torch.rand(1, 1, 9, 10), persistent=False)

    def forward(self, x):
        return torch.relu(x * self.mask + 0.1)


@pytest.mark.parametrize("module", [Gate(), Scaled()])
def test_what_looks_further_than_a_pixel_or_has_parameters_is_none(module):
    assert [row.after for row in surgery_table(antialias(around(module)))] == [
        "stride 1, BlurPool2d(4, stride=(2, 2)) behind 1"
    ]


def test_a_mask_of_the_size_of_the_map_still_fits():
    net, x = around(Masked()), picture(20, 21)
    assert deviation(antialias(net, 1, example=(3, 20, 21))(x), net(x)) < 1e-12


def test_a_module_that_is_also_a_part_of_one_is_shared():
    activation, x = HardSwish(), picture(40, 41)
    layers = [nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, 2, 1), activation.sigmoid.relu, nn.Conv2d(4, 4, 3), activation]
    net = nn.Sequential(*layers, nn.Conv2d(4, 4, 3, 2, 1), activation, nn.Conv2d(4, 2, 3)).double().eval()
    changed = antialias(net, 1)
    assert [row.after.partition(") ")[2] for row in surgery_table(changed)] == ["in front of 3", "in front of 7"]
    assert deviation(changed(x), net(x)) < 1e-12


def test_one_written_into_the_forward_of_a_block_is_still_refused():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, 2, 1)

        def forward(self, x):
            x = self.conv(x)
            return x * torch.sigmoid(x)

    with pytest.raises(UsageError, match=r"1.conv: the model returns its activation .* Give the activation a module"):
        antialias(nn.Sequential(nn.Conv2d(3, 4, 3), Block()))


class Inline(nn.Module):
    """Activations among the other lines of a forward, one with a module of its own inside."""

    def __init__(self, formula):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3, 2, 1)
        self.third, self.gate, self.formula = nn.Conv2d(6, 2, 3, padding=1), nn.Sigmoid(), formula
        self.place = nn.Parameter(torch.rand(6, 10, 10))

    def forward(self, x):
        return self.third(self.formula(self, self.second(self.first(x))))


FORMULAS = {
    "silu": lambda net, x: x * torch.sigmoid(x),
    "silu in place": lambda net, x: x.mul_(x.sigmoid()),
    "silu with a module": lambda net, x: x * net.gate(x),
    "h-swish": lambda net, x: x * F.relu6(x + 3) / 6,
    "leaky by a maximum": lambda net, x: torch.maximum(x, 0.1 * x),
    "leaky by a choice": lambda net, x: torch.where(x > 0, x, 0.1 * x),
    "leaky by max": lambda net, x: torch.max(x, 0.1 * x),
    "relu by a mask": lambda net, x: x * (x > 0),
    "relu by a mask of numbers": lambda net, x: x * (x > 0).type_as(x),
    "relu by a filled mask": lambda net, x: x.masked_fill(x < 0, 0.0),
    "relu by a choice": lambda net, x: torch.where(x > 0, x, torch.zeros_like(x)),
    "relu by a lowest value": lambda net, x: x.clamp_min(0),
    "elu by a choice": lambda net, x: torch.where(x > 0, x, torch.expm1(x)),
    "root with a sign": lambda net, x: x.sign() * x.abs().sqrt(),
    "softsign": lambda net, x: x / (1 + x.abs()),
    "gelu by tanh": lambda net, x: 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.0447 * x**3))),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_blur_comes_after_one_that_stands_in_a_forward(name):
    net, x = Inline(FORMULAS[name]).double().eval(), picture(22, 22)
    blurred = antialias(net, layers="second")
    assert "in front of third" in surgery_table(blurred).replacements[0].after
    net.second.stride = (1, 1)
    expected = net.third(BlurPool2d(6).double()(net.formula(net, net.second(net.first(x)))))
    torch.testing.assert_close(blurred(x), expected)


@pytest.mark.parametrize(
    "formula",
    [
        lambda net, x: torch.sigmoid(x) * (x + net.place),
        lambda net, x: x * torch.sigmoid(x.mean((2, 3), keepdim=True)) * torch.sigmoid(x),
        lambda net, x: x * torch.sigmoid(x.flip(2)) + torch.relu(x),
    ],
)
def test_what_differs_from_place_to_place_is_no_activation(formula):
    net = Inline(formula).double().eval()
    with pytest.raises(UsageError, match="read by an activation and by something else"):
        antialias(net, layers="second", example=(3, 22, 22))


class Pooled(nn.Module):
    """A pool reads an activation that is a function, as in GoogLeNet."""

    def __init__(self, pool):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.last = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3, 2, 1), nn.Conv2d(6, 2, 1)
        self.pool = pool

    def forward(self, x):
        return self.last(self.pool(F.silu(self.second(self.first(x)))))


@pytest.mark.parametrize("pool", [nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(3, 1, 1), nn.AdaptiveAvgPool2d(1)])
def test_blur_goes_in_front_of_a_pool_that_reads_it(pool):
    net, x = Pooled(pool).double().eval(), picture(30, 34)
    assert deviation(antialias(net, 1)(x), net(x)) < 1e-12
    blurred = antialias(net, 3)
    assert "in front of pool" in surgery_table(blurred).replacements[0].after
    blurred.load_state_dict(net.state_dict(), strict=True)
    dense = F.silu(F.conv2d(net.first(x), net.second.weight, net.second.bias, padding=1))
    rest = antialias(nn.Sequential(net.pool, net.last), 3, example=(6, 14, 16))
    torch.testing.assert_close(blurred(x), rest(BlurPool2d(6, 3, 2).double()(dense)))
    sampled = polyphase(net)
    expected, moved = sampled(x).mean((2, 3)), sampled(x.roll((3, 5), (2, 3))).mean((2, 3))
    torch.testing.assert_close(moved, expected)
