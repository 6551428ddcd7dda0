"""Networks that do odd things: nothing is measured wrongly, and what cannot be measured is said."""

import copy
import random
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import Preprocessing
from biasscope.trace import call, layer_strides, probe, structure, trace
from biasscope.trace.attribution import attribution_equivariance
from biasscope.trace.blame import blame
from tests.unit.trace.blame.nets import head
from tests.unit.trace.nets import conv, hooks, pictures, seeded, small

MEASURES = ("nonshiftability", "sum_variation", "equivariance_l2", "aliasing", "phase_variance", "phase_decoding")


class Made(nn.Module):
    """Gives what a function makes of its maps to nobody, or to the next layer."""

    def __init__(self, function, back=None):
        super().__init__()
        self.function, self.back = function, back

    def forward(self, x):
        made = self.function(x)
        return x if self.back is None else self.back(made)


class Changing(nn.Module):
    """Calls its second layer in every other pass."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.passes = conv(1, 4), conv(4, 4), 0
        self.head = nn.Sequential(*head(4))

    def forward(self, x):
        self.passes += 1
        maps = self.first(x)
        return self.head(self.second(maps) if self.passes % 2 else maps)


class Twice(nn.Module):
    """Every layer of maps runs twice."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.pool = conv(1, 1), nn.ReLU(inplace=True), nn.MaxPool2d(2)
        self.last = nn.Linear(1, 4)

    def forward(self, x):
        for _ in range(2):
            x = self.pool(self.relu(self.conv(x)))
        return self.last(x.mean((2, 3)))


def test_maps_of_a_layer_that_is_not_called_are_not_dead():
    net = seeded(Changing)
    note = trace(net, pictures(4), 3, measures=["nonshiftability"], batch=9)["second"].measures["nonshiftability"].note
    assert note == ""
    maps = net.second.out_channels
    with torch.no_grad():
        net.second.weight[0], net.second.bias[0], net.passes = 0, 0, 0
    found = trace(net, pictures(4), 3, measures=["nonshiftability"], batch=9)  # called for two of the four
    assert found["second"].measures["nonshiftability"].note == f"2 of {2 * maps} maps dead, left out"


def test_pictures_for_which_a_layer_is_not_called_do_not_count_there():
    net = seeded(Changing)
    found = trace(net, pictures(4), 3, measures=MEASURES, batch=9)
    for name in ("nonshiftability", "sum_variation", "equivariance_l2", "phase_variance"):
        assert [found[layer].measures[name].n for layer in ("first", "second")] == [4, 2]
    assert any("not called in every pass" in note and "second" in note for note in found.notes)
    assert structure(net, (1, 16, 16)).layers
    assert hooks(net) == 0


@pytest.mark.parametrize("batch", [3, 9])
def test_a_layer_that_is_not_called_is_measured_alone_as_beside_others(batch):
    """Then there are passes in which no layer that is looked at gives anything."""
    measures = ["nonshiftability", "sum_variation", "phase_variance", "lie_derivative"]
    names = [None, "second"]
    beside, alone = (
        trace(seeded(Changing), pictures(4), 3, layers=one, measures=measures, batch=batch) for one in names
    )
    for name in measures:
        one, other = (found["second"].measures[name] for found in (alone, beside))
        assert one.n == other.n < 4
        assert one.value == other.value
    assert (alone["second"].measures["sum_variation"].n == 2) == (
        batch == 9
    )  # three views a pass, or the whole picture


@pytest.mark.parametrize(
    "odd",
    [Made(lambda x: x > 0), Made(lambda x: x.int()), Made(torch.fft.fft2, lambda x: torch.fft.ifft2(x).real)],
    ids=["booleans", "whole", "complex"],
)
@pytest.mark.filterwarnings("error")
def test_maps_of_no_real_numbers_are_named_and_not_measured(odd):
    net = seeded(lambda: nn.Sequential(conv(1, 4), odd, nn.ReLU(), *head(4)))
    found = trace(net, pictures(), 2, measures=[*MEASURES, "lie_derivative"], functional=True)
    assert any("whole, true-or-false or complex" in note for note in found.notes)
    assert [layer.name for layer in found.layers if layer.kind in ("Conv2d", "ReLU")] == ["0", "2"]
    assert not any(layer.kind in ("gt", "__gt__", "int", "fft_fft2") for layer in found.layers)
    assert blame(net, pictures(), (0, 1)).layers
    assert structure(net, (1, 16, 16)).layers


