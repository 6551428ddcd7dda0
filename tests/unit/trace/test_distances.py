"""Distances between a response and its moved reference, and aliased energy: their edges in closed form."""

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.trace import trace
from biasscope.trace.measures import aliasing, cosine_distances, maximum_bias, relative_errors
from tests.unit.trace.nets import pictures, seeded, small


def maps(count=3, side=8):
    return torch.randn(count, 2, side, side, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.mark.parametrize("unit", [1e-9, 1e6])
@pytest.mark.parametrize("distance", [cosine_distances, relative_errors])
@pytest.mark.parametrize("shifts", [[(1, 0), (0, 2)], [(0.5, 0), (0.25, 1)]])
def test_units_of_activations_do_not_matter(distance, unit, shifts):
    expected = distance(maps(), shifts)
    assert (expected > 0.1).all()
    assert torch.allclose(distance(unit * maps(), shifts), expected, rtol=1e-9)


def test_nothing_is_like_nothing_only():
    zero, some = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    assert cosine_distances(torch.cat([zero, zero, some]), [(0, 1), (1, 0)]).tolist() == [0, 1]
    assert cosine_distances(torch.cat([some, zero, 2 * some, -some]), [(0, 1)] * 3).tolist() == pytest.approx([1, 0, 2])
    errors = relative_errors(torch.cat([zero, zero, some]), [(0, 1), (1, 0)]).tolist()
    assert errors == [0, pytest.approx(float("nan"), nan_ok=True)]
    assert relative_errors(torch.cat([some, zero, 2 * some, -some]), [(0, 1)] * 3).tolist() == pytest.approx([1, 1, 2])


@pytest.mark.parametrize("wraps", [True, False])
def test_a_margin_compares_the_inside_only(wraps):
    x = maps(2)
    inside, before = x[1, :, 3:6, 2:6].flatten(), x[0, :, 2:5, 2:6].flatten()  # moved one down, two left out
    cosine = 1 - inside @ before / (inside.norm() * before.norm())
    assert cosine_distances(x, [(1, 0)], wraps=wraps, margin=0.25).item() == pytest.approx(cosine.item())
    relative = (inside - before).norm() / before.norm()
    assert relative_errors(x, [(1, 0)], wraps=wraps, margin=0.25).item() == pytest.approx(relative.item())


def test_fractions_of_a_position_go_around():
    with pytest.raises(ValueError, match="around"):
        cosine_distances(maps(2), [(0.5, 0)], wraps=False)


def test_a_constant_counts_as_energy_unless_left_out():
    stripes = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(4).expand(2, 8, 8)
    raised = stripes + torch.tensor([3.0, 0.0])[:, None, None]  # mean squares: stripes 1 + 1, constant 9
    assert aliasing(raised, 2).item() == pytest.approx(2 / 11)
    assert aliasing(raised, 2, without_mean=True).item() == pytest.approx(1)
    slow = torch.cos(torch.arange(8, dtype=torch.float64) * np.pi / 4).expand(2, 8, 8)  # mean square 1/2, not aliased
    assert aliasing(raised + slow, 2, without_mean=True).item() == pytest.approx(2 / 3)
    assert aliasing(torch.ones(1, 8, 8), 2, without_mean=True).isnan()


def test_traced_aliasing_leaves_the_mean_out_when_told():
    x = pictures(3).abs() + 1
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    for without in (False, True):
        found = trace(net, x, 2, measures={"aliasing": {"without_mean": without}})["0"]["aliasing"]
        assert found == pytest.approx(aliasing(x, 2, without_mean=without).mean().item(), rel=1e-5)


def test_the_lattice_of_one_picture_holds_its_errors():
    found = trace(seeded(small), pictures(1), [(0, 0), (1, 0), (0, 4), (4, 4), (2, 0)], measures="equivariance_l2")
    for layer, lattice in found.lattices["equivariance_l2"].items():
        whole = ~lattice.fourier
        whole[0] = False
        assert np.mean(lattice.values[whole]) == pytest.approx(found[layer]["equivariance_l2"]), layer
        assert lattice.values[0] == 0


@pytest.mark.parametrize(("rows", "columns"), [(3, 2), (2, 4), (4, 5)])
def test_windows_that_only_one_side_has_are_left_out_of_maximum_bias(rows, columns):
    """A pool may give a row or column more, or fewer, than the windows that fit."""
    x = maps(1, 8)[0]
    most = torch.nn.functional.max_pool2d(x, 2)
    given = torch.zeros(2, rows, columns, dtype=x.dtype)
    both = min(rows, 4), min(columns, 4)
    given[:, : both[0], : both[1]] = most[:, : both[0], : both[1]]
    given[1, 0, 1] += 1e-3
    missed = 1 / (2 * both[0] * both[1])
    assert maximum_bias(x, given, (2, 2), (2, 2)).item() == pytest.approx(1 - missed)
    assert maximum_bias(x[None], given[None], (2, 2), (2, 2)).tolist() == pytest.approx([1 - missed])


def test_one_telling_window_is_enough_for_maximum_bias():
    x = torch.tensor([[[1.0, 2.0, 3.0, 3.0]]])
    assert maximum_bias(x, torch.tensor([[[2.0, 0.0]]]), (1, 2), (1, 2)).item() == 1
    assert maximum_bias(x[..., 2:], torch.tensor([[[3.0]]]), (1, 2), (1, 2)).isnan()


@pytest.mark.parametrize("margin", [-0.1, 0.5, 0.7])
def test_a_margin_leaves_something_to_compare(margin):
    with pytest.raises(UsageError, match="margin"):
        trace(seeded(small), pictures(1), 2, measures={"equivariance_l2": {"margin": margin}})
