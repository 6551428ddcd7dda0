"""Moving responses, shares of a change, replacing parts of outputs."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from scipy.stats import t
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.trace.blame import moved, patched_output, share_of_change
from biasscope.trace.blame.patching import with_item
from tests.unit.trace.nets import hooks


def test_whole_steps_are_rolls_and_fractions_add_up():
    x = torch.randn(2, 3, 7, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(moved(x, (2, -3)), x.roll((2, -3), (-2, -1)))
    odd = x[..., :7]
    assert torch.allclose(moved(moved(odd, (0.5, 0.25)), (0.5, 0.75)), odd.roll((1, 1), (-2, -1)))
    assert torch.equal(moved(x, (0.4, 1.6), between="nearest"), x.roll(2, -1))


def test_the_border_stays_its_own_where_nothing_wraps():
    x, own = torch.arange(16.0).reshape(1, 1, 4, 4), torch.full((1, 1, 4, 4), -1.0)
    out = moved(x, (1, -1), own=own, wraps=False)
    assert torch.equal(out[0, 0, 1:, :3], x[0, 0, :3, 1:])
    assert (out[0, 0, 0] == -1).all()
    assert (out[0, 0, :, 3] == -1).all()
    assert torch.equal(moved(x, (9, 0), own=own, wraps=False), own)


def test_share_of_change_is_a_ratio_with_a_cluster_interval():
    draw = np.random.default_rng(0)
    change = draw.normal(size=(200, 4))
    removed = 0.3 * change + 0.1 * draw.normal(size=(200, 4))
    found = share_of_change(removed, change)
    assert found.low < 0.3 < found.high
    above, below = (np.sign(change) * removed).sum(1), np.abs(change).sum(1)
    jack = np.array([(above.sum() - a) / (below.sum() - b) for a, b in zip(above, below, strict=True)])
    error = np.sqrt(199 / 200 * ((jack - jack.mean()) ** 2).sum())  # the jackknife agrees with the linearisation
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 199) * error, rel=0.05)


def test_share_of_change_leaves_out_what_did_not_change():
    found = share_of_change(np.array([[1.0], [5.0]]), np.array([[2.0], [0.0]]))
    assert (found.value, found.low, found.n) == (0.5, None, 1)
    assert share_of_change(np.zeros((3, 1)), np.zeros((3, 1))).value is None


def test_parts_of_outputs():
    Pair = namedtuple("Pair", "a b")  # noqa: PYI024 (that is what models use)
    output = [Pair(torch.zeros(1), {"c": (torch.ones(1), None)}), torch.ones(2)]
    made = with_item(output, 1, lambda x: x + 4)
    assert type(made) is list
    assert type(made[0]) is Pair
    assert made[0].b["c"][0].item() == 5
    assert made[0].b["c"][1] is None
    assert made[1] is output[1]


def test_in_place_layers_do_not_change_the_replacement():
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(inplace=True), nn.Flatten())
    response = torch.tensor([[[[-1.0, 2.0]]]])
    with torch.no_grad():
        assert patched_output(net, torch.ones(1, 1, 1, 2), "0", response).tolist() == [[0.0, 2.0]]
    assert response.flatten().tolist() == [-1.0, 2.0]
    assert hooks(net) == 0


def test_wrong_replacements_are_refused():
    net = nn.Sequential(nn.ReLU(), nn.Flatten())
    with pytest.raises(UsageError, match="the layer gives"):
        patched_output(net, torch.ones(1, 1, 1, 2), "0", torch.ones(1, 1, 1, 3))
    with pytest.raises(UsageError, match="only what a module gives"):
        patched_output(net, torch.ones(1, 1, 1, 2), ":relu", torch.ones(1, 1, 1, 2))
    assert hooks(net) == 0