class Squeezing(nn.Module):
    """Forgets the axis of pictures where there is one, in front of its last layer or behind it."""

    def __init__(self, within):
        super().__init__()
        self.maps, self.last, self.within = (
            nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Linear(4, 3),
            within,
        )

    def forward(self, x):
        means = self.maps(x).mean((2, 3))
        return self.last(means.squeeze()) if self.within == "front" else self.last(means).squeeze(*self.within)


@pytest.mark.parametrize("within", ["front", (), (0,)])
def test_networks_that_squeeze_the_axis_of_one_picture_are_those_that_do_not(within):
    net, plain = seeded(lambda: Squeezing(within)), seeded(lambda: Squeezing((1,)))
    shifts = [(0, 1), (1, 0)]
    assert blame(net, pictures(3), shifts).layers == blame(plain, pictures(3), shifts).layers
    explained = [attribution_equivariance(one, pictures(3), shifts) for one in (net, plain)]
    assert explained[0].methods == explained[1].methods
    assert structure(net, (1, 16, 16)).tail == structure(plain, (1, 16, 16)).tail


def test_what_a_network_draws_is_not_taken_for_positions_that_its_tail_tells_apart():
    net = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), *head(4), Made(nn.functional.dropout, nn.Identity())))
    assert structure(net, (1, 16, 16)).tail.swap_error == pytest.approx(0, abs=1e-6)


def test_infinite_maps_are_undefined_and_said_to_be():
    net = seeded(lambda: nn.Sequential(conv(1, 4), Made(lambda x: x, lambda x: x / 0), nn.Hardtanh(), *head(4)))
    found = trace(net, pictures(), 2, measures=MEASURES)
    assert found["0"]["nonshiftability"] == 0
    assert [found["1"][name] for name in ("nonshiftability", "sum_variation", "phase_variance")] == [None] * 3
    assert any("not finite" in note and "1" in note for note in found.notes)


def test_answers_that_are_not_finite_blame_nobody():
    whole = seeded(lambda: nn.Sequential(conv(1, 4), Made(lambda x: x, lambda x: x / 0), *head(4)))
    with pytest.raises(UsageError, match="not finite"):
        blame(whole, pictures(), (0, 1))
    first = nn.Sequential(Made(lambda x: x, lambda x: torch.where(x.amax((1, 2, 3), keepdim=True) > 99, 1e30 * x, x)))
    images = pictures(4)
    images[1] *= 1e30
    found = blame(nn.Sequential(first, *seeded(small)), images, (0, 1))
    assert any("1 pairs are left out" in note for note in found.notes)
    others = blame(seeded(small), images[[0, 2, 3]], (0, 1))
    assert found["3"].effect == others["2"].effect


def test_weights_that_are_made_anew_each_time_belong_to_their_layer():
    from torch.nn.utils.parametrizations import weight_norm

    plain = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2), *head(4)))
    normed = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2), *head(4)))
    weight_norm(normed[0])
    one, two = (trace(net, pictures(), 3, functional=True) for net in (plain, normed))
    assert [layer.name for layer in two.layers] == [layer.name for layer in one.layers] == ["0", "1", "2", "3"]
    assert not any("no maps of positions" in note for note in two.notes)
    for here, there in zip(one.layers, two.layers, strict=True):
        assert there["sum_variation"] == pytest.approx(here["sum_variation"], abs=1e-5)


def test_networks_without_weights_are_refused():
    net = small().to("meta")
    for refused in (lambda: trace(net, pictures(), 2), lambda: blame(net, pictures(), (0, 1))):
        with pytest.raises(UsageError, match="device meta"):
            refused()


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


@pytest.mark.parametrize("asked", [trace, blame, attribution_equivariance])
def test_the_network_s_own_error_is_told_as_such(asked):
    with pytest.raises(UsageError, match=r"the network itself fails on a picture .* with TypeError"):
        asked(TwoInputs(), pictures(), [(0, 0), (0, 1)])


@pytest.mark.parametrize("asked", [layer_strides, structure])
def test_the_network_s_own_error_is_told_as_such_of_one_picture(asked):
    with pytest.raises(UsageError, match=r"the network itself fails on a picture .* with TypeError"):
        asked(TwoInputs(), pictures(1))


def test_networks_that_change_nothing_are_refused():
    with pytest.raises(UsageError, match="no layer of this network makes maps"):
        trace(nn.Sequential(nn.Identity(), nn.Dropout()), pictures(), 2)


