"""Lie derivatives of models as they are found."""

import numpy as np
import pytest
import torch
from torch import nn

from biasscope import analyze_invariance
from biasscope.core.progress import Progress
from biasscope.images import open_images
from biasscope.models import LoadedModel, Preprocessing, load_model
from biasscope.pipeline.common.subjects import subjects
from biasscope.pipeline.definition import InvarianceAnalysis
from biasscope.pipeline.invariance.lie import lie

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)


def network(*last: nn.Module, outputs: int = 5) -> nn.Sequential:
    torch.manual_seed(0)
    first = [nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*first, nn.Dropout(0.5), nn.Linear(32, outputs), *last)


def loaded(net: nn.Module) -> LoadedModel:
    return load_model(net, preprocessing=Preprocessing((16, 16), None))


def test_a_network_in_training_mode_is_evaluated_and_left_in_it() -> None:
    model = loaded(network())
    found = []
    for mode in (False, True, True):
        model.module.train(mode)
        before = {name: value.clone() for name, value in model.module.state_dict().items()}
        report = analyze_invariance(model, images=PICTURES, protocol="circular", grid="3x3", lie=4)
        found.append([item.value for item in report.result("lie").scalars])
        assert all(part.training is mode for part in model.module.modules())
        assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    assert found[0] == found[1] == found[2]


class StaysInTraining(nn.Sequential):
    def train(self, mode: bool = True) -> "StaysInTraining":
        return super().train(True)


def test_a_network_that_stays_in_training_is_left_out() -> None:
    models = [loaded(network()), loaded(StaysInTraining(network()))]
    asked = InvarianceAnalysis(lie=4)
    absent: list[str] = []
    found = lie(subjects(models, asked, Progress()), open_images(PICTURES), asked, Progress(), absent)
    assert absent == []
    assert found is not None
    assert {row.split("@")[1] for row in (item.name for item in found.scalars)} == {"Sequential"}
    assert found.notes == ["StaysInTraining is left out: the model is in training mode."]


def test_a_report_without_derivatives_says_why() -> None:
    model = loaded(StaysInTraining(network()))
    report = analyze_invariance(model, images=PICTURES, protocol="circular", grid="3x3", lie=4)
    assert "lie" not in {result.kind for result in report.results}
    assert "No Lie derivatives: StaysInTraining is left out: the model is in training mode." in report.notes


def test_the_derivative_of_one_output_is_that_of_both_its_answers() -> None:
    class Both(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([torch.zeros_like(x), x], 1)

    one, two = (
        analyze_invariance(loaded(net), images=PICTURES, protocol="circular", grid="3x3", lie=4).result("lie")
        for net in (network(outputs=1), network(Both(), outputs=1))
    )
    assert [item.value for item in one.scalars] == [item.value for item in two.scalars]
    assert all(item.value for item in one.scalars)


def test_networks_in_half_precision_have_derivatives_too() -> None:
    full, *halves = (
        analyze_invariance(loaded(network().to(kind)), images=PICTURES, protocol="circular", grid="3x3", lie=4)
        for kind in (torch.float32, torch.float16, torch.bfloat16)
    )
    expected = [item.value for item in full.result("lie").scalars]
    for report in halves:
        assert [item.value for item in report.result("lie").scalars] == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("count", [1, 17])  # of which sixteen are taken at once
def test_networks_that_squeeze_the_axis_of_one_picture_have_derivatives_too(count: int) -> None:
    class Squeezed(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.squeeze()

    pictures = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), np.uint8)
    one, two = (
        analyze_invariance(loaded(net), images=pictures, protocol="circular", grid="3x3", lie=count).result("lie")
        for net in (network(), network(Squeezed()))
    )
    assert [item.value for item in one.scalars] == [item.value for item in two.scalars]
