"""The answer in words."""

import numpy as np
import pytest
from scipy.stats import binomtest

from biasscope.pipeline.common.numbers import bounds, percent
from biasscope.pipeline.invariance import words
from biasscope.pipeline.invariance.answer import SENTENCES, about_shifts, answer
from biasscope.pipeline.invariance.differences import differences
from biasscope.pipeline.invariance.headline import headline
from biasscope.pipeline.invariance.measurement import interval_of
from biasscope.pipeline.invariance.tables import scalars
from biasscope.transforms import PROTOCOLS
from tests.unit.pipeline.invariance.made import measurement

STEADY = [[0, 1, 2, 3] * 30] * 4
SHAKY = [*STEADY[:2], [1, 2, 3, 4] * 30, [2, 3, 4, 5] * 30]
TRUTH = [0, 1, 2, 3] * 30
ALL = ("crop", "embed", "circular")


def test_a_clear_difference_is_larger_than_chance() -> None:
    items = [measurement(SHAKY, TRUTH), measurement(STEADY, TRUTH, label="net (pac)", variant="pac")]
    said = " ".join(about_shifts(items, "120 pictures"))
    assert "net (pac) raises the consistency of net by 83.3 points" in said
    assert "larger than chance and than the numerical floor (0 %)" in said
    assert "its accuracy over the shifts is higher by 50.0 points" in said
    assert "right at every one of these shifts: net 0 % (0.0 to 3.0); net (pac) 100 %" in said


def test_no_difference_is_not_told_from_chance() -> None:
    items = [measurement(STEADY, TRUTH), measurement(STEADY, TRUTH, label="net (pac)", variant="pac")]
    said = " ".join(about_shifts(items, ""))
    assert "differs from net by +0.0 points" in said
    assert "not told from chance" in said
    assert "larger" not in said


def test_what_arithmetic_alone_changes_is_no_difference() -> None:
    items = [measurement(SHAKY, TRUTH, floor=0.9), measurement(STEADY, TRUTH, label="net (pac)", variant="pac")]
    assert "not above the numerical floor of 90.0 %" in " ".join(about_shifts(items, ""))


def test_without_labels_nothing_is_said_on_accuracy() -> None:
    items = {"embed": [measurement(SHAKY), measurement(STEADY, label="net (pac)", variant="pac")]}
    said = " ".join(answer(items, {"embed": ""}, {"embed": "shifts"}))
    assert "accuracy over the shifts" not in said
    assert "no labels" in said
    assert "answered the same at every one of them" in said


def test_circular_results_never_stand_alone() -> None:
    item = measurement(STEADY, TRUTH)
    alone = answer({"circular": [item]}, {"circular": ""}, {"circular": "shifts"})
    assert any("Shifman & Weiss" in sentence for sentence in alone)
    beside = answer({"embed": [item], "circular": [item]}, {"embed": "", "circular": ""}, dict.fromkeys(ALL, "shifts"))
    assert any("Shifman & Weiss" in sentence for sentence in beside)
    finding = words.shifts([item], "circular", "")
    assert "Shifman & Weiss" in finding
    assert "Shifman & Weiss" not in words.shifts([item], "embed", "")
    assert words.main_protocol({"circular": [item], "crop": [item]}) == "crop"


def test_a_protocol_of_shifts_that_is_new_is_told_of_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "PROTOCOLS", {**PROTOCOLS, "mirrored": PROTOCOLS["circular"]})
    items = [measurement(SHAKY, TRUTH)]
    said, known = (answer({name: items}, {name: "4 shifts"}, {name: "shifts"}) for name in ("mirrored", "embed"))
    assert said == known
    found = list(scalars(items))
    assert headline({"mirrored": items}, {"mirrored": found}) == headline({"embed": items}, {"embed": found})
    assert words.main_protocol({"circular": items, "mirrored": items}) == "mirrored"


