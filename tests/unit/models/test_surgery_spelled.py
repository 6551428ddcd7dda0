"""Functions in a forward become modules where surgery has to get at them; everything else of the model stays."""

import copy
import pickle
import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, load_model, pac, polyphase, surgery_table
from biasscope.nn import BlurPool2d, MaxBlurPool2d
from tests.unit.models.families import deviation, picture

pytestmark = pytest.mark.usefixtures("no_gradients")


class Written(nn.Module):
    """A network as tutorials write it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.register_buffer("centre", torch.full((1, 3, 1, 1), 0.4))
        self.first, self.second = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 8, 3, 2, 1)
        self.norm, self.unused, self.act = nn.BatchNorm2d(8), nn.Linear(2, 2), nn.ReLU()
        self.third, self.head, self.gain = nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 4), nn.Parameter(torch.ones(()))
        self.classes = 4

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.first((x - self.centre) * self.gain)), kernel_size=3, stride=2, padding=1)
        x = self.act(self.norm(self.second(x)))
        x = torch.cat([x, self.act(self.third(x))], 1)[:, 4:12]
        return self.head(F.dropout(x, training=self.training).mean((2, 3)))

    def mean_of(self, x):
        return x.mean()


def written():
    return Written().double().eval()


def test_blurs_stand_where_they_stand_around_modules():
    net, x = written(), picture(33, 40)
    changed = antialias(net, 3)
    rows = surgery_table(changed).replacements
    assert [(row.kind, row.name) for row in rows] == [
        ("forward", ""), ("max pool", "maxpool2d_1"), ("convolution", "second"),
    ]  # fmt: skip
    assert rows[0].after == "functions are modules: relu_0, maxpool2d_1, relu_2, relu_3, dropout_4"
    blur = MaxBlurPool2d(6, 3, 2, 1, filter_size=3).double()(net.first(x - net.centre).relu())
    dense = net.norm(F.conv2d(blur, net.second.weight, net.second.bias, padding=1)).relu()
    y = BlurPool2d(8, 3, 2).double()(dense)
    y = torch.cat([y, net.third(y).relu()], 1)[:, 4:12]
    torch.testing.assert_close(changed(x), net.head(y.mean((2, 3))))
    assert deviation(antialias(net, 1)(x), net(x)) < 1e-12


def test_everything_that_the_model_holds_stays():
    net, x = written(), picture(33, 40)
    net.norm.train()
    changed = antialias(net)
    assert (list(changed.state_dict()), changed.classes) == (list(net.state_dict()), 4)
    assert (changed.training, changed.norm.training, changed.relu_2[1].training) == (False, True, False)
    changed.norm.eval()
    changed.load_state_dict(net.state_dict(), strict=True)
    for again in (copy.deepcopy(changed), pickle.loads(pickle.dumps(changed))):  # noqa: S301 (own)
        torch.testing.assert_close(again(x), changed(x), rtol=0, atol=0)
        assert len(surgery_table(again)) == 3
    assert repr(changed).startswith("Written, spelled out(")
    assert load_model(changed).provenance.spec == "module:Written"
    with pytest.raises(UsageError, match="pass of Written cannot be followed"):
        antialias(changed, example=(3, 2, 2))
    torch.testing.assert_close(torch.fx.symbolic_trace(changed)(x), changed(x))
    torch.testing.assert_close(torch.export.export(changed, (x,)).module()(x), changed(x))
    assert deviation(pac(changed, example=(3, 33, 40))(x), changed(x)) < 1e-5
    assert changed.train()(x).shape == (1, 4)


@pytest.mark.parametrize("form", [lambda net: polyphase(net), lambda net: polyphase(circular(net))])
def test_polyphase_keeps_its_promise(form):
    changed, x = form(written()), picture(37, 42)
    assert deviation(changed(x.roll((5, 9), (2, 3))), changed(x)) < 1e-12


def test_a_model_is_not_spelled_out_in_place():
    net = written()
    with pytest.raises(UsageError, match="is not done in place"):
        antialias(net, inplace=True)
    assert type(net) is Written
    assert not len(surgery_table(net))


class Optional(Written):
    def forward(self, x, mask=None):
        x = self.second(self.first(x)).relu()
        return x.mean((2, 3)) if mask is None else (x * mask).mean((2, 3))


class Trained(Written):
    def forward(self, x):
        x = self.second(self.first(x)).relu()
        return x.mean((2, 3)) + 1 if self.training else x.mean((2, 3))


class Random(Written):
    def forward(self, x):
        return (self.second(self.first(x)).relu() * torch.rand(1)).mean((2, 3))


class Sized(Written):
    def forward(self, x):
        x = self.second(self.first(x)).relu()
        return x.mean((2, 3)) if x.shape[2] > 2 else x.amax((2, 3))


class Frozen(Written):
    def forward(self, x):
        with torch.no_grad():
            x = self.second(self.first(x)).relu()
        return x.mean((2, 3))


class Decorated(Written):
    def forward(self, x):
        return self.features(x).mean((2, 3))

    @torch.autocast("cpu", dtype=torch.bfloat16)
    def features(self, x):
        return self.second(self.first(x)).relu()


class Keeping(Written):
    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        x = self.second(self.first(x)).relu()
        self.seen.append(x)
        return x.mean((2, 3))


class Dropping(Written):
    def forward(self, x):
        x = self.second(self.first(x)).relu()
        if self.training and random.random() < 1e-9:  # noqa: S311 (no secret)
            x = 2 * x
        return x.mean((2, 3))


class Remembering(Written):
    def forward(self, x):
        self.last = self.second(self.first(x)).relu()
        return self.last.mean((2, 3))


@pytest.mark.parametrize("kind", [Optional, Trained, Random, Sized, Frozen, Decorated, Keeping, Dropping, Remembering])
def test_a_forward_that_is_not_one_code_is_left_and_refused(kind):
    with pytest.raises(UsageError, match=r"second: its activation \(relu in the model\) is shared or a function"):
        antialias(kind().eval())


def test_a_module_that_is_asked_for_more_than_its_forward_is_left_and_refused():
    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = Written()

        def forward(self, x):
            return self.net(x) + self.net.mean_of(x)

    with pytest.raises(UsageError, match=r"net: Written calls max_pool2d .*Make it a module"):
        antialias(Around())


class Gelu(nn.Module):
    def forward(self, x):
        return F.gelu(x)


class Magnitude(nn.Module):
    def forward(self, x):
        return x.abs()


class Half(nn.Module):
    def forward(self, x):
        return torch.maximum(x, torch.zeros(()))


@pytest.mark.parametrize("activation", [Gelu(), Magnitude(), Half()])
def test_a_module_of_one_function_is_an_activation(activation):
    class Mean(nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, 2), activation, Mean())
    assert surgery_table(antialias(net)).replacements[0].after.endswith("behind 2")
