"""Networks whose measures are known: 0 where nothing subsamples, and above 0 exactly where something does."""

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.models import antialias, circular, polyphase
from biasscope.trace import MEASURES, trace
from tests.unit.trace.nets import conv, one_aliased, pictures, seeded, small, stride_one

ZERO = ("nonshiftability", "equivariance_cosine", "equivariance_l2", "sum_variation", "phase_variance")


def test_stride_one_network_is_zero_at_every_layer():
    found = trace(seeded(stride_one), pictures(), 5, measures=[*ZERO, "phase_decoding", "fourier_l2", "fourier_cosine"])
    assert len(found) == 7
    for layer in found.layers:
        assert layer["nonshiftability"] == 0
        for name in ZERO[1:]:
            assert layer[name] == pytest.approx(0, abs=1e-6), (layer.name, name)
        assert layer["phase_decoding"] == 0
        assert layer["fourier_l2"] is None  # no shift lies between positions


def test_stride_one_network_aliases_nothing_and_has_period_one():
    found = trace(seeded(stride_one), pictures(), 4, measures=["aliasing", "equivariance_l2"])
    assert all("aliasing" not in layer.measures for layer in found.layers)
    assert {lattice.period for lattice in found.lattices["equivariance_l2"].values()} == {(1, 1)}


def test_linear_stride_one_network_has_no_lie_derivative():
    net = seeded(lambda: nn.Sequential(conv(1, 4), nn.BatchNorm2d(4), conv(4, 4))).double()
    found = trace(net, pictures().double(), 2, measures="lie_derivative")
    assert [layer["lie_derivative"] for layer in found.layers] == pytest.approx([0, 0, 0], abs=1e-12)


def test_the_aliased_layer_and_no_earlier_one_shows():
    found = trace(seeded(one_aliased), pictures(), 4, measures=["sum_variation", "fourier_l2", "equivariance_l2"])
    before, after = found.layers[:4], found.layers[4:]
    assert [layer.name for layer in found.layers if layer.subsampling] == ["4"]
    assert all(layer["sum_variation"] < 1e-6 and layer["fourier_l2"] is None for layer in before)
    assert all(layer["sum_variation"] > 1e-4 and layer["fourier_l2"] > 1e-2 for layer in after)
    assert all(layer["equivariance_l2"] < 1e-6 for layer in found.layers)  # multiples of the stride are exact
    assert {name: lattice.period for name, lattice in found.lattices["equivariance_l2"].items()} == {
        "0": (1, 1), "1": (1, 1), "2": (1, 1), "3": (1, 1), "4": (2, 2), "5": (2, 2), "6": (2, 2),
    }  # fmt: skip


def test_a_max_pool_is_split_into_its_maximum_and_its_subsampling():
    found = trace(seeded(one_aliased), pictures(), 4, measures=["sum_variation"], split="pools")
    assert [layer.name for layer in found.layers][4:6] == ["4:max", "4"]
    assert found["4:max"]["sum_variation"] < 1e-6 < 1e-4 < found["4"]["sum_variation"]
    assert found["4:max"].stride == (1, 1)
    assert found["4:max"].coming == (2, 2)


def test_strided_convolutions_are_split_too_when_asked():
    found = trace(seeded(small), pictures(), 4, measures=["sum_variation"], split="all")
    names = [layer.name for layer in found.layers]
    assert {"2:max", "3:dense"} <= set(names)
    assert found["3:dense"].stride == (2, 2)
    assert found["3"].stride == (4, 4)


def test_polyphase_is_exact_under_circular_shifts():
    net, x = seeded(small), pictures(2)
    before = trace(net, x, 4, measures=["sum_variation", "phase_variance"])
    after = trace(polyphase(net, example=(1, 16, 16)), x, 4, measures=["sum_variation", "phase_variance"])
    assert max(before.values("sum_variation")) > 1e-3
    assert max(after.values("sum_variation")) < 1e-6
    assert max(after.values("phase_variance")) < 1e-10


