"""What results say of patching, explanations and options, from values written out by hand."""

import numpy as np
import pytest

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition import LayersAnalysis, defined
from biasscope.pipeline.layers import plan
from biasscope.pipeline.layers.attribution import methods
from biasscope.pipeline.layers.blame import _listed
from biasscope.trace.blame import Blame, Pair
from biasscope.trace.estimate import NOTHING


def test_pairs_that_changed_their_answer_come_first_and_pictures_once() -> None:
    rows = [("a", 1, 1, 2.0), ("b", 1, 2, 0.5), ("a", 1, 1, 3.0), ("c", 1, 2, -0.7), ("d", 3, 3, 1e-6)]
    pairs = tuple(Pair(name, 0, 1, before, after, change, 0.0) for name, before, after, change in rows)
    found = _listed(Blame((), NOTHING, pairs, np.zeros((0, 0, 0)), "net", "circular", 4))
    assert [(pair.image_id, pair.change) for pair in found] == [("c", -0.7), ("b", 0.5), ("a", 3.0)]


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
