"""Remedies: what they promise on constants, what they do to outputs, sizes, refusals."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.upsampling import REMEDIES, compare, layer_by_layer, shuffle_gains, structure, transposed_gains
from biasscope.upsampling.remedies import (
    blurred,
    divisible_kernel,
    equal_phases,
    fitted,
    icnr,
    resize_convolution,
    smoothed,
)
from biasscope.upsampling.remedies.fit import FitEnd

GEOMETRIES = [
    {"kernel_size": 3, "stride": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
    {"kernel_size": 5, "stride": 3, "padding": 2, "output_padding": 1, "groups": 2},
    {"kernel_size": (3, 5), "stride": (2, 2), "padding": (1, 0), "bias": False},
    {"kernel_size": 2, "stride": 3, "output_padding": 2},
    {"kernel_size": 3, "stride": 3, "dilation": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "dilation": 3, "output_padding": 2},
]


def layer(seed: int = 0, **geometry) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.ConvTranspose2d(4, 6, **geometry)).double()


def rand(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_zero_taps_keep_the_function(geometry: dict) -> None:
    net, x = layer(**geometry), rand(2, 4, 7, 6)
    done = divisible_kernel(net, x)
    torch.testing.assert_close(done.model(x), net(x))
    if done.changes:
        assert structure(done.model, x).forward[0].uniform
    else:
        assert "already" in done.skipped[0].reason


def test_zero_taps_in_one_and_three_dimensions() -> None:
    for make, shape in ((nn.ConvTranspose1d, (9,)), (nn.ConvTranspose3d, (4, 5, 3))):
        net, x = nn.Sequential(make(2, 3, 3, 2, 1)), torch.rand(1, 2, *shape)
        torch.testing.assert_close(divisible_kernel(net, x).model(x), net(x))


def test_a_factor_shared_with_the_dilation_is_refused() -> None:
    done = divisible_kernel(layer(kernel_size=3, stride=2, dilation=2), rand(1, 4, 5, 5))
    assert not done.changes
    assert "holes" in done.skipped[0].reason


@pytest.mark.parametrize("geometry", [g for g in GEOMETRIES if g["kernel_size"] != 2])
def test_equal_phases_are_exact_and_the_least_change(geometry: dict) -> None:
    net, x = layer(**geometry), rand(1, 4, 7, 6)
    even = equal_phases(net, x).model[0]
    old = net[0]
    found = transposed_gains(even.weight, even.stride, dilation=even.dilation, groups=even.groups)
    assert found.score == pytest.approx(0, abs=1e-12)
    assert not torch.equal(old.weight, even.weight)
    step = rand(*even.weight.shape)
    flat = _project(step, even)
    assert float((flat * (even.weight - old.weight).detach()).sum()) == pytest.approx(0, abs=1e-9)


def _project(step: Tensor, even: nn.ConvTranspose2d) -> Tensor:
    """A direction in which weights can move without making phases unequal."""
    moved = nn.Sequential(type(even)(4, 6, even.kernel_size, even.stride, groups=even.groups, dilation=even.dilation))
    moved[0].double().weight.data.copy_(step)
    return equal_phases(moved, rand(1, 4, 7, 6)).model[0].weight.detach()


def test_phases_without_taps_are_refused() -> None:
    done = equal_phases(layer(kernel_size=2, stride=3), rand(1, 4, 5, 5))
    assert [refused.reason for refused in done.skipped] == ["some phases have no taps"]


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_resize_convolution_fits_sizes_and_keeps_constants(geometry: dict, mode: str) -> None:
    net, x = layer(**geometry), rand(1, 4, 7, 6)
    done = resize_convolution(net, x, mode)
    assert done.model(x).shape == net(x).shape
    flat = done.model(torch.ones_like(x))
    torch.testing.assert_close(flat, flat[..., :1, :1].expand_as(flat))


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_resize_convolution_finds_itself(mode: str) -> None:
    """A transposed convolution that is a resize and a convolution is found again, in groups too."""
    torch.manual_seed(1)
    conv = nn.Conv2d(4, 6, 3, padding=1, groups=2).double()
    eye = torch.eye(4, dtype=torch.float64)[:, :, None, None]
    impulse = F.pad(eye, (4, 4, 4, 4))
    written = F.conv2d(F.interpolate(impulse, scale_factor=2, mode=mode), conv.weight, padding=1, groups=2)
    taps = written[:, :, 5:13, 5:13]
    weight = torch.cat([taps[:2, :3], taps[2:, 3:]])
    up = nn.ConvTranspose2d(4, 6, 8, 2, 3, groups=2).double()
    with torch.no_grad():
        up.weight.copy_(weight)
        up.bias.copy_(conv.bias)
    new, residual = fitted(up, mode)
    assert residual == pytest.approx(0, abs=1e-9)
    x = rand(1, 4, 8, 8)
    torch.testing.assert_close(new(x)[..., 4:-4, 4:-4], up(x)[..., 4:-4, 4:-4])


def test_fit_is_the_least_squares_one() -> None:
    up = layer(kernel_size=4, stride=2, padding=1)[0]
    new, residual = fitted(up, "nearest")

    def distance(module: nn.Module) -> Tensor:
        impulse = F.pad(torch.eye(4, dtype=torch.float64)[:, :, None, None], (3, 3, 3, 3))
        return (module(impulse) - up(impulse)).square().sum()

    weight = new.conv.weight
    (gradient,) = torch.autograd.grad(distance(new), weight)
    assert float(gradient.abs().max()) == pytest.approx(0, abs=1e-9)
    assert float((distance(new).sqrt() / up.weight.norm()).detach()) == pytest.approx(residual)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_smoothing_is_exact_on_constants(order: int) -> None:
    for net in (layer(kernel_size=3, stride=2), nn.Sequential(nn.Conv2d(4, 8, 1), nn.PixelShuffle(2)).double()):
        out = smoothed(net, rand(1, 4, 9, 9), order).model(torch.ones(1, 4, 9, 9, dtype=torch.float64))[..., 4:-5, 4:-5]
        torch.testing.assert_close(out, out[..., :1, :1].expand_as(out))
        assert not torch.allclose(
            net(torch.ones(1, 4, 9, 9).double())[0, 0, 6, 6], net(torch.ones(1, 4, 9, 9).double())[0, 0, 7, 7]
        )


def test_icnr_and_equal_phases_of_a_shuffle() -> None:
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Conv2d(2, 12, 3, padding=1), nn.PixelShuffle(2)), torch.rand(1, 2, 6, 6)
    for done in (icnr(net, x), equal_phases(net, x), icnr(net, x, "new")):
        conv = done.model[0]
        found = shuffle_gains(conv.weight, 2, bias=conv.bias)
        assert found.score == pytest.approx(0, abs=1e-6)
        assert found.score_at(torch.ones(2)) == pytest.approx(0, abs=1e-6)
    assert icnr(net, x).changes[0].residual > equal_phases(net, x).changes[0].residual


def test_a_shuffle_behind_something_else_can_be_smoothed_but_not_evened() -> None:
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.Tanh(), nn.PixelShuffle(2)), torch.ones(1, 1, 12, 12)
    out = smoothed(net, x).model(x)[..., 6:-6, 6:-6]
    torch.testing.assert_close(out, out[..., :1, :1].expand_as(out))
    for done in (icnr(net, x), equal_phases(net, x)):
        assert not done.changes
        assert "directly in front" in done.skipped[0].reason


def test_blur_makes_gradients_even() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    x = torch.zeros(1, 1, 32, 32)
    before, after = structure(net, x), structure(blurred(net, x).model, x)
    assert before.backward_strided.ratio == 9
    assert after.backward_strided.ratio == pytest.approx(1)


class Called(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.weight, stride=2)


def test_functions_cannot_be_replaced_and_say_so() -> None:
    rows = compare(nn.Sequential(Called(), nn.ReLU()), torch.rand(2, 1, 12, 12), ["hold", "equal-phases"])
    assert [row.strength is None for row in rows] == [False, True, True]
    assert all("function" in row.reason for row in rows[1:])


def test_comparison() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1)).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rows = {row.name: row for row in compare(net, torch.rand(3, 1, 32, 32), shown=2)}
    assert set(rows) == {"", *REMEDIES}
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert net.training
    assert rows[""].strength.step > 0.01
    for name in ("equal-phases", "resize-nearest", "hold", "smooth"):
        assert rows[name].strength.step == pytest.approx(0, abs=1e-5), name
        assert rows[name].change[0] > 0
    assert rows["divisible"].change[0] == pytest.approx(0, abs=1e-6)
    assert rows["divisible"].strength.step == pytest.approx(rows[""].strength.step)
    assert rows["divisible"].strength.operations > rows[""].strength.operations
    assert "pixel shuffle" in rows["icnr"].reason
    assert rows["hold"].shown.shape == (2, 1, 32, 32)
    assert rows["divisible-new"].trained is False


def test_end_is_cut_and_continued() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4)
    assert FitEnd([-1, 2])(x)[0, 0].tolist() == [[0, 1, 2, 3, 3, 3], [4, 5, 6, 7, 7, 7]]


def test_one_layer_at_a_time() -> None:
    """The layer that writes the pattern is the one whose repair removes it; an even one changes nothing."""
    torch.manual_seed(0)
    even, uneven = nn.ConvTranspose2d(1, 1, 2, 2), nn.ConvTranspose2d(1, 1, 3, 2)
    nn.init.ones_(even.weight)
    nn.init.ones_(uneven.weight)
    net = nn.Sequential(even, nn.LeakyReLU(), uneven)
    rows = layer_by_layer(net, torch.rand(3, 1, 16, 16))
    assert [row.layer for row in rows] == ["0", "2", "all"]
    assert [row.removed for row in rows] == [pytest.approx(0, abs=1e-5), pytest.approx(1), pytest.approx(1)]
    assert [row.change[0] > 0.01 for row in rows] == [False, True, True]
    assert torch.equal(uneven.weight, torch.ones_like(uneven.weight))


def test_only_layers_with_weights_kept_are_repaired_one_by_one() -> None:
    for name in ("divisible-new", "blurpool"):
        with pytest.raises(UsageError, match="weights kept"):
            layer_by_layer(nn.ConvTranspose2d(1, 1, 3, 2), torch.rand(1, 1, 8, 8), name)
    assert layer_by_layer(nn.Upsample(scale_factor=2), torch.rand(1, 1, 8, 8)) == ()


@pytest.mark.parametrize("change", [divisible_kernel, equal_phases, resize_convolution, smoothed])
def test_a_remedy_of_one_layer_leaves_the_others(change) -> None:
    net = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2), nn.ConvTranspose2d(1, 1, 3, 2))
    done = change(net, torch.rand(1, 1, 6, 6), only="1")
    assert [row.name for row in done.changes] == ["1"]
    assert isinstance(done.model[0], nn.ConvTranspose2d)
    assert torch.equal(done.model[0].weight, net[0].weight)


def test_icnr_of_one_layer_leaves_the_others() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.PixelShuffle(2), nn.Conv2d(1, 4, 1), nn.PixelShuffle(2))
    done = icnr(net, torch.rand(1, 1, 6, 6), only="3")
    assert torch.equal(done.model[0].weight, net[0].weight)
    assert not torch.equal(done.model[2].weight, net[2].weight)


def test_what_little_borders_add_does_not_hide_that_a_pattern_is_gone() -> None:
    torch.manual_seed(0)
    wide = nn.Conv2d(1, 1, 61, padding=30, bias=False)
    wide.weight.data[:] = 1e-6 * (torch.arange(61) > 30)
    wide.weight.data[..., 30, 30] = 1
    net = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2, 1, 1), wide)
    before, after = compare(net, torch.rand(2, 1, 16, 16), ["hold"])
    assert before.strength.step > 0.01
    assert 0 <= after.strength.step < 1e-3


class Noisy(nn.Module):
    """Draws noise in every pass, as generators do."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(1, 1, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(x + torch.randn_like(x))


