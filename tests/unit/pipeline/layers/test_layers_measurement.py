"""Units, rises, differences and chosen shifts of a trace, against networks whose answer is known."""

import re
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from biasscope.images.picture import Picture
from biasscope.models import Preprocessing, pac
from biasscope.models.loaded import describe
from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.layers.differences import differences
from biasscope.pipeline.layers.guidance import guided
from biasscope.pipeline.layers.jumps import jump_table, jumps, largest, mean_interval
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.pipeline.layers.moving import activations, strongest
from biasscope.pipeline.layers.result import scalars
from biasscope.pipeline.layers.tables import chosen, layer_table, path, rectangle
from biasscope.pipeline.layers.words import lost, where
from biasscope.trace import trace
from biasscope.transforms import Circular

MEASURES = ["nonshiftability", "sum_variation", "phase_variance", "equivariance_l2"]


def conv(incoming: int, outgoing: int, stride: int = 1) -> nn.Module:
    return nn.Conv2d(incoming, outgoing, 3, stride, 1, padding_mode="circular")


def net(stride: int, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = [conv(1, 4), nn.ReLU(), conv(4, 4, stride), nn.ReLU(), conv(4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4, 3))


def measured(
    module: nn.Module, pictures: Tensor, label: str = "net", variant: str = "baseline",
    layers: Sequence[str] | None = None,
) -> Measurement:  # fmt: skip
    model = describe(module, Preprocessing((16, 16), None, (0.5,), (0.5,)), None, spec=f"module:{label}", source="test")
    shifts = Circular("0..3")
    found = trace(model, pictures, shifts, measures=MEASURES, by_image=True, label=label, layers=layers)
    return Measurement(Subject(label, "net", variant, True, model), shifts, found, picked=layers is not None)


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((6, 1, 16, 16), np.float32))


def test_units_end_at_activations(pictures: Tensor) -> None:
    item = measured(net(2), pictures)
    assert [[layer.name for layer in unit.layers] for unit in item.units] == [["0", "1"], ["2", "3"], ["4", "5"]]
    assert [unit.subsampling.name if unit.subsampling else None for unit in item.units] == [None, "2", None]
    assert item.last.name == "5"


def test_a_network_without_activations_is_taken_layer_by_layer(pictures: Tensor) -> None:
    linear = nn.Sequential(conv(1, 2), conv(2, 2, 2), conv(2, 2))
    assert [unit.end.name for unit in measured(linear, pictures).units] == ["0", "1", "2"]


