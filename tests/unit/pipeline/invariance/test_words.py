"""The answer in words."""

import numpy as np
import pytest

from biasscope.pipeline.invariance import words
from biasscope.pipeline.invariance.headline import headline
from biasscope.pipeline.invariance.tables import scalars
from tests.unit.pipeline.invariance.made import measurement

STEADY = [[0, 1, 2, 3] * 30] * 4
SHAKY = [*STEADY[:2], [1, 2, 3, 4] * 30, [2, 3, 4, 5] * 30]
TRUTH = [0, 1, 2, 3] * 30


def test_a_clear_difference_is_larger_than_chance() -> None:
    items = [measurement(SHAKY, TRUTH), measurement(STEADY, TRUTH, label="net (pac)", variant="pac")]
    said = " ".join(words._about_shifts(items, "120 pictures"))
    assert "net (pac) raises the consistency of net by 83.3 points" in said
    assert "larger than chance and than the numerical floor (0 %)" in said
    assert "its accuracy over the shifts is higher by 50.0 points" in said
    assert "right at every one of these shifts: net 0 % (0.0 to 3.1); net (pac) 100 % (96.9 to 100.0)" in said


def test_no_difference_is_not_told_from_chance() -> None:
    items = [measurement(STEADY, TRUTH), measurement(STEADY, TRUTH, label="net (pac)", variant="pac")]
    said = " ".join(words._about_shifts(items, ""))
    assert "differs from net by +0.0 points" in said
    assert "not told from chance" in said
    assert "larger" not in said


def test_what_arithmetic_alone_changes_is_no_difference() -> None:
    items = [measurement(SHAKY, TRUTH, floor=0.9), measurement(STEADY, TRUTH, label="net (pac)", variant="pac")]
    assert "not above the numerical floor of 90.0 %" in " ".join(words._about_shifts(items, ""))


def test_without_labels_nothing_is_said_on_accuracy() -> None:
    items = {"embed": [measurement(SHAKY), measurement(STEADY, label="net (pac)", variant="pac")]}
    said = " ".join(words.answer(items, {"embed": ""}, {"embed": "shifts"}))
    assert "accuracy over the shifts" not in said
    assert "no labels" in said
    assert "answered the same at every one of them" in said


def test_circular_results_never_stand_alone() -> None:
    item = measurement(STEADY, TRUTH)
    alone = words.answer({"circular": [item]}, {"circular": ""}, {"circular": "shifts"})
    assert any("Shifman & Weiss" in sentence for sentence in alone)
    finding = words.shifts([item], "circular", "")
    assert "Shifman & Weiss" in finding
    assert "Shifman & Weiss" not in words.shifts([item], "embed", "")
    assert words.main_protocol({"circular": [item], "crop": [item]}) == "crop"


def test_findings_of_the_other_kinds() -> None:
    sized = measurement(SHAKY, TRUTH, coordinates={"size": np.array([8, 2, 4, 6])})
    assert words.rescale([sized]) == "Right answers by size in pixels: net 100 % at 2, 0 % at 6, 100 % at 8."
    turned = measurement(SHAKY, TRUTH, coordinates={"angle": np.array([0, -5, 5, 10])})
    assert words.rotation([turned]).endswith("net 50.0 % at 5 degrees, 0 % at 10 degrees.")
    upright = measurement(STEADY[:1], TRUTH, coordinates={"angle": np.array([0.0])})
    assert "Only the upright picture" in words.rotation([upright])
    resized = measurement(SHAKY, TRUTH, coordinates={"implementation": np.array(["a", "b", "c", "d"])})
    assert "net answers 120 of 120 pictures differently" in words.resize([resized])
    filmed = measurement(SHAKY, coordinates={"frame": np.arange(4)})
    assert words.video([filmed]) == "Answers that change from one frame to the next: net 66.7 %."


@pytest.mark.parametrize(("value", "text"), [(0.00001, "0.00 %"), (0.99996, "100.00 %"), (float("nan"), "undefined")])
def test_shares_near_the_ends(value: float, text: str) -> None:
    assert words.percent(value) == text


@pytest.mark.parametrize("truth", [TRUTH, None])
@pytest.mark.parametrize("protocols", [("embed",), ("embed", "circular"), ("video",), ("rotation", "video", "rescale")])
def test_three_to_five_head_numbers(truth: list[int] | None, protocols: tuple[str, ...]) -> None:
    item = measurement(SHAKY, truth, metrics=True)
    measured = {name: [item] for name in protocols}
    found = headline(measured, {name: list(scalars([item])) for name in protocols})
    assert 3 <= len(found) <= 5
    assert "consistency@net" in {number.name for number in found}
