"""Means over images: of which values they are, where their intervals end, and whose values are kept."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from biasscope.trace import trace
from biasscope.trace.measures import aliasing, lie_derivative, sum_variation
from tests.unit.trace.nets import conv, pictures, seeded

MEASURES = ["sum_variation", "aliasing", "lie_derivative", "phase_variance"]


def network():
    return seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2))).double()


def alone(x):
    """Every measure that has values of single images, by a loop over layers and images, (layers, images)."""
    shifts = [(0, 0), (0, 1), (1, 0), (1, 1)]
    found = {name: np.full((3, len(x)), np.nan) for name in MEASURES[:3]}
    with torch.no_grad():
        for number, stride in enumerate((1, 1, 2)):
            part = network()[: number + 1]
            for image, one in enumerate(x):
                views = torch.stack([one.roll(shift, (1, 2)) for shift in shifts])
                found["sum_variation"][number, image] = sum_variation(part(views))
                found["lie_derivative"][number, image] = lie_derivative(part, one[None], (stride, stride)).item()
                if stride == 1:
                    found["aliasing"][number, image] = aliasing(part(one[None]), 2).item()
    return found


@pytest.mark.parametrize("batch", [2, 5, 16])
def test_values_of_single_images_are_kept_when_asked_for(batch):
    x = pictures(5).double()
    found = trace(network(), x, 2, measures=MEASURES, by_image=True, batch=batch)
    assert list(found.by_image) == MEASURES[:3]
    for name, values in alone(x).items():
        assert found.by_image[name] == pytest.approx(values, abs=1e-9, nan_ok=True)
        for layer, row in zip(found.layers, values, strict=True):
            if np.isfinite(row).all():
                reach = stats.sem(row) * stats.t.ppf(0.975, len(row) - 1)
                assert layer[name] == pytest.approx(row.mean(), abs=1e-9)
                assert layer.measures[name].high == pytest.approx(row.mean() + reach, abs=1e-9)
    assert trace(network(), x, 2, measures=MEASURES).by_image == {}


def test_intervals_end_where_the_values_do():
    """An image of which all is aliased beside one of which nothing is: the t interval alone goes from -5.9 to 6.9."""
    stripes = torch.tensor([1.0, -1.0]).repeat(4).expand(8, 8)
    x = torch.stack([stripes, torch.ones(8, 8)])[:, None]
    found = trace(nn.Sequential(nn.Hardtanh(-9, 9), nn.MaxPool2d(2)), x, 2, measures="aliasing")
    one = found["0"].measures["aliasing"]
    assert (one.value, one.low, one.high, one.n) == (pytest.approx(0.5), 0, 1, 2)


def test_what_has_no_upper_end_is_cut_below_only():
    """A kink that moves beside a picture that does not change."""
    wave = torch.cos(2 * torch.pi * torch.arange(8, dtype=torch.float64) / 8)
    x = torch.stack([(wave - 0.5).expand(8, 8), torch.ones(8, 8)])[:, None]
    values = lie_derivative(torch.relu, x).numpy()
    assert values[1] == 0 < values[0]
    one = trace(nn.Sequential(nn.ReLU()), x, 2, measures="lie_derivative")["0"].measures["lie_derivative"]
    reach = stats.sem(values) * stats.t.ppf(0.975, 1)
    assert (one.value, one.low, one.high) == (pytest.approx(values.mean()), 0, pytest.approx(values.mean() + reach))
    assert one.high > 1


class Raised(nn.Module):
    """A thousand million and more in double precision, whatever comes."""

    def forward(self, x):
        return x.double() + 1e9


def test_sums_in_double_precision_are_not_rounded_because_other_layers_have_none():
    net, x = nn.Sequential(nn.ReLU(), Raised(), nn.MaxPool2d(2)), pictures(3)
    found = trace(net, x, [(0, 0), (0, 1), (1, 0)], measures="sum_variation")
    views = [torch.stack([one, one.roll(1, 2), one.roll(1, 1)]) for one in x]
    values = [sum_variation(net(one)) for one in views]
    assert min(values) > 1e-12
    assert found["2"]["sum_variation"] == pytest.approx(np.mean(values), rel=1e-3)


def test_a_measure_that_has_nothing_to_say_has_no_note():
    found = trace(network(), pictures(2).double(), 2, measures=MEASURES)
    assert {one.note for layer in found.layers for one in layer.measures.values()} == {""}
