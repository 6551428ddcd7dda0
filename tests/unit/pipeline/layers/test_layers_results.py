"""What results say of patching, explanations and options, from values written out by hand."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from biasscope.core.errors import UsageError
from biasscope.core.results import Result, table
from biasscope.pipeline.definition import LayersAnalysis, defined
from biasscope.pipeline.layers import plan, words
from biasscope.pipeline.layers.attribution import methods
from biasscope.pipeline.layers.blame import _top
from biasscope.pipeline.layers.blame_rows import listed, pair_row
from biasscope.pipeline.layers.culprit import finding, most_to_blame
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.trace.blame import Blame, LayerBlame, Pair
from biasscope.trace.estimate import NOTHING, Estimate


def test_pairs_that_changed_their_answer_come_first_and_pictures_once() -> None:
    rows = [("a", 1, 1, 2.0), ("b", 1, 2, 0.5), ("a", 1, 1, 3.0), ("c", 1, 2, -0.7), ("d", 3, 3, 1e-6)]
    pairs = tuple(Pair(name, 0, 1, before, after, change, 0.0) for name, before, after, change in rows)
    found = listed(Blame((), NOTHING, pairs, np.zeros((0, 0, 0)), "net", "circular", 4))
    assert [(pair.image_id, pair.change) for pair in found] == [("c", -0.7), ("b", 0.5), ("a", 3.0)]


@pytest.mark.parametrize(
    ("names", "outputs", "said"),
    [
        (("cat",), 1, ("not cat", "cat")),
        (("no", "yes"), 1, ("no", "yes")),
        (None, 1, ("0", "1")),
        (("cat",), 2, ("cat", "1")),
    ],
)
def test_answers_of_one_output_have_names(names: tuple[str, ...] | None, outputs: int, said: tuple[str, str]) -> None:
    model = SimpleNamespace(class_names=names)
    item = cast(Measurement, SimpleNamespace(label="net", subject=SimpleNamespace(model=model)))
    pair = Pair("a", 0, 1, 0, 1, -4.0, -0.5)
    found = Blame((), NOTHING, (pair,), np.zeros((0, 0, 0)), "net", "circular", 1, outputs=outputs)
    row = pair_row(item, found, pair, {})
    assert (row["answer_before"], row["answer_after"]) == said


def blamed(name: str, value: float, low: float, high: float, rank: int | None) -> LayerBlame:
    own = Estimate(value, low, high, 12)
    facts = (2, 8, 8, (2.0, 2.0), True, True, 1.0)
    return LayerBlame(name, "MaxPool2d", *facts, own, own, NOTHING, NOTHING, NOTHING, rank)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([blamed("a", 0.1, 0.05, 0.2, 2), blamed("b", 0.6, 0.4, 0.8, 1)], "most to blame is b (MaxPool2d, which sub"),
        (
            [blamed("a", 0.1, -1, 1, None), blamed("b", 0.58, -2.9, 4.07, None)],
            "no layer's blame is told from chance with 1",
        ),
        ([], "change nothing"),
    ],
)
def test_blame_within_chance_is_said_to_be(layers: list[LayerBlame], said: str) -> None:
    item = cast(Measurement, SimpleNamespace(label="net"))
    pairs = (Pair("x", 0, 1, 3, 3, 0.5, 0.0),) if layers else ()
    text = finding([(item, Blame(tuple(layers), NOTHING, pairs, np.zeros((0, 0, 0)), "net", "circular", 1))])
    assert said in text
    assert ("told from chance" in text) == ("the most has b, 58 % (-290 to 407)" in text)


def test_a_small_blame_that_is_told_from_chance_does_not_hide_a_large_one_that_is_not() -> None:
    item = cast(Measurement, SimpleNamespace(label="net"))
    layers = blamed("a", 1.04, -0.2, 2.28, None), blamed("b", 0.013, 0.01, 0.02, 1)
    found = Blame(layers, NOTHING, (Pair("x", 0, 1, 3, 3, 0.5, 0.0),), np.zeros((0, 0, 0)), "net", "circular", 2)
    text = finding([(item, found)])
    assert "the most blame, 104 % (-20 to 228) of the change of the logit, has a, which is not told from chance" in text
    assert "of the layers whose blame is, b has the most, 1 % (1 to 2)." in text
    assert most_to_blame(found) is layers[0]


@pytest.mark.parametrize(("low", "said"), [(-0.2, True), (0.2, False), (None, False)])
def test_an_interval_is_said_to_hold_0_where_there_is_one(low: float | None, said: bool) -> None:
    layer = replace(blamed("a", 0.5, 0, 0, None), blame=Estimate(0.5, low, None if low is None else 0.9, 1))
    top = _top(cast(Measurement, SimpleNamespace(label="net")), layer)
    assert ("Its interval holds 0." in (top.description or "")) == said


def test_answers_change_though_the_logit_of_no_stays_zero() -> None:
    item, pairs = cast(Measurement, SimpleNamespace(label="net")), (Pair("x", 0, 1, 0, 1, 0.0, -0.4),)
    blame = Blame((), NOTHING, pairs, np.zeros((0, 0, 0)), "net", "circular", 1, outputs=1)
    assert finding([(item, blame)]).startswith("One-pixel shifts change 1 of 1 answers of net, but not the logit of")


def test_a_layer_where_branches_end_is_not_convicted() -> None:
    item = cast(Measurement, SimpleNamespace(label="net"))
    layers = [replace(blamed("joined", 0.97, 0.9, 1.0, None), gathered=True), blamed("b", 0.03, -0.1, 0.2, None)]
    blame = Blame(tuple(layers), NOTHING, (), np.zeros((0, 0, 0)), "net", "circular", 1)
    top = most_to_blame(blame)
    assert top is not None
    assert top.name == "b"
    assert "up to joined, where branches end" in finding([(item, blame)])


@pytest.mark.parametrize(("low", "said"), [(0.01, "(1 to 9), is"), (-0.01, "(-1 to 9), not told from chance, is")])
def test_a_rise_within_chance_is_said_to_be(monkeypatch: pytest.MonkeyPatch, low: float, said: str) -> None:
    layer = SimpleNamespace(name="a")
    jump = SimpleNamespace(layer=layer, subsampling=None, hidden=False, rise=0.05, low=low, high=0.09, share=1.0)
    monkeypatch.setattr(words, "jumps", lambda _item, _measure: [jump])
    monkeypatch.setattr(words, "largest", lambda _item, _measure: jump)
    last = cast(
        Any, {"nonshiftability": SimpleNamespace(value=0.1, low=0.0, high=0.2, title="nonshiftability", note="")}
    )
    unit = SimpleNamespace(end=Ended(last))
    item = SimpleNamespace(label="net", picked=False, place="its last", units=[unit, unit], last=Ended(last))
    assert said in " ".join(words.lost([cast(Measurement, item)]))


class Ended(SimpleNamespace):
    """A layer with measures and a name."""

    def __init__(self, measures: dict[str, Any]) -> None:
        super().__init__(name="b", measures=measures)

    def __getitem__(self, name: str) -> float:
        return float(self.measures[name].value)


def test_the_first_screen_explains_a_rise_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    jump = SimpleNamespace(layer=SimpleNamespace(name="features.16"), subsampling=None, low=0.01)
    monkeypatch.setattr(words, "main_measure", lambda _items: "nonshiftability")
    monkeypatch.setattr(words, "largest", lambda _item, _measure: jump)
    monkeypatch.setattr(words, "comparable", lambda _item, _measure: True)
    items = [cast(Measurement, SimpleNamespace(label="net"))]

    def explained(layer: str, rank: int | None) -> bool:
        columns = {"model": ["net", "net"], "layer": ["x", layer], "effect": [0.1, 0.6], "rank": [None, rank]}
        return "blame is causal" in words.apart(items, Result("blame", "Found.", tables=[table("layers", columns)]))

    assert [explained(layer, 1) for layer in ("features.4", "features.16", "features")] == [True, False, False]
    assert not explained("features.4", None)  # no layer's blame is told from chance
    jump.low = -0.01
    assert not explained("features.4", 1)  # nor is the rise


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["gradcam", "saliency", "integrated_gradients"]),
        ({"model": "small:digits8"}, ["gradcam", "saliency"]),
        ({"attribution": "none"}, []),
        ({"attribution": ["saliency"]}, ["saliency"]),
    ],
)
def test_methods_that_are_asked_for(options: dict[str, object], names: list[str]) -> None:
    assert methods(defined(LayersAnalysis, options)) == names


def test_measures_get_their_options() -> None:
    asked = defined(LayersAnalysis, {"measures": ["nonshiftability", "equivariance_l2", "aliasing"], "margin": 0.25})
    expected = {"nonshiftability": {"threshold": 0.2}, "equivariance_l2": {"margin": 0.25}, "aliasing": {}}
    assert plan.measures(asked) == expected
    assert len(plan.measures(LayersAnalysis(measures=["all"]))) > len(plan.measures(LayersAnalysis()))


@pytest.mark.parametrize("options", [{"margin": 0.5}, {"threshold": 0}, {"batch": 0}, {"side": 5}, {"split": "train"}])
def test_impossible_values_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="--"):
        defined(LayersAnalysis, options)
