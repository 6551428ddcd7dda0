"""Decoding the phase: what is projected, what is left out, and pictures that were not trained on."""

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.trace import trace
from biasscope.trace.measures import phase_decoding
from biasscope.trace.measures.decoding import sketch

SHIFTS = [(0, 0), (1, 0)]


class Halved(nn.Module):
    """Every second row and column."""

    def forward(self, x):
        return x[:, :, ::2, ::2].contiguous()


def decoded(x, shifts=SHIFTS, **options):
    net = nn.Sequential(nn.ReLU(), Halved())
    return trace(net, x, shifts, measures={"phase_decoding": options}, seed=5)["1"].measures["phase_decoding"]


def noise(count, side=8):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(2))


def stripes(count):
    """Even rows are bright on the left, odd rows as much on the right."""
    x = torch.zeros(count, 1, 8, 8)
    x[:, :, ::2, :4] = torch.linspace(1, 2, count)[:, None, None, None]
    x[:, :, 1::2, 4:] = x[:, :, ::2, :4]
    return x


def test_maps_tell_where_their_means_do_not():
    assert decoded(stripes(6)).value == 0
    assert decoded(stripes(6), features="flattened").value == 1


def test_two_pictures_suffice_and_one_does_not():
    assert decoded(stripes(2), features="flattened").value == 1
    assert decoded(stripes(1), features="flattened").value is None


def test_only_so_many_pictures_and_phases_are_used():
    found = decoded(noise(7), [(y, x) for y in range(2) for x in range(2)], pictures=4, phases=3)
    assert found.n == 4
    assert found.note.endswith("chance 0.333, 3 phases")


@pytest.mark.parametrize("folds", [2, 5])
def test_projected_maps_are_decoded_as_the_function_does(folds):
    x = noise(10)
    views = torch.stack([x, x.roll(1, 2)], 1)[..., ::2, ::2]
    features = sketch(views.flatten(0, 1).flatten(1), 3, 5).double().numpy()
    picture, phase = np.repeat(np.arange(10), 2), np.tile([0, 1], 10)
    accuracy = phase_decoding(features, phase, picture, folds=folds)
    assert 0 < accuracy.mean() < 1
    found = decoded(x, features="flattened", size=3, folds=folds)
    assert found.value == pytest.approx(2 * accuracy.mean() - 1)


def test_five_folds_unless_told():
    random = np.random.default_rng(0)
    features, phase, picture = random.normal(size=(48, 3)), np.tile([0, 1], 24), np.repeat(np.arange(24), 2)
    five, six = (phase_decoding(features, phase, picture, folds=folds).tolist() for folds in (5, 6))
    assert five != six
    assert phase_decoding(features, phase, picture).tolist() == five


def test_pictures_that_are_told_apart_by_heart_are_decoded_at_chance():
    """Each picture is marked by a column of its own, which says its phase: of no use for any other picture."""
    features = np.kron(np.eye(8), [[1.0], [-1.0]])
    flipped = features * np.repeat([1, -1] * 4, 2)[:, None]
    accuracy = phase_decoding(flipped, np.tile([0, 1], 8), np.repeat(np.arange(8), 2), folds=8)
    assert accuracy.tolist() == [0.5] * 8


def test_a_sketch_adds_every_feature_to_one_column_or_takes_it_off():
    columns = sketch(torch.eye(2000, dtype=torch.float64), 16)
    assert ((columns != 0).sum(1) == 1).all()
    assert columns.abs().sum(1).tolist() == [1.0] * 2000
    assert abs(columns.sum().item()) < 5 * 2000**0.5  # signs are even
    assert columns.abs().sum(0).sub(125).abs().max() < 5 * 125**0.5  # and columns


def test_sketches_keep_inner_products_in_the_mean():
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(2, 40, generator=draw, dtype=torch.float64)
    products = torch.stack([(lambda s: s @ s.T)(sketch(x, 8, seed)) for seed in range(2000)])
    error = products.std(0) / 2000**0.5
    assert ((products.mean(0) - x @ x.T).abs() < 4 * error).all()


def test_narrow_features_stay_as_they_are():
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(sketch(x, 8), x)
    assert torch.equal(sketch(x, 9), x)
    assert sketch(x, 7).shape == (3, 7)
