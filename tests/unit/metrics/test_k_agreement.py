import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import KAgreement, consistency, k_agreement, worst_case_consistency
from tests.unit.metrics.hand import PREDICTIONS


def test_triples_by_hand():
    # of 4 triples: image 0 (3 3 3 4): 1; image 1: 0; image 2: 4
    assert k_agreement(PREDICTIONS, 3).item() == pytest.approx((1 + 0 + 4) / 12)


def test_ends_of_the_scale():
    assert k_agreement(PREDICTIONS, 1).item() == 1
    assert k_agreement(PREDICTIONS, 2).item() == pytest.approx(consistency(PREDICTIONS).item())
    assert k_agreement(PREDICTIONS, 4).item() == pytest.approx(worst_case_consistency(PREDICTIONS).item())


def test_fewer_views_than_k_is_undefined():
    metric = KAgreement(k=5)
    metric.update(PREDICTIONS)
    assert metric.compute().isnan()
    assert metric.interval().n == 0


@pytest.mark.parametrize(("views", "k"), [(49, 16), (64, 32), (1024, 3)])
def test_one_answer_unlike_the_others_in_closed_form(views, k):
    """k views miss the odd one with probability 1 - k / views, however many groups of k there are."""
    table = torch.full((views, 3), 5)
    table[views // 2] = 2
    assert k_agreement(table, k).item() == pytest.approx(1 - k / views, rel=1e-12)


@pytest.mark.parametrize("k", [0, -1, 2.0, True])
def test_k_is_a_whole_number(k):
    with pytest.raises(UsageError, match="whole number"):
        KAgreement(k=k)


@pytest.mark.parametrize(("views", "k"), [(49, 3), (49, 16), (64, 32), (81, 32), (121, 60), (1024, 3)])
def test_answers_that_all_agree_are_exactly_one(views, k):
    table = torch.full((views, 7), 5)
    table[:, 1] = 2
    metric = KAgreement(k=k)
    for part in table.split(3, 1):
        metric.update(part)
    assert metric.compute().item() == k_agreement(table, k).item() == 1
    assert metric.interval().high.item() == 1
