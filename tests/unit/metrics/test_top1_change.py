import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import Top1Change, Top1ChangeFromReference, top1_change
from tests.unit.metrics.hand import PREDICTIONS, REFERENCE, STEPS


def test_adjacent_steps_by_hand():
    # changes: image 0: 3 3 4 3 -> 2; image 1: 7 8 7 9 -> 3; image 2: 0; three steps each
    assert top1_change(PREDICTIONS, STEPS).item() == pytest.approx(5 / 9)
    assert top1_change(PREDICTIONS).item() == pytest.approx(5 / 9)


def test_fixed_reference_by_hand():
    # against view 1: image 0 differs once, image 1 three times, image 2 never
    assert top1_change(PREDICTIONS, reference=REFERENCE).item() == pytest.approx(4 / 9)


def test_several_predecessors_count_each():
    steps = torch.tensor([[-1, 0, 1, 2], [-1, -1, 0, 1]])  # also 0-2 and 1-3
    # extra: image 0: 3-4, 3-3 -> 1; image 1: 7-7, 8-9 -> 1
    assert top1_change(PREDICTIONS, steps).item() == pytest.approx(7 / 15)


def test_a_view_may_be_its_reference_only_once():
    with pytest.raises(UsageError, match="exclude each other"):
        top1_change(PREDICTIONS, STEPS, reference=0)


@pytest.mark.parametrize("predictions", [PREDICTIONS[:1], PREDICTIONS[:, :0]])
def test_without_pairs_or_images_it_is_undefined(predictions):
    assert top1_change(predictions).isnan()
    assert top1_change(predictions, reference=0).isnan()


def test_narrow_integers_are_enough():
    assert top1_change(PREDICTIONS.to(torch.int16), STEPS.to(torch.int32)) == top1_change(PREDICTIONS, STEPS)


def test_images_are_the_clusters():
    one, copied = Top1Change(), Top1Change()
    one.update(PREDICTIONS, STEPS)
    copied.update(PREDICTIONS.repeat(1, 40), STEPS)
    assert one.interval().n == 3
    assert copied.interval().n == 120
    assert copied.compute() == pytest.approx(one.compute())
    assert copied.interval().high - copied.interval().low < (one.interval().high - one.interval().low) / 3


def test_more_views_of_the_same_images_do_not_narrow_the_interval():
    torch.manual_seed(0)
    steady = torch.where(torch.rand(30) < 0.5, 0, 1)  # images either flip at every step or never
    few, many = (torch.arange(views)[:, None] * steady for views in (5, 50))
    widths = []
    for table in (few, many):
        metric = Top1ChangeFromReference()
        metric.update(table, 0)
        low, high, _ = metric.interval()
        widths.append(float(high - low))
    assert widths[0] == pytest.approx(widths[1])
