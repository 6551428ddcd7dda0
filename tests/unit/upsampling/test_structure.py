"""Which steps are found in a forward pass, and what they add up to."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Self

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import symbolic_trace
from torchvision.models import convnext_tiny, resnet18, shufflenet_v2_x0_5

from biasscope.nn import BlurPool2d
from biasscope.upsampling import NOTHING, record, structure, weights_of
from biasscope.upsampling.remedies import find_sites


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(2, 2, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv_transpose2d(x, self.weight, stride=2, padding=1, output_padding=1)
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2)


def test_functions_are_found() -> None:
    found = structure(Functional(), torch.zeros(1, 2, 6, 5))
    assert [layer.name for layer in found.forward] == [":conv_transpose2d", ":interpolate", ":pixel_shuffle"]
    assert [layer.ratio for layer in found.forward] == [4, 1, 1]
    assert found.composed[-1].counts[0] == (1, 1, 1, 1, 2, 2, 2, 2)


def test_modules_and_a_traced_graph_are_the_same() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.PixelShuffle(2), nn.ConvTranspose2d(1, 1, 3, 2, groups=1))
    x = torch.zeros(1, 1, 17, 17)
    plain, graph = structure(net, x), structure(symbolic_trace(net), x)
    assert [layer.counts for layer in plain.composed] == [layer.counts for layer in graph.composed]
    assert plain.composed[-1].ratio == 4


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_number_of_axes(dims: int) -> None:
    layer = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[dims - 1](4, 2, 3, 2, groups=2)
    found = structure(nn.Sequential(layer), torch.zeros(1, 4, *(5,) * dims))
    assert found.forward[0].ratio == 2**dims


MODES = [
    ("nearest", 1), ("nearest", 2), ("nearest", 3), ("nearest-exact", 2), ("linear", 1), ("bilinear", 2),
    ("bicubic", 2), ("trilinear", 3), ("area", 2),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "dims"), MODES)
@pytest.mark.parametrize("factor", [2, 3])
def test_upsample_of_every_mode_keeps_a_constant(mode: str, dims: int, factor: int) -> None:
    net = nn.Upsample(scale_factor=factor, mode=mode)
    found = structure(net, torch.zeros(1, 1, *(6,) * dims))
    assert found.forward[0].period == (factor,) * dims
    assert found.forward[0].ratio == pytest.approx(1)


def test_resize_carries_the_pattern_of_what_is_before() -> None:
    """One period of the counts is what torch makes of the same periodic line."""
    net = nn.Sequential(nn.ConvTranspose1d(1, 1, 3, 2), nn.Upsample(scale_factor=2, mode="linear"))
    counts = structure(net, torch.zeros(1, 1, 9)).composed[-1].counts[0]
    line = F.interpolate(torch.tensor([2.0, 1.0]).repeat(9).view(1, 1, -1), scale_factor=2, mode="linear")[0, 0]
    assert line[8:12].tolist() == pytest.approx(counts)


def test_padding_and_cropping_move_the_phase() -> None:
    class Cropped(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return F.pad(super().forward(x)[..., 1:-1, 2:], (1, 0, 0, 0))

    net = Cropped(nn.ConvTranspose2d(1, 1, 3, 2))
    found = structure(net, torch.zeros(1, 1, 9, 9)).composed[-1]
    assert found.counts == ((1, 2), (1, 2))


def test_without_upsampling_nothing_is_found() -> None:
    found = structure(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), torch.zeros(1, 1, 2, 2))
    assert (found.forward, found.composed, found.backward, found.backward_composed) == ((), (), (), None)
    assert found.finding.startswith("nothing to analyse")


class Called(nn.Module):
    """A convolution, and what a function makes of its output."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.function = nn.Conv2d(1, 1, 3, padding=1), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.conv(x))


def inserted(x: Tensor) -> Tensor:
    wide = x.new_zeros(len(x), 1, 2 * x.shape[2], 2 * x.shape[3])
    wide[..., ::2, ::2] = x
    return wide