def test_antialiased_network_is_better_than_its_baseline():
    net, x = circular(seeded(small), example=(1, 32, 32)), pictures(4, 32)
    options = {"measures": ["sum_variation", "fourier_l2"]}
    baseline = trace(net, x, 4, **options)
    blurred = trace(antialias(net, 4, example=(1, 32, 32)), x, 4, **options)
    for name in ("sum_variation", "fourier_l2"):
        assert blurred.layers[-2][name] < 0.6 * baseline.layers[-2][name]


def test_the_oracle_of_max_pooling():
    row = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    x = row.expand(1, 1, 8, 8).contiguous()
    net = nn.Sequential(nn.Identity(), nn.MaxPool2d(2))
    found = trace(net, x, [(0, 0), (0, 1), (0, 2)], measures=["sum_variation", "equivariance_l2", "fourier_l2"])
    sums = found.sums["1"].values[0, :, 0]
    assert sums.tolist() == [8.0, 16.0, 8.0]  # [0,1,0,1] and [1,1,1,1] in four rows
    assert found["1"]["sum_variation"] == pytest.approx(np.std([8, 16, 8]) / np.mean([8, 16, 8]))
    assert found["1"]["equivariance_l2"] == 0
    # moved by half a position [0,1,0,1] is [.5,.5,.5,.5]; [1,1,1,1] is as far from that as that is long
    assert found["1"]["fourier_l2"] == pytest.approx(1)


def test_the_oracle_with_a_circular_blur():
    row = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    net = antialias(nn.Sequential(nn.MaxPool2d(2)), 3, padding_mode="circular", example=(1, 8, 8))
    x = row.expand(1, 1, 8, 8).contiguous()
    found = trace(circular(net, example=(1, 8, 8)), x, [(0, 0), (0, 1)], measures=["sum_variation"])
    sums = found.sums[found.layers[-1].name].values[0, :, 0] / 4
    assert sums == pytest.approx([0.5 + 1 + 0.5 + 1, 4 * 0.75])


def test_maximum_bias_is_one_at_a_max_pool_and_below_behind_a_blur():
    net, x = seeded(one_aliased), pictures()
    assert trace(net, x, 2, measures="maximum_bias")["4"]["maximum_bias"] == 1
    blurred = trace(antialias(net, 3, example=(1, 16, 16)), x, 2, measures="maximum_bias")
    assert blurred["4"]["maximum_bias"] < 0.2


def test_the_phase_can_be_decoded_behind_a_subsampling_layer_only():
    class Shifted(nn.Module):
        """Subsampling that keeps one of two positions of a picture with a bright even row."""

        def forward(self, x):
            return x[:, :, ::2, ::2].contiguous()

    x = torch.zeros(6, 1, 16, 16)
    x[:, :, ::2] = torch.linspace(1, 2, 6)[:, None, None, None]
    found = trace(nn.Sequential(nn.ReLU(), Shifted()), x, [(0, 0), (1, 0)], measures="phase_decoding")
    assert found["1"]["phase_decoding"] == 1
    assert found["0"]["phase_decoding"] == 0
    assert "chance 0.500" in found["1"].measures["phase_decoding"].note


def test_every_measure_has_facts_and_stays_in_its_bounds():
    found = trace(seeded(small), pictures(4), 4, measures=list(MEASURES))
    for name, entry in MEASURES.items():
        assert {"title", "better", "bounds", "unit", "source"} <= set(entry.facts)
        values = [value for value in found.values(name) if value is not None]
        assert values, name
        low, high = entry.facts["bounds"]
        assert all(low <= value <= high for value in values), name
        for layer in found.layers:
            one = layer.measures.get(name)
            if one is not None and one.low is not None:
                assert one.low <= one.value <= one.high
                assert one.n == 4


def test_a_margin_separates_zero_padding_from_subsampling():
    net = seeded(lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)))
    x = pictures(2, 32) + 3
    edges = trace(net, x, 3, measures=["equivariance_l2", "fourier_l2"])
    inside = trace(net, x, 3, measures={"equivariance_l2": {"margin": 0.1}, "fourier_l2": {"margin": 0.1}})
    assert edges["0"]["equivariance_l2"] > 0.1
    assert inside.values("equivariance_l2") == pytest.approx([0, 0, 0], abs=1e-6)
    assert inside["2"]["fourier_l2"] > 0.05
