"""Convolutions of a class of their own, as those that standardise their weights in every pass."""

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, pac, polyphase, surgery_table
from tests.unit.models.families import deviation, picture

pytestmark = pytest.mark.usefixtures("no_gradients")


def standard(weight):
    return (weight - weight.mean((1, 2, 3), keepdim=True)) / (weight.var((1, 2, 3), keepdim=True) + 1e-5).sqrt()


class Standardised(nn.Conv2d):
    def forward(self, x):
        weight = standard(self.weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class AlwaysTwo(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, 2, self.padding)


class WithNorm(nn.Conv2d):
    def forward(self, x):
        return F.relu(F.instance_norm(super().forward(x)))


class Block(nn.Module):
    """Strided, with one activation for all and a shortcut of one pixel."""

    def __init__(self, kind):
        super().__init__()
        self.stem, self.one = kind(3, 6, 3, 1, 1), kind(6, 6, 3, 2, 1)
        self.two, self.short, self.act = kind(6, 6, 3, 1, 1), kind(6, 6, 1, 2), nn.ReLU()

    def forward(self, x):
        x = self.act(self.stem(x))
        return (self.act(self.two(self.act(self.one(x)))) + self.short(x)).mean((2, 3))


def pair_of_nets(net=Block):
    torch.manual_seed(0)
    own, plain = net(Standardised).double().eval(), net(nn.Conv2d).double().eval()
    plain.load_state_dict({k: standard(v) if v.dim() == 4 else v for k, v in own.state_dict().items()})
    return own, plain


def without_circular(net, **options):
    return polyphase(net, circular=False, **options)


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("operation", [antialias, without_circular])
def test_they_are_sampled_as_plain_ones(operation, inplace):
    own, plain = pair_of_nets()
    changed, x = operation(own, inplace=inplace), picture(32, 40)
    assert surgery_table(changed).names == surgery_table(operation(plain)).names == ["one", "short"]
    assert deviation(changed(x), operation(plain)(x)) < 1e-12
    changed.load_state_dict(own.state_dict(), strict=True)
    for again in (copy.deepcopy(changed), pickle.loads(pickle.dumps(changed))):  # noqa: S301 (own)
        assert deviation(again(x), changed(x)) == 0


def test_one_tap_gives_the_original():
    own, _ = pair_of_nets()
    assert deviation(antialias(own, 1)(picture(32, 40)), own(picture(32, 40))) < 1e-12


class Twice(nn.Module):
    """Its last convolution is sampled in front twice: for the activation that it reads, and for itself."""

    def __init__(self, kind, strides):
        super().__init__()
        self.stem, self.one = kind(3, 6, 1), kind(6, 6, 3, strides[0], 1)
        self.two = kind(6, 6, 1, strides[1])

    def forward(self, x):
        return self.two(F.relu(self.one(F.relu(self.stem(x))))).mean((2, 3))


@pytest.mark.parametrize("strides", [(2, 3), (3, 2)])
@pytest.mark.parametrize("operation", [antialias, without_circular])
def test_sampled_twice_they_are_sampled_in_the_order_of_plain_ones(operation, strides):
    own, plain = pair_of_nets(lambda kind: Twice(kind, strides))
    changed, x = operation(own), picture(37, 50)
    assert [part.stride[0] for part in changed.two.before] == list(strides)
    assert deviation(changed(x), operation(plain)(x)) < 1e-12


@pytest.mark.parametrize("kind", [Standardised, nn.Conv2d])
@pytest.mark.parametrize(("kernel", "seen"), [(3, [(32, 40), (16, 20)]), (1, [(32, 40), (16, 20)])])
def test_hooks_see_the_maps_that_they_saw(kind, kernel, seen):
    net, sizes = nn.Sequential(nn.Conv2d(3, 6, 1), kind(6, 6, kernel, 2, kernel // 2)).double(), []
    net[1].register_forward_pre_hook(lambda _module, args: sizes.append(tuple(args[0].shape[2:])))
    net[1].register_forward_hook(lambda _module, _args, output: sizes.append(tuple(output.shape[2:])))
    changed = antialias(net)
    sizes.clear()
    changed(picture(32, 40))
    assert sizes == seen


def test_what_is_called_as_a_sampling_layer_would_be_stays():
    net = nn.Sequential(nn.Conv2d(3, 6, 1), Standardised(6, 6, 3, 2, 1), nn.Conv2d(6, 6, 1)).double()
    net[1].after = nn.Identity()
    changed = antialias(net)
    assert type(changed[1].after) is nn.Identity
    assert changed(picture(32, 40)).shape == net(picture(32, 40)).shape


@pytest.mark.parametrize("operation", [antialias, polyphase])
@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (AlwaysTwo(6, 6, 3, 2, 1), "AlwaysTwo is not a plain nn.Conv2d"),
        (AlwaysTwo(6, 6, 3, 1, 1), "AlwaysTwo calls conv2d with a stride in its forward"),
        (WithNorm(6, 6, 3, 2, 1), "WithNorm calls conv2d with a stride in its forward"),
    ],
    ids=["holds", "differs", "norm"],
)
def test_those_that_do_not_take_another_stride_are_refused(operation, layer, message):
    with pytest.raises(UsageError, match=f"1: {message}"):
        operation(nn.Sequential(nn.Conv2d(3, 6, 1), layer, nn.ReLU(), nn.Conv2d(6, 6, 1)))


def test_what_changes_the_convolution_itself_is_refused():
    own, _ = pair_of_nets()
    for padding_mode in ("zeros", "circular"):
        own.one.padding_mode = padding_mode
        with pytest.raises(UsageError, match="stem: Standardised is not a plain"):
            circular(own)
    with pytest.raises(UsageError, match="two: Standardised is not a plain"):
        pac(own, layers="two")
    assert surgery_table(pac(own)).names == []


def test_a_window_that_is_the_whole_map_has_no_edge_to_wrap_around():
    net = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.AdaptiveAvgPool2d(4), Standardised(6, 5, 4), nn.Flatten())
    assert surgery_table(circular(net)).names == ["0"]
    net[2] = Standardised(6, 5, 4, padding=1)
    with pytest.raises(UsageError, match="2: Standardised is not a plain"):
        circular(net)
