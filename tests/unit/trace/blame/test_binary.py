"""One number a picture is the logit of yes in everything that asks for an answer."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from biasscope.trace import blame, structure
from biasscope.trace.attribution import attribution_equivariance
from tests.unit.trace.blame.nets import Binary
from tests.unit.trace.nets import pictures, seeded

SIGN = nn.Sequential(nn.MaxPool2d(1, 2), nn.Flatten())
"""Answers yes where the first pixel of 2 x 2 is positive."""


def test_the_answer_is_yes_where_the_number_is_positive():
    found = blame(SIGN, torch.tensor([[[[3.0, -1.0], [5.0, 7.0]]]]), [(0, 1), (1, 0)])
    assert [(pair.answer_before, pair.answer_after) for pair in found.pairs] == [(1, 0), (1, 1)]
    assert [pair.change for pair in found.pairs] == [-4.0, 2.0]
    sigmoid = torch.tensor([-1.0, 5.0]).sigmoid() - torch.tensor(3.0).sigmoid()
    assert [pair.probability_change for pair in found.pairs] == pytest.approx(sigmoid.tolist())
    assert found.outputs == 1
    assert found.notes[0].startswith("The network gives one number a picture, which is read as a logit")


def test_the_answer_no_changes_and_is_explained_as_yes_is():
    z = torch.tensor([[[[-3.0, 1.0], [-5.0, 7.0]]]])
    found = blame(SIGN, z, [(0, 1), (1, 0)])
    assert [(pair.answer_before, pair.answer_after) for pair in found.pairs] == [(0, 1), (0, 0)]
    assert [pair.change for pair in found.pairs] == [-4.0, 2.0]  # the logit of no is 3, then -1 and 5
    assert attribution_equivariance(SIGN, z, [(0, 1)], methods=["saliency"])["saliency", "cosine"].n == 1


def test_one_number_is_blamed_and_explained_as_two_answers_are():
    one, both = seeded(Binary), seeded(partial(Binary, both=True))
    x = pictures(8)
    found, expected = blame(one, x), blame(both, x)
    assert {pair.answer_before for pair in found.pairs} == {0, 1}
    assert found.pairs == tuple(replace(pair, change=2 * pair.change) for pair in expected.pairs)  # half the number
    assert found.layers == expected.layers
    assert found.notes[1:] == expected.notes
    told, known = (attribution_equivariance(net, x, [(0, 1)], label="net") for net in (one, both))
    assert told["saliency", "cosine"].n == 8
    assert told.methods == known.methods
    assert "read as a logit" in told.notes[0]
    assert known.notes == ()
    single, double = (structure(net, (1, 16, 16)).tail for net in (one, both))
    assert (single.kind, single.swap_error) == (double.kind, pytest.approx(double.swap_error))
