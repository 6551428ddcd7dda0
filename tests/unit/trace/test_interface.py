"""Shifts, layers, measures and images as people give them; the result as they read it."""

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from biasscope.core.errors import InputError, UsageError
from biasscope.models import Preprocessing, load_model
from biasscope.trace import MEASURES, trace
from biasscope.transforms import Circular, Crop
from tests.unit.trace.nets import conv, pictures, seeded, small


def test_the_package_is_the_function():
    import biasscope.trace

    found = biasscope.trace(seeded(small), pictures(), 2)
    assert isinstance(found, biasscope.trace.Trace)


@pytest.mark.parametrize(
    ("shifts", "count"),
    [(3, 9), ("3x3", 9), ("circular:3x3", 9), ([(0, 0), (1, 2)], 2), (Circular("horizontal:4"), 5)],
)
def test_shifts(shifts, count):
    found = trace(seeded(small), pictures(), shifts)
    assert found.offsets.shape == (count, 2)
    assert found.offsets[found.reference].tolist() == [0, 0]
    assert found.protocol == "circular"


def test_default_shifts_reach_a_multiple_of_every_stride():
    found = trace(seeded(small), pictures(2, 16), measures="equivariance_l2")
    assert len(found.offsets) == 64
    assert all(value is not None for value in found.values("equivariance_l2"))


def test_crop_windows_are_compared_where_both_see_the_same():
    x = pictures(2, 20)
    net = seeded(lambda: nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU(), nn.MaxPool2d(2)))
    prepare = Preprocessing((16, 16), None, (0.5,), (0.5,))
    shifts = Crop("2x2:2", source=20) if "source" in Crop.__dataclass_fields__ else Crop("0,0;0,2;2,0;2,2")
    found = trace(net, x, shifts, measures=["equivariance_l2", "equivariance_cosine"], preprocessing=prepare)
    assert found.values("equivariance_l2") == pytest.approx([0, 0, 0], abs=1e-6)
    assert found.values("equivariance_cosine") == pytest.approx([0, 0, 0], abs=1e-6)


def test_fourier_measures_need_circular_shifts():
    prepare = Preprocessing((16, 16), None, (0.5,), (0.5,))
    found = trace(
        seeded(small), pictures(2, 20), Crop("0,0;0,2"), measures=["sum_variation", "fourier_l2"], preprocessing=prepare
    )
    assert all("fourier_l2" not in layer.measures for layer in found.layers)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(4, 4), nn.ReLU())

    def forward(self, x):
        return x + self.body(x)


def blocks():
    return nn.Sequential(conv(1, 4), Block(), nn.MaxPool2d(2), Block(), nn.Dropout2d(), nn.Identity())


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        (None, ["0", "1.body.0", "1.body.1", "2", "3.body.0", "3.body.1"]),
        ("leaves", ["0", "1.body.0", "1.body.1", "2", "3.body.0", "3.body.1"]),
        ("blocks", ["1", "3"]),
        ("subsampling", ["2"]),
        ("1.body.*", ["1.body.0", "1.body.1"]),
        (["3", nn.MaxPool2d], ["2", "3"]),
        (nn.Conv2d, ["0", "1.body.0", "3.body.0"]),
    ],
)
def test_layers(layers, names):
    found = trace(seeded(blocks), pictures(), 2, layers=layers, measures="sum_variation")
    assert [layer.name for layer in found.layers] == names
    assert [layer.depth for layer in found.layers] == list(range(len(names)))


def test_one_call_of_a_layer_can_be_meant():
    relu = nn.ReLU()
    net = seeded(lambda: nn.Sequential(conv(1, 4), relu, conv(4, 4), relu))
    assert [layer.name for layer in trace(net, pictures(), 2, layers="1#2").layers] == ["1#2"]


@pytest.mark.parametrize("layers", ["nothing", nn.Conv3d, ["0", "9"], "blocks"])
def test_layers_that_mean_nothing(layers):
    with pytest.raises(UsageError, match="means no layer"):
        trace(seeded(small), pictures(), 2, layers=layers)


