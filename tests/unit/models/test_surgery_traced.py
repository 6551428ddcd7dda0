"""A forward is written again only where its graph says all that it does; else the model is refused as it is."""

import copy
import pickle
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, polyphase, surgery_table
from tests.unit.models.families import deviation, picture


class Net(nn.Module):
    """Its one strided convolution is followed by a function, where no blur could go."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.second, self.act, self.head = nn.Conv2d(4, 4, 3, 2, 1), nn.ReLU(), nn.Linear(4, 2)
        self.kept = {"maps": []}
        self.ordered = OrderedDict()

    def features(self, x):
        return F.relu(self.second(self.norm(self.first(x))))

    def forward(self, x):
        return self.features(x).mean((2, 3))


class Frozen(Net):
    def train(self, mode=True):
        super().train(mode)
        self.norm.eval()
        return self


class Stated(Net):
    def get_extra_state(self):
        return 1

    def set_extra_state(self, state):
        pass


class OfAPart(Net):
    def forward(self, x):
        x = self.features(x).mean((2, 3))
        return x + 1 if self.norm.training else x


class DroppedByAPart(Net):
    def forward(self, x):
        x = self.features(x)
        return F.dropout(x.mean((2, 3)), training=self.norm.training)


class Marking(Net):
    def forward(self, x):
        x = self.features(x)
        self.head.seen = x
        return x.mean((2, 3))


class Counting(Net):
    def forward(self, x):
        self.head.calls = getattr(self.head, "calls", 0) + 1
        return super().forward(x)


class KeepingDeep(Net):
    def forward(self, x):
        x = self.features(x)
        self.kept["maps"].append(x)
        return x.mean((2, 3))


class KeepingInOrder(Net):
    def forward(self, x):
        self.ordered["map"] = x = self.features(x)
        return x.mean((2, 3))


class GivingInOrder(Net):
    def forward(self, x):
        return OrderedDict(out=super().forward(x))


class OfTensors(Net):
    def forward(self, x):
        if isinstance(x, torch.Tensor):
            x = 2 * x
        return super().forward(x)


class OfTypes(Net):
    def forward(self, x):
        return super().forward(2 * x if x.dtype is torch.float32 else x)


class Trying(Net):
    def forward(self, x):
        try:
            count = len(x)
        except RuntimeError:
            count = 7
        return super().forward(x) * count


class WithGradients(Net):
    def forward(self, x):
        x = super().forward(x)
        return x + 1 if torch.is_grad_enabled() else x


class WithoutGradients(Net):
    @torch.no_grad()
    def features(self, x):
        return super().features(x)


class Exact(Net):
    @torch.autocast("cpu", enabled=False)
    def features(self, x):
        return super().features(x)


class Backwards(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Adversarial(Net):
    def forward(self, x):
        return Backwards.apply(self.features(x).mean((2, 3)))


REFUSED = (
    Frozen, Stated, OfAPart, DroppedByAPart, Marking, Counting, KeepingDeep, KeepingInOrder, GivingInOrder, OfTensors,
    OfTypes, Trying, WithGradients, WithoutGradients, Exact, Adversarial,
)  # fmt: skip


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_graph_does_not_say_is_not_written_again(kind, gradients):
    net = kind()
    with torch.set_grad_enabled(gradients), pytest.raises(UsageError, match="second: its activation"):
        antialias(net)
    with torch.set_grad_enabled(gradients), pytest.raises(UsageError, match="second: its activation"):
        antialias(net, inplace=True)
    assert not net.ordered
    assert not net.kept["maps"]
    assert not hasattr(net.head, "seen")
    assert torch.isfinite(Backwards.apply(torch.ones(1)))
    assert not torch.is_autocast_enabled("cpu")


class Within(Net):
    def forward(self, x):
        x = 2 * self.features(x)
        y, rows = x, x.shape[2]
        columns = rows
        rows += 1
        x *= rows
        x += columns
        return (x * y).mean((2, 3))


class Dropping(Net):
    def forward(self, x):
        return self.head(F.dropout(self.features(x).mean((2, 3)), 0.3, self.training))


class Several(Net):
    def forward(self, x):
        x = self.act(self.first(x))
        x = self.act(self.second(x))
        return {"mean": torch.cat([x, self.act(-x)], 1).mean((2, 3)), "highest": (x.amax((2, 3)),)}


def _values(output):
    if isinstance(output, dict):
        return torch.cat([_values(value) for value in output.values()], 1)
    return output[0] if isinstance(output, tuple) else output


@pytest.mark.parametrize("kind", [Net, Within, Dropping, Several])
@pytest.mark.parametrize("training", [True, False])
def test_the_same_values_and_gradients_in_both_modes_whatever_the_mode_was(kind, training):
    net = kind().double().train(training)
    changed = antialias(net, 1)
    assert [row.kind for row in surgery_table(changed)] == ["forward", "convolution"]
    for again in (changed, copy.deepcopy(changed), pickle.loads(pickle.dumps(changed))):  # noqa: S301 (own)
        original = copy.deepcopy(net)
        for mode in (True, False, True):
            gradients = []
            for one in (original, again):
                torch.manual_seed(1)
                x = picture(24, 30).requires_grad_()
                y = _values(one.train(mode)(x))
                gradients.append((y.detach(), *torch.autograd.grad(y.square().sum(), x)))
            assert max(deviation(a, b) for a, b in zip(*gradients, strict=True)) < 1e-12


class Shared(Net):
    def __init__(self, count, value):
        super().__init__()
        self.act = nn.PReLU(count, value)

    def forward(self, x):
        return self.act(self.second(self.act(self.first(x)))).mean((2, 3))


@pytest.mark.parametrize(("count", "value"), [(1, 0.0), (1, 0.25), (4, 0.25)])
def test_an_activation_with_weights_stays_one(count, value):
    with pytest.raises(UsageError, match="second: its activation"):
        antialias(Shared(count, value))


class Pooled(Net):
    def forward(self, x):
        return self.head(F.avg_pool2d(self.act(self.norm(self.first(x))), 32).flatten(1))


@pytest.mark.parametrize("surgery", [circular, polyphase])
def test_a_pool_of_the_whole_map_has_no_edge_and_stays_a_function(surgery):
    changed = surgery(Pooled().eval(), example=(3, 32, 32), inplace=True)
    assert type(changed) is Pooled
    assert "forward" not in [row.kind for row in surgery_table(changed)]
