import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import TtaAccuracyGain, tta_accuracy, tta_accuracy_gain, tta_consistency, tta_consistency_gain
from tests.unit.metrics.hand import PREDICTIONS, TARGETS

TTA = {2: torch.tensor([[3, 7, 2], [3, 9, 2]]), 4: torch.tensor([[3, 7, 5]])}


def test_by_hand():
    assert tta_accuracy(TTA, TARGETS, 2).item() == pytest.approx(3 / 6)
    assert tta_accuracy(TTA, TARGETS).item() == 1  # the largest k
    assert tta_accuracy_gain(PREDICTIONS, TTA, TARGETS, 2).item() == pytest.approx(3 / 6 - 5 / 12)
    assert tta_consistency(TTA).item() == pytest.approx(2 / 3)  # the largest k with two groups
    assert tta_consistency_gain(PREDICTIONS, TTA).item() == pytest.approx(2 / 3 - 10 / 18)


def test_one_group_has_no_consistency():
    assert tta_consistency(TTA, 4).isnan()
    assert tta_consistency_gain(PREDICTIONS, {4: TTA[4]}).isnan()


def test_losses_count_as_losses():
    worse = {2: torch.tensor([[4, 8, 2], [4, 8, 2]])}
    assert tta_accuracy_gain(PREDICTIONS, worse, TARGETS).item() == pytest.approx(-5 / 12)


def test_nothing_gained_and_nothing_lost_keeps_a_symmetric_interval():
    same = torch.zeros(4, 30, dtype=torch.long)
    metric = TtaAccuracyGain()
    metric.update(same, {2: same[:2]}, torch.zeros(30, dtype=torch.long))
    low, high, n = metric.interval()
    assert (metric.compute().item(), n.item()) == (0, 30)
    assert high.item() == -low.item() == pytest.approx(1 - 0.025 ** (1 / 30))


def test_an_unknown_k_names_those_there_are():
    with pytest.raises(UsageError, match=r"There are \[2, 4\]"):
        tta_accuracy(TTA, TARGETS, 3)


def test_images_must_be_the_same():
    with pytest.raises(UsageError, match="3 images, predictions 2"):
        tta_consistency_gain(PREDICTIONS[:, :2], TTA, 2)
