from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from biasscope.copies import CopiesSweep, augmentation_sweep
from biasscope.copies.facts import facts_of
from biasscope.copies.train import Training
from biasscope.core.errors import InputError, UsageError
from biasscope.metrics import accuracy, consistency, worst_case
from tests.unit.copies.sweeping import sweep
from tests.unit.copies.toys import data, network


@pytest.fixture(scope="module")
def found() -> CopiesSweep:
    return sweep(None, seeds=2)


def test_there_is_a_row_a_network_region_and_measure(found: CopiesSweep) -> None:
    frame = found.frame()
    assert frame.height == 2 * 2 * 2 * 3 * 3
    assert found.predictions.shape == (8, 16, 30)
    assert int(found.inside.sum()) == 4
    row = frame.filter(pl.col("region") == "outside", pl.col("metric") == "accuracy", pl.col("variant") == "wide")
    outside = found.predictions[4][~torch.from_numpy(found.inside)].long()
    assert row["value"][0] == pytest.approx(accuracy(outside, found.targets).item(), abs=1e-6)


def test_measures_are_the_metrics(found: CopiesSweep) -> None:
    inside = torch.from_numpy(found.inside)
    for index in range(8):
        table = found.predictions[index][inside].long()
        assert found.by_image("consistency")[index].mean() == pytest.approx(consistency(table).item(), abs=1e-6)
        worst = found.by_image("worst_case", "all")[index].mean()
        assert worst == pytest.approx(worst_case(found.predictions[index].long(), found.targets).item(), abs=1e-6)
    assert np.allclose(found.maps().mean(1), found.by_image("accuracy", "all").mean(1))
    assert (found.maps("agreement")[:, int(str(found.settings["reference"]))] == 1).all()


def test_the_same_seed_gives_the_same_and_another_another(found: CopiesSweep) -> None:
    again, other = sweep(None, seeds=2), sweep(None, seeds=2, seed=1)
    assert torch.equal(found.predictions, again.predictions)
    assert torch.equal(found.losses, again.losses)
    assert not torch.equal(found.losses, other.losses)


def test_the_copy_is_the_only_difference_between_numbers_of_copies(found: CopiesSweep) -> None:
    """Same weights and images at the first step, which shows some images in another version."""
    by_name = {run.name: losses for run, losses in zip(found.runs, found.losses, strict=True)}
    one, four = by_name["narrow-n1-m80-s0"], by_name["narrow-n4-m80-s0"]
    assert 0 < (one[0] - four[0]).abs() < 0.2


def test_vectorised_is_the_same_sweep(found: CopiesSweep) -> None:
    at_once = sweep(None, seeds=2, engine="vectorised", together=3)
    assert set(at_once.engines) == {"vectorised"}
    assert (at_once.losses - found.losses).abs().max() < 1e-4
    assert (at_once.predictions != found.predictions).double().mean() < 0.01


def test_saved_and_loaded(found: CopiesSweep, tmp_path: Path) -> None:
    again = CopiesSweep.load(found.save(tmp_path / "sweep.safetensors"))
    assert again.frame().equals(found.frame())
    assert (again.runs, again.subsampling, again.notes) == (found.runs, found.subsampling, found.notes)
    assert (again.parameters, again.settings) == (found.parameters, found.settings)
    assert all(np.array_equal(again.coordinates[name], column) for name, column in found.coordinates.items())
    (tmp_path / "other").write_bytes(b"no sweep at all")
    with pytest.raises(InputError):
        CopiesSweep.load(tmp_path / "other")


def test_a_budget_thins_the_plan_and_says_so() -> None:
    thinned = sweep(None, copies=[1, 2, 4], seeds=4, steps=400, budget=0.01)
    assert 100 <= int(thinned.steps.max()) < 400
    assert {run.seed for run in thinned.runs} == {0}
    assert "seeds thinned from 4 to 1" in thinned.notes[-1]


def test_a_thinned_plan_is_kept_when_the_speed_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.copies.call.measure", lambda *_: {"narrow": (1.0, 0.0), "wide": (1.0, 0.0)})
    monkeypatch.setattr("biasscope.copies.call.monotonic", lambda: 0.0)
    first = sweep(tmp_path, budget=16.0)
    monkeypatch.setattr("biasscope.copies.call.measure", lambda *_: {"narrow": (0.1, 0.0), "wide": (0.1, 0.0)})
    assert sweep(tmp_path, budget=16.0).runs == first.runs
    assert int(first.steps.max()) == 4