def unpatched(x: Tensor) -> Tensor:
    parts = x.repeat(1, 4, 1, 1).reshape(len(x), 1, 2, 2, *x.shape[2:])
    return parts.permute(0, 1, 4, 2, 5, 3).reshape(len(x), 1, 2 * x.shape[2], 2 * x.shape[3])


SPREADERS = [
    ("interpolate", lambda x: F.interpolate(x, scale_factor=1.5)),
    ("interpolate", lambda x: F.interpolate(x, size=(4, 16))),
    ("repeat_interleave", lambda x: x.repeat_interleave(2, -1)),
    ("repeat", lambda x: x.repeat(1, 1, 2, 2)),
    ("reshape", lambda x: x[..., None, :, None].expand(-1, -1, -1, 2, -1, 2).reshape(len(x), 1, 16, 16)),
    ("reshape", unpatched),
    ("__setitem__", inserted),
    ("max_unpool2d", lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 4, 4)),
    ("__getitem__", lambda x: x[:, :, torch.arange(8).repeat_interleave(2)]),
    ("gather", lambda x: x.gather(2, torch.arange(8).repeat_interleave(2).view(1, 1, 16, 1).expand(1, 1, 16, 8))),
]


@pytest.mark.parametrize(("kind", "function"), SPREADERS)
def test_what_spreads_positions_without_known_phases_is_never_denied(kind: str, function) -> None:
    found = structure(Called(function), torch.rand(1, 1, 8, 8))
    assert [refused.kind for refused in found.spread] == [kind]
    assert found.finding.startswith("nothing to analyse by phases: ")
    assert kind in found.finding or kind in found.spread[0].name


def test_the_maps_that_are_followed_are_told_and_not_the_grid_that_they_are_read_at() -> None:
    x = torch.rand(1, 1, 8, 8)
    found = structure(Called(lambda x: F.grid_sample(x, torch.zeros(1, 32, 16, 2), align_corners=False)), x)
    assert found.spread[0].reason.startswith("8 x 8 positions become 32 x 16")


DROPPERS = [
    ("fractional_max_pool2d", nn.FractionalMaxPool2d(2, output_ratio=0.5)),
    ("index_select", lambda x: x.index_select(2, torch.arange(0, 8, 2))),
    ("__getitem__", lambda x: x[:, :, torch.arange(0, 8, 2)]),
    ("interpolate", lambda x: F.interpolate(x, (4, 4), mode="bilinear", align_corners=True)),
]


@pytest.mark.parametrize(("kind", "function"), DROPPERS)
def test_what_leaves_positions_out_without_known_phases_is_told(kind: str, function) -> None:
    found = structure(Called(function), torch.rand(1, 1, 8, 8))
    assert [(refused.kind, refused.grows) for refused in found.refused] == [(kind, False)]
    assert (found.backward, found.backward_strided) == ((), None)


def test_channels_of_tokens_that_are_picked_are_not_said_to_be_positions() -> None:
    picked = Called(lambda x: x.expand(-1, 4, -1, -1).flatten(2).transpose(1, 2)[:, :, [0, 2]])
    found = structure(picked, torch.rand(1, 1, 8, 8))
    assert [refused.reason for refused in found.refused] == [
        "it leaves positions out where axes are not certain to be (N, C, ...)"
    ]


def test_a_crop_leaves_no_positions_out() -> None:
    found = structure(Called(lambda x: x.chunk(2, 2)[0].narrow(3, 0, 4)), torch.rand(1, 1, 8, 8))
    assert found.refused == ()


GATHERERS = [
    lambda x: F.interpolate(x, scale_factor=0.25, mode="bilinear", antialias=True),
    lambda x: F.interpolate(x, scale_factor=0.5, mode="bicubic", antialias=True),
    lambda x: F.interpolate(x, (16, 16), mode="bilinear"), lambda x: F.interpolate(x, scale_factor=0.5, mode="area"),
    nn.LPPool2d(1, 3, 2),
]  # fmt: skip