@pytest.mark.parametrize(
    "options",
    [
        {"measures": "consistency"},
        {"measures": {"nonshiftability": {"thresold": 0.1}}},
        {"measures": {"nonshiftability": {"threshold": 0}}},
        {"measures": {"phase_decoding": {"features": "all"}}},
        {"amp": "fp8"},
        {"outputs": "second"},
        {"batch": 1},
        {"images": torch.zeros(0, 1, 8, 8)},
        {"images": torch.zeros(1, 8, 8)},
        {"images": torch.zeros(1, 3, 16, 16)},
    ],
)
def test_wrong_options(options):
    given = {"images": pictures(), "shifts": 2, **options}
    with pytest.raises(UsageError):
        trace(seeded(small), given.pop("images"), given.pop("shifts"), **given)


def test_no_picture_is_an_input_error():
    with pytest.raises(InputError, match="no picture"):
        trace(seeded(small), [], 2, preprocessing=Preprocessing((16, 16), None, (0.5,), (0.5,)))


@pytest.mark.parametrize("batch", [2, 3, 7, 64, 1000])
def test_the_batch_size_changes_nothing(batch):
    names = ["sum_variation", "nonshiftability", "equivariance_l2", "fourier_cosine", "phase_variance"]
    one, two = (trace(seeded(small), pictures(5), 4, measures=names, batch=size) for size in (16, batch))
    for name in names:
        assert two.values(name) == pytest.approx(one.values(name), abs=1e-6)
    assert all(
        np.allclose(lattice.values, two.lattices[name][layer].values, atol=1e-6, equal_nan=True)
        for name, found in one.lattices.items()
        for layer, lattice in found.items()
    )
    for layer, sums in one.sums.items():
        assert np.allclose(sums.values, two.sums[layer].values, atol=1e-4)


def test_pictures_are_prepared_for_a_loaded_model():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (3, 40, 40, 3), dtype=np.uint8)
    model = load_model("torchvision:squeezenet1_1@none?size=64&resize=64&seed=1")
    found = trace(model, pixels, 2, layers="subsampling", measures="sum_variation", limit=2)
    assert found.images == 2
    assert found.model == "torchvision:squeezenet1_1@none?size=64&resize=64&seed=1"
    assert [layer.stride for layer in found.layers] == [(2, 2), (4, 4), (8, 8), (16, 16)]


def test_frame_and_table_have_a_row_a_layer_and_measure():
    found = trace(seeded(small), pictures(), 3, measures=["sum_variation", "aliasing"], label="net")
    frame, table = found.frame(), found.table()
    assert isinstance(frame, pl.DataFrame)
    assert frame.height == table.height == sum(len(layer.measures) for layer in found.layers)
    assert frame["model"].unique().to_list() == ["net"]
    assert {"layer", "depth", "stride", "ratio", "subsampling", "measure", "value", "low", "high", "n"} <= set(
        frame.columns
    )
    assert frame.filter(pl.col("measure") == "aliasing")["layer"].to_list() == ["0", "1", "2"]
    assert "sum_variation" in str(found)


def test_dead_maps_are_counted_and_left_out():
    net = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2)))
    with torch.no_grad():
        net[0].weight[:2] = 0
        net[0].bias[:2] = -1
    found = trace(net, pictures(), 4)
    assert found["1"].measures["nonshiftability"].note == "6 of 12 maps dead, left out"
    assert found["1"]["nonshiftability"] == 0


def test_a_layer_that_is_dead_has_no_value():
    net = seeded(lambda: nn.Sequential(conv(1, 4), nn.ReLU()))
    torch.nn.init.constant_(net[0].weight, 0)
    torch.nn.init.constant_(net[0].bias, -1)
    found = trace(net, pictures(), 4, measures=[name for name in MEASURES if name != "aliasing"])
    assert found["1"]["nonshiftability"] is None
    assert found["1"]["sum_variation"] is None
    assert found["1"]["equivariance_l2"] == 0
    assert found.table().height == len(found.frame())


def test_sides_that_are_no_multiple_of_the_stride_are_noted():
    found = trace(seeded(small), pictures(2, 18), 2)
    assert any("no multiple of the stride" in note for note in found.notes)
