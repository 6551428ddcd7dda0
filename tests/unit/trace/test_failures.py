"""What a network raises is told as its own, and what a hook of this package raises is not."""

import sys

import pytest
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.trace import blame, structure, trace
from biasscope.trace.attribution import attribution_equivariance
from biasscope.trace.blame.engine import Patching
from biasscope.trace.samples import SampleSums
from tests.unit.trace.blame.nets import aliased
from tests.unit.trace.nets import pictures, seeded

SAID = r"the network itself fails on a picture \(1, 16, 16\) with KeyError: 'late'"


class Late(nn.Module):
    """Fails on batches of some size, or from some pass on."""

    def __init__(self, largest=1000, passes=1000):
        super().__init__()
        self.net, self.largest, self.passes = seeded(aliased), largest, passes

    def forward(self, x):
        self.passes -= 1
        if len(x) > self.largest or self.passes < 0:
            raise KeyError("late")
        return self.net(x)


def ask_trace(net):
    trace(net, pictures(4), 3)


def ask_derivatives(net):
    trace(net, pictures(4), 3, measures=["lie_derivative"])


def ask_blame(net):
    blame(net, pictures(4), [(0, 1)])


def ask_blame_without_gradients(net):
    blame(net, pictures(4), [(0, 1)], first_order=False)


def ask_attribution(net):
    attribution_equivariance(net, pictures(1), [(0, 1), (1, 0), (1, 1)])


@pytest.mark.parametrize("ask", [ask_trace, ask_derivatives, ask_blame, ask_blame_without_gradients, ask_attribution])
def test_a_network_that_refuses_large_batches_has_failed_itself(ask):
    with pytest.raises(UsageError, match=SAID) as caught:
        ask(Late(largest=2))
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("ask", [ask_blame, ask_attribution, lambda net: structure(net, (1, 16, 16))])
def test_whenever_it_fails(ask):
    for passes in range(9):
        with pytest.raises(UsageError, match=SAID):
            ask(Late(passes=passes))


def test_a_hook_that_fails_is_not_the_network(monkeypatch):
    def fail(*_, **_options):
        raise KeyError("ours")

    monkeypatch.setattr(SampleSums, "update", fail)
    with pytest.raises(KeyError, match="ours") as caught:
        trace(seeded(aliased), pictures(2), 3)
    assert caught.value.__notes__ == ["raised by a hook of biasscope, not by the network"]
    monkeypatch.setattr(sys.modules[Patching.__module__], "moved", fail)
    with pytest.raises(KeyError, match="ours"):
        blame(seeded(aliased), pictures(2), [(0, 1)], first_order=False)