@pytest.mark.parametrize("function", GATHERERS)
def test_gradient_counts_of_resizes_and_pools_are_those_of_autograd(function) -> None:
    x = torch.ones(1, 1, 48, 48, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(Called(function).function(x).sum(), x)
    counts = torch.from_numpy(structure(Called(function).double(), x.detach()).backward[0].map())
    written = gradient[0, 0, 24 : 24 + len(counts), 24 : 24 + len(counts)]
    torch.testing.assert_close(written / written.sum(), counts / counts.sum(), atol=1e-9, rtol=0)


PATCHES = [(3, 2, 1, 0), (2, 2, 1, 0), (4, 3, 1, 1), (3, 2, 2, 2)]


@pytest.mark.parametrize(("kernel", "stride", "dilation", "padding"), PATCHES)
def test_patches_that_are_added_up_write_as_often_as_torch_does(kernel, stride, dilation, padding) -> None:
    """Also where as many positions come out as went in: patches were cut out before."""
    cut = nn.Unfold(kernel, dilation, padding, stride)
    side = stride * 8 + (kernel - 1) * dilation + 1 - 2 * padding
    x = torch.ones(1, 1, side, side)
    found = structure(nn.Sequential(cut, nn.Fold((side, side), kernel, dilation, padding, stride)), x)
    written = F.fold(F.unfold(x, kernel, dilation, padding, stride), (side, side), kernel, dilation, padding, stride)
    middle = written[0, 0, 4 * stride : 5 * stride, 4 * stride : 5 * stride]
    assert [(layer.name, layer.kind) for layer in found.forward] == [("1", "fold")]
    assert found.forward[0].map().tolist() == middle.tolist()
    assert [(layer.name, layer.kind) for layer in found.backward] == [("0", "unfold")]
    assert found.backward[0].map().tolist() == middle.tolist()
    assert found.composed[-1].period == (stride, stride)


def test_patches_have_no_weights_and_no_remedy() -> None:
    net = nn.Sequential(nn.Unfold(3, padding=1, stride=2), nn.Fold((16, 16), 3, padding=1, stride=2))
    layer = weights_of(record(net, torch.zeros(1, 1, 16, 16)))[0]
    assert (layer.score, layer.gains) == (None, None)
    assert "adds up patches" in layer.note
    assert "patches are added up" in find_sites(net, torch.zeros(1, 1, 16, 16))[1][0].reason


def test_windows_of_tensors_are_not_taken_for_patches() -> None:
    found = structure(Called(lambda x: x.unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5))), torch.zeros(1, 1, 8, 8))
    assert (found.forward, found.backward) == ((), ())


def test_spread_in_front_of_a_convolution_is_found_there() -> None:
    found = structure(nn.Sequential(Called(unpatched), nn.Conv2d(1, 1, 3)), torch.zeros(1, 1, 8, 8))
    assert [(refused.name, refused.reason) for refused in found.spread] == [
        ("0:reshape", "8 x 8 positions become 16 x 16 in an order not known here")
    ]


def test_windows_of_different_sizes_are_named() -> None:
    found = structure(nn.AdaptiveAvgPool2d(7), torch.zeros(1, 1, 8, 8))
    assert [(refused.kind, refused.grows) for refused in found.refused] == [("adaptive_avg_pool2d", False)]
    assert "different sizes" in found.refused[0].reason
    assert found.finding == NOTHING


def test_nothing_is_claimed_across_what_has_no_phases() -> None:
    """Forward, only what lies behind counts; backward, only what lies before."""
    net = nn.Sequential(
        nn.Conv2d(1, 1, 3, 2, 1), nn.ConvTranspose2d(1, 1, 3, 2), nn.Upsample(scale_factor=1.5),
        nn.ConvTranspose2d(1, 1, 4, 2), nn.Conv2d(1, 1, 3, 2),
    )  # fmt: skip
    found = structure(net, torch.zeros(1, 1, 16, 16))
    assert [layer.ratio for layer in found.forward] == [4, 1]
    assert [(layer.name, layer.ratio) for layer in found.composed] == [("1", 4), ("3", 1), ("output", 1)]
    assert [layer.name for layer in found.backward] == ["0", "4"]
    assert (found.backward_strided.layers, found.backward_strided.ratio) == (1, 4)