def test_noise_that_a_model_draws_is_not_taken_for_what_a_remedy_changes() -> None:
    """Taps of zero leave the function as it was."""
    torch.manual_seed(0)
    net, pictures = Noisy(), torch.rand(20, 1, 16, 16)
    state = torch.get_rng_state()
    first, after = compare(net, pictures, ["divisible"])
    assert torch.equal(torch.get_rng_state(), state)
    assert after.change[0] < 1e-6
    torch.rand(3)
    assert compare(net, pictures, [])[0].strength.decibels == first.strength.decibels


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.weight_norm])
def test_weights_that_are_made_before_every_pass_are_not_said_to_be_replaced(norm) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(norm(nn.ConvTranspose2d(1, 2, 3, 2)), norm(nn.Conv2d(2, 4, 3)), nn.PixelShuffle(2))
    net(torch.rand(1, 1, 8, 8))
    rows = {row.name: row for row in compare(net, torch.rand(2, 1, 24, 24), ["equal-phases", "icnr", "hold"])}
    assert "made anew before every pass" in rows["equal-phases"].reason
    assert "made anew before every pass" in rows["icnr"].reason
    assert rows[""].strength.step > 0.01 > 1e-5 > rows["hold"].strength.step


def test_layers_that_make_their_weights_can_be_smoothed_but_not_evened() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.ConvTranspose2d(1, 2, 3, 2)))
    names = ["hold", "smooth", "equal-phases", "divisible", "resize-nearest"]
    before, hold, smooth, *others = compare(net, torch.rand(2, 1, 24, 24), names)
    assert before.strength.step > 0.01
    assert max(hold.strength.step, smooth.strength.step) < 1e-5
    assert {row.reason for row in others} == {"ParametrizedConvTranspose2d makes its weights in its own way"}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.weight_norm])
