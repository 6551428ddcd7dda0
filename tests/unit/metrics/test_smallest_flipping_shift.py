import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import SmallestFlippingShift, flipping_share, flipping_shifts, smallest_flipping_shift
from tests.unit.metrics.hand import OFFSETS, PREDICTIONS, REFERENCE

ROOT = 2**0.5


@pytest.mark.parametrize(
    ("norm", "shifts", "reach"), [("max", [1, 1], 2), ("euclidean", [ROOT, 1], 2 * ROOT), ("sum", [2, 1], 4)]
)
def test_by_hand(norm, shifts, reach):
    # image 0 flips at (1, 1); image 1 at (0, -1), the nearest; image 2 never
    found = flipping_shifts(PREDICTIONS, OFFSETS, REFERENCE, norm)
    assert found.tolist() == pytest.approx([*shifts, float("inf")])
    restricted = smallest_flipping_shift(PREDICTIONS, OFFSETS, REFERENCE, norm)
    assert restricted.item() == pytest.approx((sum(shifts) + reach) / 3)


def test_share_by_hand():
    assert flipping_share(PREDICTIONS, REFERENCE).item() == pytest.approx(2 / 3)
    assert flipping_share(PREDICTIONS[:2]).item() == pytest.approx(1 / 3)  # two views: image 1 flips
    assert flipping_share(PREDICTIONS[:1]).isnan()


def test_distances_are_from_the_reference():
    moved = OFFSETS + torch.tensor([5, -3])
    one, other = (flipping_shifts(PREDICTIONS, offsets, REFERENCE) for offsets in (OFFSETS, moved))
    assert torch.equal(one, other)


def test_interval_stays_within_the_reach():
    metric = SmallestFlippingShift()
    metric.update(torch.zeros(4, 30, dtype=torch.long), OFFSETS, REFERENCE)
    low, high, n = metric.interval()
    assert (metric.compute().item(), high.item(), n.item()) == (2, 2, 30)
    assert low.item() == pytest.approx(2 * 0.025 ** (1 / 30))


def test_wrong_norm():
    with pytest.raises(UsageError, match="max, euclidean, sum"):
        flipping_shifts(PREDICTIONS, OFFSETS, 0, "manhattan")