class Block(nn.Module):
    """A block of one's own, of which nobody knows in what it ends."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv, self.relu = conv(4, 4, stride), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


def blocks() -> nn.Sequential:
    torch.manual_seed(0)
    made = [Block(stride) for stride in (1, 2, 1, 2, 1)]
    return nn.Sequential(conv(1, 4), *made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def test_blocks_are_compared_one_by_one(pictures: Tensor) -> None:
    item = measured(blocks(), pictures, layers=["blocks"])
    assert [unit.end.name for unit in item.units] == ["1", "2", "3", "4", "5"]
    assert [unit.subsampling is not None for unit in item.units] == [False, True, False, True, False]
    assert (item.last.name, item.place) == ("5", "the last spatial layer of the layers looked at")
    assert not item.behind_activations


def test_one_activation_is_compared_behind_it(pictures: Tensor) -> None:
    torch.manual_seed(0)
    item = measured(nn.Sequential(conv(1, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 3)), pictures)
    assert [[layer.name for layer in unit.layers] for unit in item.units] == [["0", "1"]]
    assert item.last.name == "1"
    assert item.behind_activations


@pytest.mark.parametrize(
    ("layers", "hidden"),
    [
        (["0", "5"], [False, True]),
        (["1", "4"], [False, True]),  # the block 4 halves positions, and so did 2
        (["2", "4"], [False, False]),
        (["2.relu", "5.relu"], [True, True]),
        (["blocks"], [False] * 5),
    ],
)
def test_subsampling_between_layers_that_were_picked_is_known(
    pictures: Tensor, layers: list[str], hidden: list[bool]
) -> None:
    assert [unit.hidden for unit in measured(blocks(), pictures, layers=layers).units] == hidden


def test_what_was_not_looked_at_is_not_spoken_of(pictures: Tensor) -> None:
    said = {
        name: " ".join(lost([measured(blocks(), pictures, layers=layers)]))
        for name, layers in {"all": None, "blocks": ["blocks"], "one": ["3"], "pool": ["6"]}.items()
    }
    assert "at its last spatial layer, 5.relu" in said["all"]
    assert "of all its rise is at layers that subsample" in said["all"]
    assert "at the last spatial layer of the layers looked at, 5. " in said["blocks"]
    assert "of its rise from one of them to the next is at those that subsample" in said["blocks"]
    assert said["one"].endswith("at the last spatial layer of the layers looked at, 3.")
    assert said["pool"].endswith("at the last of the layers looked at (maps of one position), 6.")


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (["1.relu", "5.relu"], "behind layers that subsample and were not looked at"),
        (["1", "4"], "which subsamples, as do layers before it that were not looked at"),
        (["1", "2"], "which subsamples"),
        (["1.relu", "2.conv", "2.relu"], "where 2.conv subsamples"),
    ],
)
def test_what_subsamples_at_a_rise_is_told(pictures: Tensor, layers: list[str], said: str) -> None:
    jump = largest(measured(blocks(), pictures, layers=layers), "sum_variation")
    assert jump is not None
    assert where(jump) == said


def test_a_measure_that_is_undefined_is_said_to_be(pictures: Tensor) -> None:
    module = net(2)
    with torch.no_grad():
        for number in (0, 2, 4):
            module[number].weight.zero_()  # type: ignore[operator, union-attr]
            module[number].bias.fill_(-1)  # type: ignore[operator, union-attr]
    (said,) = lost([measured(module, pictures)])
    assert said == "Nonshiftability of net is undefined at its last spatial layer, 5 (24 of 24 maps dead, left out)."


class Thinned(nn.Module):
    """Takes every second position."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, ::2, ::2]


def test_layers_behind_the_last_one_that_subsamples_are_not_passed_over_in_words(pictures: Tensor) -> None:
    layers = conv(1, 4, 2), Thinned(), conv(4, 4), Thinned(), conv(4, 4)
    item = measured(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), pictures)
    assert [unit.subsampling is unit.end for unit in item.units] == [True, True]
    assert "at its last layer that subsamples, 3." in next(lost([item]))


def test_nothing_rises_without_subsampling(pictures: Tensor) -> None:
    item = measured(net(1), pictures)
    assert all(jumps(item, measure) == [] for measure in MEASURES)
    assert jump_table([item]).height == 0


def test_the_first_rise_is_where_the_network_subsamples(pictures: Tensor) -> None:
    item = measured(net(4), pictures)
    for measure in ("sum_variation", "phase_variance", "equivariance_l2"):
        found = jumps(item, measure)
        if found:
            assert (found[0].layer.name, found[0].subsampling) == ("3", "2")
            assert sum(jump.share for jump in found) == pytest.approx(1)
    jump = largest(item, "sum_variation")
    assert jump is not None
    values = item.trace.by_image["sum_variation"]
    assert jump.n == 6
    assert jump.rise == pytest.approx(item.trace.values("sum_variation")[jump.layer.depth], abs=0.1)
    assert values.shape == (len(item.trace), 6)