def test_layers_whose_weights_are_made_before_every_pass_can_be_replaced(norm) -> None:
    """What makes the weights stays with the layer that holds what they are made of; other hooks move on."""
    torch.manual_seed(0)
    net = nn.Sequential(norm(nn.ConvTranspose2d(1, 2, 3, 2)))
    net(torch.rand(1, 1, 8, 8))
    seen = []
    net[0].register_forward_hook(lambda *given: seen.append(tuple(given[-1].shape)))
    names = ["divisible", "resize-nearest", "hold", "smooth"]
    before, divisible, *others = compare(net, torch.rand(2, 1, 24, 24), names)
    assert divisible.change[0] < 1e-6
    assert max(row.strength.step for row in others) < 1e-5 < 0.01 < before.strength.step
    lost = ["without its normalisation" in row.changes[0].weights for row in (divisible, *others)]
    assert lost == [True, True, False, False]
    seen.clear()
    smoothed(net, torch.rand(1, 1, 8, 8)).model(torch.rand(1, 1, 8, 8))
    assert seen[-1] == (1, 2, 17, 17)


def test_random_numbers_of_other_devices_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed for all devices would not be taken back on those that are not restored."""
    seeded = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    compare(nn.ConvTranspose2d(1, 1, 3, 2), torch.rand(2, 1, 16, 16), [])
    assert seeded == []


def test_a_forward_that_was_written_again_is_no_layer_that_was_changed() -> None:
    class Resized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(1, 4, 3, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return F.interpolate(F.relu(self.down(x)), scale_factor=2)

    assert [change.name for change in blurred(Resized(), torch.zeros(1, 1, 16, 16)).changes] == ["down"]
