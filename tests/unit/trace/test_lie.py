"""Lie derivatives of waves in closed form, and of layers that are called in some passes only."""

import warnings
from math import pi

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import Preprocessing
from biasscope.trace import trace
from biasscope.trace.measures import lie_derivative
from biasscope.trace.measures.lie import forward_mode, leaving, moving
from biasscope.transforms import Crop
from tests.unit.trace.nets import conv, pictures, seeded, small

ROWS, COLUMNS = 12, 20


def wave(size, number=1):
    return torch.cos(2 * pi * number * torch.arange(size, dtype=torch.float64) / size)


def window(rows=ROWS, columns=COLUMNS):
    """1 + cos(down) / 2 + cos(right) / 2, whose square is 10 / 8 in the mean."""
    return 1 + wave(rows)[:, None] / 2 + wave(columns) / 2


@pytest.mark.parametrize("number", [1, 3])
def test_a_wave_that_moves_rises_where_it_came_from(number):
    for axis, size in enumerate((ROWS, COLUMNS)):
        turn = 2 * pi * number / size
        along = (-1, 1) if axis == 0 else (1, -1)
        maps = wave(size, number).view(along).expand(2, 3, ROWS, COLUMNS)
        slope = turn * torch.sin(turn * torch.arange(size, dtype=torch.float64)).view(along)
        assert torch.allclose(moving(maps, axis), slope.expand_as(maps), atol=1e-12)
        assert moving(maps, 1 - axis).abs().max() < 1e-12


@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (1, 4), (3, 2)])
def test_a_window_stays_where_it_is_while_an_even_picture_moves(stride):
    """What is left is the window's own slope: mean squares (2 pi / side)^2 / 8 per position along each axis."""
    even = torch.tensor([1.0, 1e-4, 0.0], dtype=torch.float64)[:, None, None, None]
    even = even.expand(-1, 2, ROWS, COLUMNS)
    slopes = [2 * pi / (side * step) for side, step in zip((ROWS, COLUMNS), stride, strict=True)]
    expected = np.hypot(*slopes) / 10**0.5
    found = lie_derivative(lambda x: x * window(), even, stride)
    assert found.tolist() == pytest.approx([expected, expected, np.nan], nan_ok=True)
    if stride == (1, 1):
        assert torch.equal(lie_derivative(lambda x: x * window(), even)[:2], found[:2])


@pytest.mark.parametrize(("stride", "other", "wrong"), [((2, 1), (1, 2), (1, 0.5)), ((1, 2), (2, 1), (0.5, 1))])
def test_maps_that_shrink_along_one_axis_move_half_as_far_along_that_one(stride, other, wrong):
    """With the strides exchanged one axis is expected to move twice as fast as it does, the other half as fast."""
    x = window().expand(1, 1, ROWS, COLUMNS)

    def halved(maps):
        return maps[..., :: stride[0], :: stride[1]]

    assert lie_derivative(halved, x, stride).item() < 1e-12
    excess = np.hypot(wrong[0] * 2 * pi / ROWS, wrong[1] * 2 * pi / COLUMNS) / 10**0.5
    assert lie_derivative(halved, x, other).item() == pytest.approx(excess)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_maps_of_half_precision_are_squared_and_moved_in_single(dtype):
    maps = (100 * window()).to(dtype).expand(1, 16, ROWS, COLUMNS)
    for axis in (0, 1):
        exact = leaving(maps.float(), torch.zeros(()), axis, 1.0)
        assert leaving(maps, torch.zeros((), dtype=dtype), axis, 1.0).tolist() == pytest.approx(exact.tolist())


def test_what_cannot_move_changes_by_all_of_its_tangent():
    maps, tangent = (torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert torch.allclose(leaving(maps, tangent, 0, None), tangent.square().sum((1, 2, 3)))


def test_layers_of_a_network_are_its_beginnings():
    net = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d((2, 1)), conv(4, 3, (1, 4)), nn.Tanh()))
    net, x = net.double(), pictures(3, 16).double()[..., :8, :]
    found = trace(net, x, [(0, 0), (0, 1)], measures="lie_derivative", batch=2)
    strides = [(1, 1), (1, 1), (2, 1), (2, 4), (2, 4)]
    assert [layer.stride for layer in found.layers] == strides
    for number, stride in enumerate(strides):
        alone = lie_derivative(net[: number + 1], x, stride)
        assert found.layers[number]["lie_derivative"] == pytest.approx(alone.mean().item(), abs=1e-12)
        assert found.layers[number].measures["lie_derivative"].n == 3


def test_pictures_without_a_response_do_not_count():
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU()).double()
    nn.init.ones_(net[0].weight)
    x = pictures(3).double()
    x[1] = -x[1].abs()
    found = trace(net, x, 2, measures="lie_derivative")
    assert [layer.measures["lie_derivative"].n for layer in found.layers] == [3, 2]
    alone = lie_derivative(net, x)
    assert alone.isnan().tolist() == [False, True, False]
    assert found["1"]["lie_derivative"] == pytest.approx(alone.nanmean().item())


def test_pictures_that_a_layer_overwrites_are_not_the_caller_s():
    x = pictures(3).double()
    before = x.clone()
    found = lie_derivative(lambda x: x.square_(), x)
    assert torch.equal(x, before)
    assert torch.allclose(found, lie_derivative(torch.square, x))


