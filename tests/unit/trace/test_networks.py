"""Networks of every make are traced right, or refused with a reason; and left as they were."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.trace import trace
from tests.unit.trace.nets import conv, hooks, one_aliased, pictures, seeded, small

MEASURES = ("sum_variation", "equivariance_l2", "nonshiftability")


def values(found, names=None):
    layers = found.layers if names is None else [found[name] for name in names]
    return [layer[measure] for layer in layers for measure in MEASURES]


class TwoCalls(nn.Module):
    """One ReLU and one convolution, used twice."""

    def __init__(self, inplace=False):
        super().__init__()
        self.first, self.conv, self.relu = conv(1, 4), conv(4, 4), nn.ReLU(inplace)

    def forward(self, x):
        x = self.relu(self.first(x))
        return self.relu(self.conv(self.conv(x)))


class Functional(nn.Module):
    """The same as `one_aliased` without the last layers, its functions called in forward."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(1, 6), conv(6, 6)

    def forward(self, x):
        x = F.relu(self.a(x))
        x = F.relu(self.b(x)) + x
        return F.max_pool2d(x, 2)


class Several(nn.Module):
    """Gives a tuple, or a dictionary."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.conv = conv(1, 4)

    def forward(self, x):
        y = self.conv(x)
        return {"mean": y.mean((1, 2, 3)), "maps": y, "half": y[:, :2]} if self.kind is dict else (y, y[:, :2])


class Takes(nn.Module):
    def forward(self, x):
        return x["maps"] if isinstance(x, dict) else x[0]


@pytest.mark.parametrize("inplace", [False, True])
def test_modules_called_twice_are_layers_of_their_own(inplace):
    found = trace(seeded(lambda: TwoCalls(inplace)), pictures(), 3, measures=MEASURES)
    assert [layer.name for layer in found.layers] == ["first", "relu#1", "conv#1", "conv#2", "relu#2"]


def test_what_an_in_place_layer_overwrites_was_seen_before():
    plain, inplace = (trace(seeded(lambda f=f: TwoCalls(f)), pictures(), 3, measures=MEASURES) for f in (False, True))
    assert values(plain) == values(inplace)


def test_shared_modules_are_counted_by_call():
    shared = nn.ReLU()
    net = seeded(lambda: nn.Sequential(conv(1, 4), shared, conv(4, 4), shared))
    assert [layer.name for layer in trace(net, pictures(), 2).layers] == ["0", "1#1", "2", "1#2"]


@pytest.mark.parametrize("kind", [tuple, dict])
def test_several_tensors(kind):
    net = seeded(lambda: nn.Sequential(Several(kind), Takes(), nn.ReLU()))
    first = trace(net, pictures(), 2, layers=["0", "leaves"])
    name = "0[1]" if kind is dict else "0[0]"
    assert first.layers[1].name == name
    assert any("several tensors are given by 0" in note for note in first.notes)
    every = trace(net, pictures(), 2, layers=["0"], outputs="each")
    assert [layer.channels for layer in every.layers] == [4, 2]


def test_modules_that_wrap_functions_are_layers():
    class Lambda(nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    net = seeded(lambda: nn.Sequential(conv(1, 4), Lambda(torch.relu), Lambda(lambda x: F.max_pool2d(x, 2))))
    found = trace(net, pictures(), 3)
    assert [layer.kind for layer in found.layers] == ["Conv2d", "Lambda", "Lambda"]
    assert found["2"].factor == (2, 2)


def test_functions_in_forward_are_layers_when_asked():
    net = seeded(Functional)
    without = trace(net, pictures(), 3, measures=MEASURES)
    found = trace(net, pictures(), 3, measures=MEASURES, functional=True)
    assert [layer.name for layer in without.layers] == ["a", "b"]
    assert any("functional=True" in note for note in without.notes)
    assert [layer.name for layer in found.layers] == ["a", ":relu#1", "b", ":relu#2", ":add", ":max_pool2d"]
    assert [layer.name for layer in found.layers if layer.subsampling] == [":max_pool2d"]
    assert found[":add"]["sum_variation"] < 1e-6 < found[":max_pool2d"]["sum_variation"]
    assert values(without) == values(found, ["a", "b"])


def test_a_network_of_functions_only_is_refused_without_functional():
    class Bare(nn.Module):
        def forward(self, x):
            return F.max_pool2d(torch.relu(x), 2).flatten(1)

    with pytest.raises(UsageError, match="functional=True"):
        trace(nn.Sequential(Bare()), pictures(), 2)
    found = trace(nn.Sequential(Bare()), pictures(), 2, functional=True)
    assert [layer.name for layer in found.layers] == ["0:relu", "0:max_pool2d"]


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2), (torch.float64, 1e-5)])
def test_other_precisions(kind, tolerance):
    net, x = seeded(small), pictures()
    single = trace(net, x, 4, measures=MEASURES)
    other = trace(copy.deepcopy(net).to(kind), x, 4, measures=MEASURES)
    for one, two in zip(single.layers, other.layers, strict=True):
        assert two["sum_variation"] == pytest.approx(one["sum_variation"], abs=tolerance)


def test_autocast():
    net, x = seeded(small), pictures()
    single, half = trace(net, x, 4, measures=MEASURES), trace(net, x, 4, measures=MEASURES, amp="bf16")
    assert half.values("sum_variation")[-2] == pytest.approx(single.values("sum_variation")[-2], abs=2e-2)
    assert half.values("sum_variation") != single.values("sum_variation")


@pytest.mark.filterwarnings("ignore")
def test_compiled_networks_run_uncompiled_inside():
    net, x = seeded(one_aliased), pictures()
    plain = values(trace(net, x, 3, measures=MEASURES))
    compiled = trace(torch.compile(copy.deepcopy(net), backend="eager"), x, 3, measures=MEASURES)
    assert values(compiled) == plain
    parts = copy.deepcopy(net)
    parts[2] = torch.compile(parts[2], backend="eager")
    found = trace(parts, x, 3, measures=MEASURES)
    assert [layer.name for layer in found.layers] == [layer.name for layer in compiled.layers]
    assert values(found) == plain


@pytest.mark.filterwarnings("ignore")
def test_torchscript_is_refused_with_a_reason():
    with pytest.raises(UsageError, match="TorchScript"):
        trace(torch.jit.script(nn.Sequential(conv(1, 2))), pictures(), 2)


def test_channels_last_layouts_are_the_same_numbers():
    net, x = seeded(small), pictures()
    one = trace(net, x, 4, measures=MEASURES)
    two = trace(copy.deepcopy(net).to(memory_format=torch.channels_last), x, 4, measures=MEASURES)
    assert values(two) == pytest.approx(values(one), abs=1e-5)


def test_maps_with_channels_last_are_recognised():
    class Permuted(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.linear = nn.LayerNorm(4), nn.Linear(4, 6)

        def forward(self, x):
            return self.linear(self.norm(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)

    net = seeded(lambda: nn.Sequential(conv(1, 4), Permuted(), nn.MaxPool2d(2)))
    found = trace(net, pictures(), 3, measures=["equivariance_l2"])
    assert (found["1.linear"].channels, found["1.linear"].height, found["1.linear"].width) == (6, 16, 16)
    assert found["1.linear"]["equivariance_l2"] < 1e-5


def test_the_model_is_left_as_it_was():
    net = seeded(small)
    net.train()
    net[1].eval()
    net[0].weight.requires_grad_(False)
    net[3].weight.grad = torch.ones_like(net[3].weight)
    state, modes = copy.deepcopy(net.state_dict()), [module.training for module in net.modules()]
    trace(net, pictures(), 3, measures=[*MEASURES, "lie_derivative"], functional=True)
    assert hooks(net) == 0
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert torch.equal(net[3].weight.grad, torch.ones_like(net[3].weight))
    assert [parameter.requires_grad for parameter in net.parameters()] == [False, *[True] * 5 + [True] * 2]
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("calls", [0, 1, 2, 4])
def test_an_exception_leaves_no_hook(functional, calls):
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls > calls:
                raise RuntimeError("out of luck")
            return x

    net = seeded(lambda: nn.Sequential(conv(1, 2), Fails(), nn.ReLU())).train()
    with pytest.raises((RuntimeError, UsageError), match="out of luck"):
        trace(net, pictures(), 8, batch=16, functional=functional)
    assert hooks(net) == 0
    assert net.training
    assert torch.is_grad_enabled()
    torch.relu(torch.zeros(1, 1, 2, 2))  # no mode is left behind


def test_functions_of_the_engine_are_not_those_of_the_network():
    class Sliced(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv(1, 4)

        def forward(self, x):
            y = torch.empty_like(self.conv(x)).copy_(self.conv(x))
            return y[:, :, ::2, ::2]

    measures = [*MEASURES, "lie_derivative"]
    found = trace(seeded(Sliced), pictures(), 3, measures=measures, functional=True)
    assert [layer.name for layer in found.layers] == ["conv#1", "conv#2", ":copy_", ":__getitem__"]
    assert [layer.subsampling for layer in found.layers] == [False, False, False, True]


def test_the_network_s_own_error_is_in_sight():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("boom")

    with pytest.raises(UsageError, match="ValueError: boom") as caught:
        trace(nn.Sequential(nn.ReLU(), Fails()), pictures(), 2)
    assert isinstance(caught.value.__cause__, ValueError)
    assert "Check" not in str(caught.value)


def test_what_moves_between_positions_is_said_of_the_lie_derivative():
    found = trace(seeded(one_aliased), pictures(2), 2, measures=["lie_derivative"])
    assert any("lie_derivative: pointwise non-linearities alias sub-pixel shifts" in note for note in found.notes)
    assert not any("alias sub" in note for note in trace(seeded(one_aliased), pictures(2), 2, measures=MEASURES).notes)


def test_a_user_s_own_hooks_stay():
    net, seen = seeded(small), []
    handle = net[0].register_forward_hook(lambda *_: seen.append(1))
    trace(net, pictures(), 2)
    assert hooks(net) == 1
    assert seen
    handle.remove()