class Masked(nn.Module):
    """Puts a number into the answers to bright pictures, in front of the others."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        first = torch.where(x.sum(1) > 0, self.value, 0.0)
        return torch.cat([first[:, None], x], 1)


@pytest.mark.parametrize(("value", "names"), [(float("nan"), 2), (float("inf"), 2), (-float("inf"), 0)])
def test_pictures_whose_answers_are_not_finite_are_named(value, names):
    net = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), Masked(value))
    x = torch.zeros(5, 1, 8, 8)
    x[[1, 3]] = 1
    for batch in (4, 9, 64):
        found = trace(net, x, 2, batch=batch)
        assert found.infinite == tuple(found.image_ids[number] for number in (1, 3))[:names]


def test_nothing_is_said_of_a_tail_whose_answers_are_not_finite():
    net = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2), *head(4)))
    with torch.no_grad():
        net[-1].weight.fill_(float("nan"))
    found = structure(net, (1, 16, 16))
    assert found.tail.swap_error is None
    assert "could not be tried" in found.statement


def test_explanations_that_need_no_layer_do_without_one():
    net = seeded(Twice)
    found = attribution_equivariance(net, pictures(), (0, 4), methods=["gradcam", "saliency"])
    assert {one.method for one in found.methods} == {"saliency"}
    assert found["saliency", "cosine"].value == pytest.approx(1, abs=1e-4)
    assert "no Grad-CAM" in found.notes[0]
    with pytest.raises(UsageError, match="none for Grad-CAM"):
        attribution_equivariance(net, pictures(), (0, 4), methods="gradcam")


class StaysInTraining(nn.Module):
    """Counts on whatever mode it is told, in place and with a new tensor."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(conv(1, 4), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), *head(4))
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, x):
        self.passes = self.passes + 1
        return self.net(x)

    def train(self, mode=True):
        return super().train(True)


