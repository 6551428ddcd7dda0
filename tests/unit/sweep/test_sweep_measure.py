import pytest
import torch

from biasscope import metrics
from biasscope.core.errors import UsageError
from biasscope.metrics import METRICS
from biasscope.sweep import measure as module
from biasscope.sweep import sweep
from tests.unit.sweep.toys import Roll, loaded, source


@pytest.fixture(scope="module")
def found():
    return sweep(loaded(), source(9), Roll(1))


def test_numbers_are_those_of_the_functions(found):
    measured = {item.metric: item for item in found.measure()}
    targets = found.targets
    expected = {
        "consistency": metrics.consistency(found.predictions),
        "accuracy": metrics.accuracy(found.predictions, targets),
        "top1_change": metrics.top1_change(found.predictions, found.steps),
        "mean_absolute_change": metrics.mean_absolute_change(found.p_top, found.p_step, found.steps),
        "wobble_true": metrics.wobble(found.p_true),
        "smallest_flipping_shift": metrics.smallest_flipping_shift(
            found.predictions, torch.from_numpy(found.offsets), found.reference
        ),
        "tta_accuracy": metrics.tta_accuracy(found.tta, targets),
    }
    for name, value in expected.items():
        assert measured[name].value == pytest.approx(float(value)), name
        assert measured[name].low <= measured[name].value <= measured[name].high
    assert measured["consistency"].n == 9
    assert measured["accuracy"].n == int((targets >= 0).sum()) == 6
    assert measured["top1_change"].better == "lower"
    assert (measured["top1_change"].shift, measured["top1_change"].reference) == ("roll", "adjacent step")


def test_the_protocol_names_the_shift():
    found = sweep(loaded(), source(3), "circular", floor=0)
    item = found.measure(["consistency"])[0]
    assert (item.shift, item.aggregate, item.view) == ("circular", "mean", None)


def test_a_metric_for_each_view_has_a_number_for_each(found):
    items = found.measure(["agreement_per_shift", "accuracy_per_shift"])
    assert [item.view for item in items] == [*range(9), *range(9)]
    same = (found.predictions == found.predictions[4]).double().mean(1).tolist()
    assert [item.value for item in items[:9]] == pytest.approx(same)
    assert not {"agreement_per_shift", "accuracy_per_shift"} & {item.metric for item in found.measure()}


def test_blocks_of_pictures_give_the_same(found, monkeypatch):
    whole = found.measure()
    monkeypatch.setattr(module, "CELLS", 30)
    parts = found.measure()
    assert [(item.metric, item.n) for item in parts] == [(item.metric, item.n) for item in whole]
    for one, other in zip(parts, whole, strict=True):
        assert one.value == pytest.approx(other.value), one.metric
        assert one.low == pytest.approx(other.low), one.metric


def test_what_a_sweep_does_not_have_is_said():
    blind = sweep(loaded(), source(4, label=False), Roll(1), tta=())
    names = {item.metric for item in blind.measure()}
    assert "consistency" in names
    assert not names & {name for name in METRICS if METRICS[name].facts["needs_targets"]}
    for name, reason in {
        "accuracy": "no picture has a label",
        "tta_consistency": "no tta",
        "flip_rate": "frame",
    }.items():
        with pytest.raises(UsageError, match=reason):
            blind.measure([name])
    with pytest.raises(UsageError, match="no metric is called 'consistancy'"):
        blind.measure(["consistancy"])
