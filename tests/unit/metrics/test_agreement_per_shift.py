import pytest

from biasscope.metrics import AgreementPerShift, agreement_per_shift, top1_change
from tests.unit.metrics.hand import PREDICTIONS, REFERENCE


def test_by_hand():
    assert agreement_per_shift(PREDICTIONS, REFERENCE).tolist() == pytest.approx([2 / 3, 1, 1 / 3, 2 / 3])


def test_mean_over_the_others_is_one_minus_the_change():
    others = agreement_per_shift(PREDICTIONS, REFERENCE)[[0, 2, 3]].mean()
    assert others.item() == pytest.approx(1 - top1_change(PREDICTIONS, reference=REFERENCE).item())


def test_certain_agreement_keeps_an_interval():
    metric = AgreementPerShift()
    metric.update(PREDICTIONS, REFERENCE)
    low, high, _ = metric.interval()
    assert low[REFERENCE].item() == pytest.approx(0.025 ** (1 / 3))
    assert high[REFERENCE].item() == 1