def test_values_of_images_give_the_means_of_the_trace(pictures: Tensor) -> None:
    item = measured(net(4), pictures)
    for measure in ("nonshiftability", "sum_variation"):
        for layer in item.trace.layers:
            mean, low, high, n = mean_interval(item.by_image(measure, layer))
            one = layer.measures[measure]
            assert (mean, n) == (pytest.approx(one.value), one.n)
            if low is not None and one.low is not None and one.low > 0:
                assert low == pytest.approx(one.low)
                assert high == pytest.approx(min(one.high or 0, high))


def test_forms_are_paired_image_by_image(pictures: Tensor) -> None:
    base, form = measured(net(4), pictures), measured(net(2), pictures, "net (form)", "antialias")
    found = {one.measure: one for one in differences([base, form])}
    here, there = form.by_image("sum_variation", form.last), base.by_image("sum_variation", base.last)
    one = found["sum_variation"]
    assert one.value == pytest.approx(float((here - there).mean()))
    assert one.low is not None
    assert one.low < one.value
    assert "phase_variance" not in found
    assert differences([base]) == []


def test_the_rectangle_leaves_single_shifts_out() -> None:
    pairs = [(y, x) for y in range(3) for x in range(4)] + [(8, 0), (0, 8), (8, 8)]
    offsets = np.array(pairs, float)
    square = rectangle(offsets)
    assert square is not None
    assert offsets[square].tolist() == [[[y, x] for x in range(4)] for y in range(3)]
    assert rectangle(np.array([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])) is None


@pytest.mark.parametrize(
    ("pairs", "views"),
    [([(0, 0), (0, 2), (0, 1), (1, 0)], [0, 2, 1]), ([(0, 0), (1, 1), (2, 2)], [0, 1, 2]), ([(0, 0), (1, 3)], [0, 1])],
)
def test_a_path_is_a_line_of_shifts(pairs: Sequence[tuple[int, int]], views: list[int]) -> None:
    assert path(np.array(pairs, float)) == views


def test_chosen_layers_are_few_and_hold_the_last(pictures: Tensor) -> None:
    item = measured(net(2), pictures)
    assert [layer.name for layer in chosen(item)] == ["1", "3", "5"]
    assert layer_table([item])["position"][-1] == 1.0


def test_activations_are_those_of_the_network(pictures: Tensor) -> None:
    module = net(2).eval()
    layers = measured(module, pictures).trace.layers
    found = activations(module, pictures, layers[:2])
    with torch.no_grad():
        torch.testing.assert_close(found["1"], module[:2](pictures))
    assert not any(module._forward_hooks for module in module.modules())


@pytest.mark.parametrize(("scale", "low", "high"), [(1.0, 1e-3, 1), (1e-4, 0, 1e-6)])
def test_frozen_guidance_is_said_of_pixel_adaptive_forms(
    pictures: Tensor, scale: float, low: float, high: float
) -> None:
    item = measured(pac(net(2), "4", scale=scale, example=(1, 16, 16)), pictures, "net-pac", "pac")
    shown = [Picture("a", np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8))]
    (said,) = guided([item, measured(net(2), pictures)], shown)
    found = re.search(r"response of 4 to a picture moved by 2 pixels down and right by (\S+)", said)
    assert found is not None
    assert low <= (0 if found[1] == "nothing" else float(found[1])) <= high


def test_the_strongest_map_is_on_one_scale() -> None:
    maps = torch.zeros(2, 3, 4, 4)
    maps[:, 1, 0, 0] = torch.tensor([1.0, 2.0])
    shown = strongest(maps)
    assert shown.shape == (2, 48, 48)
    assert (shown[0].max(), shown[1].max(), shown.min()) == (128, 255, 0)


def test_a_layer_that_alone_was_picked_has_no_rise_in_numbers_either(pictures: Tensor) -> None:
    one, two = (measured(blocks(), pictures, layers=layers) for layers in (["2"], ["blocks"]))
    assert [any(scalar.name.startswith("jump@") for scalar in scalars([item])) for item in (one, two)] == [False, True]
    assert [jump_table([item]).height > 0 for item in (one, two)] == [False, True]