@pytest.mark.parametrize(
    "ask",
    [
        lambda net: trace(net, pictures(2), 3),
        lambda net: trace(net, pictures(2), 3, device="cpu"),
        lambda net: blame(net, pictures(2), [(0, 1)]),
        lambda net: attribution_equivariance(net, pictures(2), [(0, 1)], methods=["saliency"]),
        lambda net: structure(net, (1, 16, 16)),
    ],
)
def test_buffers_of_a_network_that_stays_in_training_are_given_back(ask):
    net, passes = seeded(StaysInTraining), []
    net.register_forward_hook(lambda *_: passes.append(net.net[1].num_batches_tracked.item()))
    before = copy.deepcopy(net.state_dict())
    ask(net)
    assert max(passes) > 0
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_layers_that_are_made_by_the_first_pass():
    net = nn.Sequential(nn.LazyConv2d(4, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU(), nn.MaxPool2d(2))
    with torch.random.fork_rng(devices=[]):
        assert len(trace(net, pictures(2), 3).layers) == 4


class Normalises(nn.Module):
    """Normalises what it is given, in place or not."""

    def __init__(self, inplace):
        super().__init__()
        self.inplace, self.net = inplace, nn.Sequential(conv(1, 4, 2), nn.ReLU(), nn.MaxPool2d(2), *head(4))

    def forward(self, x):
        return self.net(x.sub_(0.5).mul_(3) if self.inplace else (x - 0.5) * 3)


def test_networks_that_normalise_in_place_are_measured_as_others_are():
    inplace, plain = (seeded(lambda inplace=inplace: Normalises(inplace)) for inplace in (True, False))
    x = pictures(4)
    before = x.clone()
    found, expected = (blame(net, x, label="net") for net in (inplace, plain))
    assert (found.layers, found.pairs) == (expected.layers, expected.pairs)
    told, known = (attribution_equivariance(net, x, [(0, 1)], label="net") for net in (inplace, plain))
    assert told.methods == known.methods
    assert structure(inplace, (1, 16, 16)).tail == structure(plain, (1, 16, 16)).tail
    traced, other = (trace(net, x, 4, measures=[*MEASURES, "lie_derivative"]) for net in (inplace, plain))
    assert [layer.measures for layer in traced.layers] == [layer.measures for layer in other.layers]
    assert torch.equal(x, before)


class Draws(nn.Module):
    """Drops maps, features or answers at random whatever mode it is in."""

    def __init__(self, what="maps"):
        super().__init__()
        self.first, self.second, self.head = conv(1, 4), conv(4, 4, 2), nn.Sequential(*head(4))
        self.what = what

    def forward(self, x):
        maps = self.second(self.drop(self.first(x), "maps"))
        return self.drop(self.head[2:](self.drop(self.head[:2](maps), "features")), "answers")

    def drop(self, x, what):
        return nn.functional.dropout(x, 0.5, training=True) if what == self.what else x


@pytest.mark.parametrize(
    ("what", "functional", "place"),
    [
        ("maps", False, "second"),
        ("maps", True, ":dropout"),
        ("features", False, "head.2"),
        ("answers", False, "the answer"),
    ],
)
def test_networks_that_draw_random_numbers_repeat_and_are_told(what, functional, place):
    net, x = seeded(partial(Draws, what)), pictures(4)
    state = torch.get_rng_state()
    first, second = (trace(net, x, 3, measures=MEASURES, functional=functional, label="net") for _ in range(2))
    assert [layer.measures for layer in first.layers] == [layer.measures for layer in second.layers]
    assert [note for note in first.notes if f"differently, from {place} on" in note]
    assert torch.equal(torch.get_rng_state(), state)
    assert blame(net, x, label="net").pairs == blame(net, x, label="net").pairs
    assert not [note for note in trace(seeded(Twice), x, 3).notes if "differently" in note]


@pytest.mark.parametrize("ask", [blame, attribution_equivariance])
@pytest.mark.parametrize(("what", "place"), [("maps", "second"), ("answers", "the answer")])
def test_blame_and_explanations_alone_tell_of_networks_that_draw(ask, what, place):
    notes = ask(seeded(partial(Draws, what)), pictures(4), [(0, 1)]).notes
    assert [note for note in notes if f"differently, from {place} on: this network draws" in note]
    assert not [note for note in ask(seeded(Twice), pictures(4), [(0, 1)]).notes if "draws" in note]


class OneNoise(nn.Module):
    """Adds one random number to all pictures of a pass, or draws one and does not use it."""

    def __init__(self, used=True):
        super().__init__()
        self.net, self.used = nn.Sequential(conv(1, 4), nn.ReLU(), *head(4)), used

    def forward(self, x):
        return self.net(x + torch.rand(()) * self.used)


def test_random_numbers_that_all_pictures_of_a_pass_share_are_told_and_unused_ones_are_not():
    for used in (True, False):
        net = seeded(partial(OneNoise, used))
        told = [blame(net, pictures(3)).notes, trace(net, pictures(3), 3).notes]
        assert [any("draws random numbers" in note for note in notes) for notes in told] == [used, used]


class DrawnPictures:
    """Pictures of noise from the generators of torch, numpy and Python."""

    def __len__(self):
        return 3

    def __iter__(self):
        for _ in range(len(self)):
            noise = torch.rand(16, 16).numpy() + np.random.rand(16, 16) + random.random()  # noqa: NPY002, S311
            yield (noise * 80).astype(np.uint8)


def read(ask, net, seed):
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    ready = Preprocessing((16, 16), None, mean=(0.5,), std=(0.25,))
    return ask(net, DrawnPictures(), "circular:1x2", preprocessing=ready)


@pytest.mark.parametrize("make", [partial(Draws, "maps"), Twice])
def test_pictures_that_are_drawn_follow_the_seed_of_their_owner(make):
    net = seeded(make)
    asked = partial(trace, measures=["sum_variation"])
    for ask, facts in ((asked, "layers"), (blame, "pairs"), (attribution_equivariance, "methods")):
        one, again, other = (repr(getattr(read(ask, net, seed), facts)) for seed in (0, 0, 1))
        assert one == again
        assert one != other, ask


def test_the_generator_of_a_device_is_there_when_it_is_seeded(monkeypatch):
    order = []

    def noted(name, real):
        def enter(*args):
            order.append(name)
            return real(*args)

        return enter

    monkeypatch.setattr(probe, "moved", noted("moved", probe.moved))
    for module in (probe, call):
        monkeypatch.setattr(module, "same_draws", noted("same_draws", module.same_draws))
    trace(seeded(Twice), pictures(1), 2, device="cpu")
    assert order[0] == "moved"  # moving a network to a GPU is what makes its generator
    assert set(order[1:]) == {"same_draws"}


class NotFinite(nn.Module):
    """Answers bright pictures with NaN, and never with its last class."""

    def __init__(self, nan=True):
        super().__init__()
        self.net, self.nan = nn.Sequential(conv(1, 4), nn.ReLU(), *head(4)), nan

    def forward(self, x):
        answer = self.net(x) + torch.tensor([0, 0, 0, -torch.inf])
        return answer.where((x.mean((1, 2, 3)) < 0.5)[:, None], torch.nan) if self.nan else answer


def test_explanations_of_answers_that_are_no_numbers_are_left_out():
    dark, bright = pictures(2) * 0.2, pictures(1) * 0.2 + 0.6
    net = seeded(NotFinite)
    found = attribution_equivariance(net, torch.cat([bright, dark]), [(0, 1)], samples=3)
    assert [one.image_id for one in found.samples if one.method == "saliency"] == ["1", "2"]
    assert found["saliency", "relative_l2"].n == 2
    assert "1 picture left out, whose answers are not finite numbers (NaN or infinite)" in found.notes
    assert found.methods == attribution_equivariance(net, dark, [(0, 1)]).methods
    with pytest.raises(UsageError, match="not finite numbers"):
        attribution_equivariance(net, bright, [(0, 1)])


def test_the_tail_of_a_network_with_a_masked_class_is_known():
    assert structure(seeded(partial(NotFinite, nan=False)), (1, 16, 16)).tail.swap_error == 0


class Detector(nn.Module):
    """Looks again at what it finds: one place of a dark picture, two of a bright one."""

    def __init__(self, body=True):
        super().__init__()
        self.body = nn.Sequential(conv(1, 4), nn.ReLU()) if body else nn.Identity()
        self.head = nn.Sequential(nn.Conv2d(4 if body else 1, 2, 1), nn.ReLU())

    def forward(self, x):
        maps = self.body(x)
        found = [one[None, :, place : place + 7, :7] for one in maps for place in range(1 + int(one.sum() > 1e9))]
        found += [one[None, :, 2:9, :7] for one, picture in zip(maps, x, strict=True) if picture.mean() > 0.5]
        return self.head(torch.cat(found))


def test_layers_with_one_map_for_each_object_are_left_out_and_named():
    dark, bright = pictures(2) * 0.2, pictures(2) * 0.2 + 0.6
    for x in (torch.cat([dark, bright]), torch.cat([bright, dark])):
        found = trace(seeded(Detector), x, [(0, 0), (0, 1)])
        assert [layer.name for layer in found.layers] == ["body.0", "body.1"]
        assert any("head.0, head.1" in note for note in found.notes)
    with pytest.raises(UsageError, match="no layer gives one map for each picture"):
        trace(seeded(partial(Detector, body=False)), torch.cat([dark, bright]), [(0, 0), (0, 1)])
    assert len(trace(seeded(Detector), dark, [(0, 0), (0, 1)]).layers) == 4


@pytest.mark.parametrize("outputs", [1, 4])
def test_blame_and_explanations_tell_of_probabilities(outputs):
    last = nn.Sigmoid() if outputs == 1 else nn.Softmax(1)

    def make(squash):
        return nn.Sequential(conv(1, 8), nn.ReLU(), nn.MaxPool2d(2), *head(8)[:2], nn.Linear(8, outputs), squash)

    for ask in (blame, attribution_equivariance):
        for squash, told in ((last, True), (nn.Hardtanh(-1e9, 1e9), False)):
            net = seeded(partial(make, squash))
            if not told:
                net[-2].bias.data -= 3
            notes = ask(net, pictures(4), [(0, 1)]).notes
            assert any("seems to give probabilities, not scores" in note for note in notes) == told, (ask, squash)


@pytest.mark.parametrize("outputs", [1, 4])
def test_probabilities_are_told_beside_a_picture_without_a_finite_answer(outputs):
    last = nn.Sigmoid() if outputs == 1 else nn.Softmax(1)
    net = seeded(lambda: nn.Sequential(conv(1, 8), nn.ReLU(), *head(8)[:2], nn.Linear(8, outputs), last))
    given = pictures(4)
    given[1] = torch.nan
    for ask in (blame, attribution_equivariance):
        notes = ask(net, given, [(0, 1)]).notes
        assert any("seems to give probabilities, not scores" in note for note in notes), ask
        assert any("not finite" in note for note in notes), ask


def test_an_accelerator_without_float64_is_refused(monkeypatch):
    monkeypatch.setattr(probe, "device_of", lambda model: torch.device("mps"))
    with pytest.raises(UsageError, match="mps does not have"), probe.as_found(small()):
        pass
