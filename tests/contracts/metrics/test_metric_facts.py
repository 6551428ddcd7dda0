"""What the registry says of every metric is true."""

import inspect
import math
import subprocess
import sys
from pathlib import Path

import torch

from biasscope.metrics import METRICS
from biasscope.metrics import __all__ as exported
from tests.contracts.metrics.filled import filled, make, perfect
from tests.unit.metrics.tables import block

FACTS = {"title", "inputs", "better", "bounds", "shift", "reference", "aggregate", "needs_targets", "applies"}
ARRAYS = set(block()) - {"derivatives"}
COORDINATES = {"dy", "dx", "size", "angle", "frame", "implementation", "pair"}


def test_facts_are_complete_and_true_of_the_class(name):
    facts, metric = METRICS[name].facts, make(name)
    assert set(facts) >= FACTS
    assert all(facts[key] for key in ("title", "inputs", "shift", "reference", "aggregate", "interval"))
    assert set(facts["inputs"]) <= ARRAYS | {"derivatives"}
    assert set(facts["applies"]) <= COORDINATES
    assert metric.higher_is_better == (facts["better"] == "higher")
    assert (metric.plot_lower_bound, metric.plot_upper_bound or math.inf) == facts["bounds"]
    assert metric.is_differentiable is False
    assert metric.full_state_update is False


def test_update_takes_exactly_the_inputs_of_the_registry(name):
    parameters = inspect.signature(METRICS.load(name).update).parameters
    assert set(METRICS[name].facts["inputs"]) == set(parameters) - {"self"}


def test_titles_and_classes_are_all_different():
    assert len({entry.facts["title"] for entry in METRICS.values()}) == len(METRICS)
    assert len({entry.target for entry in METRICS.values()}) == len(METRICS)


def test_every_class_is_exported_and_registered():
    classes = {entry.target.partition(":")[2] for entry in METRICS.values()}
    assert classes == {item for item in exported if item[0].isupper()} - {"METRICS", "ClusterInterval"}


def test_stems_are_those_of_functions_classes_and_tests(name):
    stem = METRICS[name].target.partition(":")[0].rpartition(".")[2]
    root = Path(__file__).parents[3]
    assert (root / "biasscope/metrics/functional" / f"{stem}.py").is_file()
    assert (root / "tests/unit/metrics" / f"test_{stem}.py").is_file()


def test_number_lies_in_its_interval_and_both_in_the_bounds(name):
    low_bound, high_bound = METRICS[name].facts["bounds"]
    for seed in range(8):
        metric = filled(name, block(images=14, views=10, seed=seed, sharp=1 + seed))
        value, (low, high, n) = metric.compute(), metric.interval()
        assert value.dtype == low.dtype == high.dtype == torch.float64
        assert value.shape == low.shape == high.shape == n.shape
        assert bool(((low_bound <= low) & (low <= value + 1e-12) & (value <= high + 1e-12)).all())
        assert bool((high <= high_bound).all())
        assert 1 <= int(n.min()) <= int(n.max()) <= 14


def test_higher_level_means_wider(name, found):
    metric = filled(name, found)
    narrow, wide = metric.interval(0.5), metric.interval(0.99)
    assert bool((wide.low <= narrow.low).all())
    assert bool((wide.high >= narrow.high).all())
    assert bool((wide.high - wide.low > narrow.high - narrow.low).all())


def test_a_perfect_model_has_the_best_possible_value(name):
    facts, value = METRICS[name].facts, filled(name, perfect()).compute()
    best = facts["bounds"][1] if facts["better"] == "higher" else facts["bounds"][0]
    if name == "smallest_flipping_shift":
        best = 2.0  # pixels: no flip within the reach of the grid
    if name.endswith("_gain"):
        best = 0.0  # nothing is left to gain
    assert bool((value == best).all())


def test_importing_the_package_leaves_torchmetrics_and_scipy_alone():
    code = "import sys, biasscope.metrics; print([m for m in sys.modules if m in ('torchmetrics', 'scipy', 'captum')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