def test_a_budget_asks_less_and_what_is_asked_is_a_part_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions cost nearly everything here, so half of them are left out; the networks are the same ones."""
    monkeypatch.setattr("biasscope.copies.call.measure", lambda *_: dict.fromkeys(("narrow", "wide"), (1e-6, 1.0)))
    images = (data().train, data().train_labels, data().train.flip(3), data().train_labels)
    monkeypatch.setattr("biasscope.copies.thinning.LEAST_TESTS", 25)
    words = {"test_shifts": "6x6", "copies": [1], "seeds": 1, "steps": 4, "shifts": "4x4"}
    whole, less = (
        augmentation_sweep(
            {"narrow": network, "wide": lambda: network(6)}, images, variants=["narrow"], **more, **words
        )
        for more in ({}, {"budget": 400.0})
    )
    assert whole.predictions.shape == (1, 36, 80)
    assert less.predictions.shape == (1, 16, 25)
    assert "held-out images thinned from 80 to 25; versions asked about thinned from 36 to 16" in less.notes[-1]
    places = [list(zip(one.coordinates["dy"], one.coordinates["dx"], strict=True)) for one in (whole, less)]
    rows = torch.tensor([places[0].index(place) for place in places[1]])
    assert torch.equal(less.predictions, whole.predictions[:, rows, :25])
    assert less.inside.tolist() == whole.inside[rows.numpy()].tolist()
    assert 0 < (~less.inside).sum() < len(less.inside)
    assert places[1][int(str(less.settings["reference"]))] == (0, 0)


class Own(torch.nn.Module):
    """A network whose text and weights do not show what its forward does."""

    sign = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give logits."""
        logits: torch.Tensor = self.inner(x)
        return self.sign * logits


def test_a_forward_that_was_changed_is_trained_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"variants": ["plain"], "copies": [1], "shifts": "2x2", "seeds": 1, "steps": 3, "checkpoint": tmp_path}
    first = augmentation_sweep(Own, data(), **words)  # type: ignore[arg-type]
    assert torch.equal(augmentation_sweep(Own, data(), **words).losses, first.losses)  # type: ignore[arg-type]
    monkeypatch.setattr(Own, "sign", -1.0)
    again = augmentation_sweep(Own, data(), **words)  # type: ignore[arg-type]
    assert not torch.equal(again.losses, first.losses)


@pytest.mark.parametrize("sign", [1 + 1e-6, 1 - 1e-6])
def test_another_processor_that_rounds_otherwise_continues(sign: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"plain": Own}, (1, 12, 12), {}, {}, "circular", 0, Training()
    first = facts_of(data(), *asked)  # type: ignore[arg-type]
    monkeypatch.setattr(Own, "sign", sign)
    assert facts_of(data(), *asked) == first  # type: ignore[arg-type]
    monkeypatch.setattr(Own, "sign", 1.01)
    assert facts_of(data(), *asked) != first  # type: ignore[arg-type]


def test_products_of_transformations_have_a_column_each() -> None:
    both = sweep(None, transform="shift+rotate", angles="-10,0,10", copies=[(2, 3)], variants=["narrow"], steps=2)
    frame = both.frame()
    assert frame.select("copies", "copies_shift", "copies_rotate").row(0) == (6, 2, 3)
    assert both.available == (4, 3)


def test_what_the_argument_says(found: CopiesSweep) -> None:
    assert found.subsampling["narrow"].stride_product == 4
    assert found.subsampling["narrow"].copies == 16


def test_wrong_arguments() -> None:
    with pytest.raises(UsageError, match="variant"):
        sweep(None, variants=["broad"])
    with pytest.raises(UsageError, match="engine"):
        sweep(None, engine="steam")
    with pytest.raises(UsageError, match="outside"):
        sweep(None, test_shifts="2x2", steps=1).needed(region="outside")
    with pytest.raises(UsageError, match="bring their own"):
        augmentation_sweep("small:4", "centred:60@24", held_out="centred:60@24")
    with pytest.raises(UsageError, match="width"):
        augmentation_sweep("small:4:0", "centred:60@24")


@pytest.mark.parametrize(("model", "square"), [("small:4:2", 16), ("small:8:2", 64), ("small:resnet18:2", 64)])
def test_small_networks_take_colours(model: str, square: int) -> None:
    colour = data().train.expand(-1, 3, -1, -1)
    images = (colour[:9], torch.arange(9), colour[9:], torch.arange(71) % 9)
    forms = ["plain", "antialias", "polyphase", "pac"]
    found = augmentation_sweep(model, images, copies=[2], variants=forms, shifts="2x2", seeds=1, steps=1, batch=4)
    assert {found.subsampling[form].copies for form in forms} == {square}
    assert len({float(loss) for loss in found.losses[:, 0]}) == 4


def test_surgery_makes_variants_of_a_function() -> None:
    forms = augmentation_sweep(
        network, data(), copies=[1], variants=["plain", "polyphase"], shifts="2x2", seeds=1, steps=2, batch=8
    )
    assert forms.variants == ("plain", "polyphase")
    assert forms.settings["engine plain"] == "sequential: one network"
    assert (forms.losses[0] != forms.losses[1]).any()