def test_shifts_that_do_not_go_around_have_no_lie_derivative():
    prepare = Preprocessing((16, 16), None, (0.5,), (0.5,))
    measures = ["lie_derivative", "sum_variation"]
    found = trace(seeded(small), pictures(2, 20), Crop("0,0;0,2"), measures=measures, preprocessing=prepare)
    assert all(set(layer.measures) == {"sum_variation"} for layer in found.layers)


class Detached(nn.Module):
    def forward(self, x):
        return x.detach() * 1


def test_networks_without_derivatives_are_refused():
    net = seeded(lambda: nn.Sequential(Detached(), conv(1, 2)))
    with pytest.raises(UsageError, match=r"^0: the layer gives no forward-mode derivative, nor does any other"):
        trace(net, pictures(2), 2, measures="lie_derivative")


def test_a_layer_without_a_derivative_is_named_and_the_others_have_theirs():
    net = seeded(lambda: nn.Sequential(conv(1, 2), nn.Sequential(Detached())))
    found = trace(net, pictures(2), 2, measures="lie_derivative", layers="leaves")
    assert [layer["lie_derivative"] is None for layer in found.layers] == [False, True]
    assert [note for note in found.notes if "1 layer has none" in note and note.endswith(": 1.0")]


class Vanishing(nn.Module):
    """0 everywhere, however it changes."""

    def forward(self, x):
        return x - x.detach()


def test_a_change_of_nothing_has_no_share():
    x = pictures(2).double()
    assert lie_derivative(Vanishing(), x).isnan().all()
    found = trace(nn.Sequential(Vanishing()), x, 2, measures="lie_derivative", by_image=True)
    assert found["0"].measures["lie_derivative"].n == 0
    assert np.isnan(found.by_image["lie_derivative"]).all()


@pytest.mark.parametrize("category", [FutureWarning, DeprecationWarning])
def test_warnings_of_the_network_itself_are_heard(category):
    def warned(x):
        warnings.warn("this layer goes away", category, stacklevel=1)
        return 2 * x

    with pytest.warns(category, match="this layer goes away"):
        lie_derivative(warned, pictures(1))
    with forward_mode():
        warnings.warn("`torch.jit.script` is deprecated", category, stacklevel=1)


class Sometimes(nn.Module):
    """Calls its second block in some passes: those whose number leaves one of the rests."""

    def __init__(self, every, rests):
        super().__init__()
        self.first, self.second = conv(1, 4), nn.Sequential(conv(4, 4), nn.Hardtanh(-9, 9))
        self.every, self.rests, self.passes = every, rests, 0

    def forward(self, x):
        self.passes += 1
        maps = self.first(x)
        return self.second(maps) if self.passes % self.every in self.rests else maps


@pytest.mark.parametrize("measures", [["lie_derivative"], ["lie_derivative", "sum_variation"]])
@pytest.mark.parametrize("batch", [2, 3, 9])
def test_a_layer_that_is_called_for_one_axis_alone_has_no_lie_derivative(measures, batch):
    """One of the two passes calls it, for every picture: its part must not meet the other axis of the next one."""
    found = trace(seeded(lambda: Sometimes(2, (1,))), pictures(4), 3, measures=measures, batch=batch)
    assert [layer.measures["lie_derivative"].n for layer in found.layers] == [4, 0, 0]
    alone = trace(seeded(lambda: Sometimes(2, (1,))), pictures(4), 3, layers="second.*", measures=measures, batch=batch)
    assert [layer["lie_derivative"] for layer in alone.layers] == [None, None]


def test_a_layer_that_is_called_for_both_axes_of_some_pictures_counts_them():
    net = seeded(lambda: Sometimes(9, (1, 2, 3, 4, 5, 6)))
    net.double()
    x = pictures(6).double()
    found = trace(net, x, [(0, 0)], measures=["lie_derivative"], batch=1)
    assert found["first"].measures["lie_derivative"].n == 6
    assert 0 < found["second.0"].measures["lie_derivative"].n < 6
    assert found["second.0"]["lie_derivative"] < 1e-12


class Attends(nn.Module):
    """Maps, then attention between their positions, which is fused in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.conv = conv(1, 4, 2)
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

    def forward(self, x):
        return self.layer(self.conv(x).flatten(2).transpose(1, 2)).mean(1)


def test_networks_with_attention_have_lie_derivatives():
    net, x = seeded(Attends), pictures(3)
    found = trace(net, x, 3, measures=["lie_derivative"])
    alone = trace(net.conv, x, 3, measures=["lie_derivative"], layers="*")
    assert found["conv"]["lie_derivative"] == pytest.approx(alone.layers[0]["lie_derivative"])


@pytest.mark.parametrize("amp", ["bf16", "fp16"])
def test_under_autocast_lie_derivatives_are_taken_without(amp):
    net, x = seeded(Attends), pictures(3)
    found, plain = (trace(net, x, 3, measures=["lie_derivative", "sum_variation"], amp=kind) for kind in (amp, None))
    assert found["conv"]["lie_derivative"] == pytest.approx(plain["conv"]["lie_derivative"])
    assert found["conv"]["sum_variation"] != plain["conv"]["sum_variation"]