def test_findings_of_the_other_kinds() -> None:
    sized = measurement(SHAKY, TRUTH, coordinates={"size": np.array([8, 2, 4, 6])})
    assert words.rescale([sized]) == "Right answers by size in pixels: net 100 % at 2, 0 % at 6, 100 % at 8."
    turned = measurement(SHAKY, TRUTH, coordinates={"angle": np.array([0, -5, 5, 10])})
    assert words.rotation([turned]).endswith("net 50.0 % at 5 degrees, 0 % at 10 degrees.")
    around = measurement(SHAKY, TRUTH, coordinates={"angle": np.array([0, -5, 5, 360])})
    assert words.rotation([around]).endswith("net 50.0 % at 5 degrees.")
    upright = measurement(STEADY[:1], TRUTH, coordinates={"angle": np.array([0.0])})
    assert "Only the upright picture" in words.rotation([upright])
    resized = measurement(SHAKY, TRUTH, coordinates={"implementation": np.array(["a", "b", "c", "d"])})
    assert "net answers 120 of 120 pictures differently for some implementation, and" in words.resize([resized])
    for answers, told in (
        (STEADY, "net answers all 120 pictures alike for every implementation."),
        ([[3]] * 2, "net answers its one picture alike for every implementation."),
        (
            [[3], [4]],
            "net answers its one picture differently for some implementation, and a and b agree least, on 0 %",
        ),
    ):
        names = {"implementation": np.array(["a", "b", "c", "d"][: len(answers)])}
        assert told in words.resize([measurement(answers, coordinates=names)])
    filmed = measurement(SHAKY, coordinates={"frame": np.arange(4)})
    assert words.video([filmed]) == "Answers that change from one frame to the next: net 66.7 %."


def test_sizes_are_compared_with_the_size_of_the_reference() -> None:
    shifted = measurement(STEADY, metrics=True)
    sized = measurement(SHAKY, coordinates={"size": np.array([8, 2, 4, 6])}, reference=2)
    kinds = {"circular": "shifts", "scale": "rescale"}
    said = answer({"circular": [shifted], "scale": [sized]}, dict.fromkeys(kinds, ""), kinds)
    assert "Otherwise net: 0 % at 2 pixels as at 4." in said