def test_channels_last_is_not_read_as_maps() -> None:
    """Slices and linear layers of (N, H, W, C) are no strides of (W, C), and what leaves positions out is named."""

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.mix = nn.Conv2d(1, 4, 4, 4), nn.Linear(4, 12)

        def forward(self, x: Tensor) -> Tensor:
            x = self.mix(self.stem(x).permute(0, 2, 3, 1))
            return x[:, 0::2, 0::2].mean((1, 2))

    found = structure(Last(), torch.zeros(1, 1, 32, 32))
    assert [(refused.kind, refused.grows) for refused in found.refused] == [("slice", False)]
    assert found.backward_strided.counts == ((1,) * 4,) * 2
    assert found.finding == NOTHING


@pytest.mark.parametrize("make", [convnext_tiny, shufflenet_v2_x0_5])
def test_networks_that_turn_their_axes_around_and_back(make) -> None:
    found = structure(make(), torch.zeros(1, 3, 64, 64))
    assert found.refused == ()
    assert found.backward_strided.period == (32, 32)


def test_gradients_of_a_residual_network() -> None:
    found = structure(resnet18(), torch.zeros(1, 3, 64, 64))
    ratios = {layer.name: (layer.ratio, layer.holes) for layer in found.backward}
    assert ratios["conv1"] == (pytest.approx(16 / 9), 0)
    assert ratios["layer2.0.downsample.0"] == (None, 0.75)
    assert found.backward_strided is not None
    assert found.backward_strided.ratio == pytest.approx(5.29)
    assert found.backward_strided.period == (32, 32)


def test_fixed_blur_counts_with_its_weights() -> None:
    found = structure(nn.Sequential(BlurPool2d(3, 3, 2)), torch.zeros(1, 3, 16, 16))
    assert found.backward[0].ratio == pytest.approx(1)


def test_repeated_layers_have_names_of_their_own_and_modes_are_put_back() -> None:
    up = nn.ConvTranspose2d(1, 1, 3, 2)
    net = nn.Sequential(up, nn.BatchNorm2d(1), up).train()
    net[1].eval()
    passage = record(net, torch.zeros(1, 1, 4, 4))
    assert [step.name for step in passage.steps] == ["0", "0#2"]
    assert (net.training, net[1].training) == (True, False)
    assert [len(module._forward_hooks) for module in (net, up)] == [0, 0]


def test_buffers_of_a_network_that_stays_in_training_are_given_back() -> None:
    class StaysInTraining(nn.Sequential):
        def train(self, mode: bool = True) -> Self:
            return super().train(True)

    net, passes = StaysInTraining(nn.ConvTranspose2d(1, 1, 3, 2), norm := nn.BatchNorm2d(1)), []
    norm.register_forward_hook(lambda *_: passes.append(int(norm.num_batches_tracked or 0)))
    record(net, torch.ones(1, 1, 4, 4))
    assert passes == [1]
    assert int(norm.num_batches_tracked or 0) == 0
    assert norm.running_var is not None
    assert norm.running_var.item() == 1


def test_broadcasting_is_no_upsampling() -> None:
    class Gate(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            pooled = F.adaptive_avg_pool2d(x, 1)
            return pooled.sigmoid() * x + F.interpolate(pooled, size=x.shape[2:], mode="bilinear") + pooled.expand_as(x)

    found = structure(Gate(), torch.zeros(1, 2, 8, 8))
    assert (found.forward, found.refused) == ((), ())


def test_layers_with_weights_of_their_own_are_found_by_name() -> None:
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.ConvTranspose2d(1, 1, 3, 2)))
    assert [layer.name for layer in structure(net, torch.zeros(1, 1, 8, 8)).forward] == ["0"]
    assert "its own way" in find_sites(net, torch.zeros(1, 1, 8, 8))[0][0].reason


def test_what_is_computed_out_of_sight_is_named() -> None:
    net, x = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2), nn.ReLU()), torch.zeros(1, 1, 8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = torch.jit.trace(net, x), torch.jit.script(net)
    for model in (*compiled, *(nn.Sequential(one, nn.Conv2d(1, 1, 3, padding=1)) for one in compiled)):
        found = structure(model, x)
        assert "spreads positions: computed where it cannot be followed" in found.finding
