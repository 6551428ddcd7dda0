"""Networks whose behaviour under shifts is known exactly."""

import pytest
import torch
from torch import nn

from biasscope.models import Preprocessing, circular, polyphase
from biasscope.sweep import sweep
from tests.unit.sweep.toys import CLASSES, Roll, Still, loaded, source


def build(*layers):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(*(layer() for layer in layers))
        nn.init.normal_(net[-1].weight, std=5)
    return net


def conv(channels, out, stride=1):
    return lambda: nn.Conv2d(channels, out, 3, stride=stride, padding=1, padding_mode="circular")


POOLED = (lambda: nn.AdaptiveAvgPool2d(1), nn.Flatten, lambda: nn.Linear(6, CLASSES))


def spread(found):
    return (found.p_reference - found.p_reference[found.reference]).abs().max().item()


def test_stride_1_circular_and_global_pooling_never_changes_an_answer():
    net = build(conv(1, 6), nn.ReLU, conv(6, 6), nn.ReLU, *POOLED)
    found = sweep(loaded(net), source(), Roll(3))
    assert torch.equal(found.predictions, found.predictions[found.reference].expand_as(found.predictions))
    assert spread(found) < 1e-5


def test_the_same_network_with_strides_does():
    net = build(conv(1, 6, 2), nn.ReLU, conv(6, 6, 2), nn.ReLU, *POOLED)
    assert spread(sweep(loaded(net), source(), Roll(3))) > 1e-2


def test_shifts_by_the_product_of_the_strides_leave_the_outputs():
    net = build(conv(1, 6, 2), nn.ReLU, conv(6, 6, 2), nn.ReLU, *POOLED)
    found = sweep(loaded(net), source(), Roll(1, factor=4))
    assert spread(found) < 1e-5
    assert torch.equal(found.predictions, found.predictions[found.reference].expand_as(found.predictions))


@pytest.mark.parametrize("side", [8, 16])
def test_untrained_polyphase_sampling_never_changes_an_answer(side):
    net = polyphase(circular(build(conv(1, 6, 2), nn.ReLU, lambda: nn.MaxPool2d(2), conv(6, 6), nn.ReLU, *POOLED)))
    model = loaded(net, Preprocessing((side, side), None, (0.5,), (0.25,)))
    found = sweep(model, source(shape=(side, side)), Roll(3))
    assert spread(found) < 1e-5
    assert torch.equal(found.predictions, found.predictions[found.reference].expand_as(found.predictions))


def test_the_identity_changes_nothing():
    found = sweep(loaded(), source(64), Still(1), batch=64)
    for table in (found.predictions, found.p_top, found.p_reference, found.rank_true):
        assert torch.equal(table, table[:1].expand_as(table))