@pytest.mark.parametrize(
    ("value", "text"), [(0.00001, "< 0.01 %"), (0.99996, "> 99.99 %"), (float("nan"), "undefined")]
)
def test_shares_near_the_ends(value: float, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize("truth", [TRUTH, None])
@pytest.mark.parametrize("protocols", [("embed",), ("embed", "circular"), ("video",), ("rotation", "video", "rescale")])
def test_three_to_five_head_numbers(truth: list[int] | None, protocols: tuple[str, ...]) -> None:
    item = measurement(SHAKY, truth, metrics=True)
    measured = {name: [item] for name in protocols}
    found = headline(measured, {name: list(scalars([item])) for name in protocols})
    assert 3 <= len(found) <= 5
    assert "consistency@net" in {number.name for number in found}


def test_drawn_pairs_lead_with_their_consistency() -> None:
    drawn = {"pair": np.array([0, 0, 1, 1]), "draw": np.array([0, 1, 0, 1])}
    item = measurement(SHAKY, TRUTH, metrics=True, coordinates=drawn)
    better = measurement(STEADY, TRUTH, metrics=True, coordinates=drawn, label="net (pac)", variant="pac")
    found = [*scalars([item, better]), *(one.scalar() for one in differences([item, better]))]
    alone = [number.name for number in headline({"pairs": [item]}, {"pairs": found})]
    assert alone == ["sampled_consistency@net", "accuracy@net"]
    beside = [number.name for number in headline({"pairs": [item, better]}, {"pairs": found})]
    assert beside[:2] == ["sampled_consistency@net", "consistency_difference@net (pac)"]


def test_models_on_other_pictures_say_on_how_many() -> None:
    first, second = measurement(STEADY, metrics=True), measurement(SHAKY, metrics=True, label="b", family="b")
    assert any(one.startswith("On the same pictures: b 16.7 %.") for one in about_shifts([first, second], ""))
    few = [row[:8] for row in SHAKY]
    fewer = measurement(few, metrics=True, label="b", family="b")
    assert "Each on the pictures that it takes: b 16.7 % (8 pictures)." in list(about_shifts([first, fewer], ""))


def test_pairs_of_windows_are_named_as_such() -> None:
    drawn = {"pair": np.array([0, 0, 1, 1]), "draw": np.array([0, 1, 0, 1])}
    items = {
        "crop": [measurement(STEADY, metrics=True)],
        "pairs": [measurement(STEADY, metrics=True, coordinates=drawn)],
    }
    said = answer(items, dict.fromkeys(items, ""), dict.fromkeys(items, "shifts"))
    assert "Otherwise net: 100 % of random pairs of windows alike." in said


@pytest.mark.parametrize("truth", [TRUTH, None])
@pytest.mark.parametrize("problems", ["", "1 picture was left out; the report lists them."])
@pytest.mark.parametrize("main", ["embed", "circular", "rotation"])
def test_at_most_five_short_sentences(truth: list[int] | None, problems: str, main: str) -> None:
    coordinates = {"size": np.arange(4), "angle": np.arange(4), "frame": np.arange(4), "implementation": np.arange(4)}
    names = [("net", "baseline"), *((f"net ({form})", form) for form in ("pac", "antialias", "polyphase", "circular"))]
    measured, kinds = {}, {}
    for protocol in (main, "rescale", "rotation", "resize", "video"):
        own = None if protocol in ALL else coordinates
        kinds[protocol] = "shifts" if protocol in ALL else protocol
        measured[protocol] = [
            measurement(
                SHAKY if form == "baseline" else STEADY, truth, label=name, variant=form, coordinates=own,
                metrics=protocol in ALL and form == "baseline",
            )
            for name, form in names
        ]  # fmt: skip
    said = answer(measured, dict.fromkeys(measured, "120 pictures"), kinds, problems)
    assert len(said) <= SENTENCES
    assert max(map(len, said)) < 330
    assert bool(problems) == (said[-1] == problems)
    assert ("no labels" in " ".join(said)) == (truth is None)
    assert ("Shifman & Weiss" in " ".join(said)) == (main == "circular")
    assert said[0].startswith("net keeps" if main in ALL else "Answers of the upright")


def test_findings_of_many_models_leave_intervals_to_the_tables() -> None:
    many = [measurement(SHAKY, TRUTH, label=f"m{number}", metrics=True) for number in range(5)]
    assert "(" not in words.shifts(many, "embed", "120 pictures").replace("(120 pictures)", "")
    assert words.shifts(many, "embed", "").count("and 1 more model.") == 1
    assert words.shifts(many[:2], "embed", "").count("(") == 2
    assert words.more(many + many) == " and 6 more models"


def test_one_view_says_nothing_on_shifts() -> None:
    item = measurement(STEADY[:1], TRUTH, metrics=True)
    finding = words.shifts([item], "circular", "1 picture")
    assert (
        finding == "One view of each picture was measured, which says nothing on shifts (1 picture). Right: net 100 %."
    )
    said = answer({"circular": [item]}, {"circular": "1 picture"}, {"circular": "shifts"})
    assert said == [finding]


def test_the_answer_has_the_interval_of_the_metric() -> None:
    right = [[0, 1, 2, 3] * 25 + [0] * 20, [0, 1, 2, 3] * 30]
    item = measurement(right, TRUTH, metrics=True)
    worst = item.metrics["worst_case"]
    said = " ".join(about_shifts([item], ""))
    assert f"net {percent(worst.value)}{bounds(worst.low, worst.high)}" in said


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (3, 4), (4, 4), (70, 100), (999, 1000)])
def test_shares_have_the_exact_binomial_interval(hits: int, n: int) -> None:
    found = [float(end) for end in interval_of(hits / n, n)]
    exact = binomtest(hits, n).proportion_ci(0.95, "exact")
    assert found == pytest.approx([exact.low, exact.high], abs=1e-9)
