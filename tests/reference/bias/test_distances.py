"""Distances from an even spread: their intervals hold the truth, of few boxes too."""

import numpy as np
import pytest
from scipy.stats import binom

from biasscope.bias.distances import jensen_shannon_interval, wasserstein_interval
from biasscope.bias.effects import jensen_shannon, wasserstein_uniform_binned
from biasscope.bias.expected import bits, expected_bits, expected_deviation
from biasscope.bias.grouped import design_effect_of
from biasscope.bias.position.statistics import distances_of

PLACES = (np.arange(4096) + 0.5) / 4096
CLASSES, GROUPS = 500, 20


def normal(middle: float, spread: float) -> np.ndarray:
    return np.exp(-(((PLACES - middle) / spread) ** 2) / 2)


EVEN = np.ones(len(PLACES))
LAWS = {
    "even": (EVEN, EVEN),
    "a little in the middle": (normal(0.5, 0.4), normal(0.5, 0.4)),
    "in the middle": (normal(0.5, 0.2), normal(0.5, 0.2)),
    "in one corner": (normal(0.0, 0.15), normal(0.0, 0.15)),
    "at the bottom": (EVEN, normal(1.0, 0.3)),
    "two places": (normal(0.2, 0.05) + normal(0.8, 0.05), EVEN),
}


def drawn(law: str, boxes: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts by class, group and cell, and of each axis in 256 bins."""
    axes = []
    for density in LAWS[law]:
        below = np.append(0, np.cumsum(density)) / density.sum()
        axes.append(np.interp(rng.random((CLASSES, boxes)), below, np.linspace(0, 1, len(below))))
    u, v = (np.minimum((axis * 256).astype(int), 255) for axis in axes)
    row, group = np.arange(CLASSES)[:, None], rng.integers(0, GROUPS, (CLASSES, boxes))
    maps = np.zeros((CLASSES, GROUPS, 64), int)
    np.add.at(maps, (row, group, v // 32 * 8 + u // 32), 1)
    fine = np.zeros((CLASSES, 2, 256), int)
    for place, axis in enumerate((u, v)):
        np.add.at(fine, (row, place, axis), 1)
    return maps, fine


def truth(law: str) -> dict[str, float]:
    across, down = (density / density.sum() for density in LAWS[law])
    cells = np.outer(down.reshape(8, -1).sum(1), across.reshape(8, -1).sum(1)).ravel()
    far = [np.abs(np.cumsum(axis) - (np.arange(len(axis)) + 1) / len(axis)).mean() for axis in (across, down)]
    return {"js": jensen_shannon(cells).item(), "w1_u": far[0], "w1_v": far[1]}


@pytest.mark.parametrize("boxes", [10, 30, 100, 1000])
@pytest.mark.parametrize("law", LAWS)
def test_intervals_hold_the_truth(law, boxes):
    maps, fine = drawn(law, boxes, np.random.default_rng(boxes))
    made = distances_of(maps, fine)
    for name, true in truth(law).items():
        held = (made[name].low <= true + 1e-9) & (true <= made[name].high)
        assert held.mean() >= (0.93 if name == "js" else 0.87), name


@pytest.mark.parametrize("law", LAWS)
def test_values_are_near_the_truth_where_boxes_show_something_else(law):
    maps, fine = drawn(law, 100, np.random.default_rng(5))
    made = distances_of(maps, fine)
    for name, true in truth(law).items():
        assert np.median(made[name].value) == pytest.approx(true, abs=0.025), name
    assert jensen_shannon(maps.sum(1)).mean() > truth(law)["js"] + 0.02


@pytest.mark.parametrize("boxes", [40, 150, 600, 2000])
@pytest.mark.parametrize("filled", [8, 16, 32])
def test_intervals_hold_where_cells_stay_empty(filled, boxes):
    """Spread evenly over some cells and never in the others, so that hardly anything varies."""
    shares = np.repeat([1 / filled, 0], [filled, 64 - filled])
    truth, rng = jensen_shannon(shares), np.random.default_rng(boxes)
    made = jensen_shannon_interval(rng.multinomial(boxes // GROUPS or 1, shares, size=(300, GROUPS)))
    assert np.mean((made.low <= truth) & (truth <= made.high)) >= 0.92
    assert (made.high - made.low).mean() < 25 / boxes


def in_one_cell(share: float) -> np.ndarray:
    return np.append(share, np.full(63, (1 - share) / 63))


def in_four_cells(off: float) -> np.ndarray:
    """Nearly all of two axes in the two bins in the middle."""
    axis = np.array([0, 0, off, 0.5 - off, 0.5 - off, off, 0, 0])
    return np.outer(axis, axis).ravel()


@pytest.mark.parametrize("boxes", [30, 60, 150, 600, 2000])
@pytest.mark.parametrize("law", [*map(in_one_cell, [0.9, 0.95, 0.99, 0.995]), in_four_cells(2e-4), in_four_cells(0.01)])
def test_intervals_hold_where_nearly_all_boxes_lie_in_a_few_cells(law: np.ndarray, boxes: int) -> None:
    """What so many boxes missed, or show one of, no group of them tells: lower bounds were above .2 to .8 of truths."""
    rng = np.random.default_rng(boxes)
    made = jensen_shannon_interval(by_group(law, boxes, rng))
    assert ((made.low <= jensen_shannon(law)) & (jensen_shannon(law) <= made.high)).mean() >= 0.91


def in_two_cells(off: float) -> np.ndarray:
    return np.repeat([(1 - off) / 2, off / 62], [2, 62])


@pytest.mark.parametrize("boxes", [3, 5, 6, 7, 8, 12])
@pytest.mark.parametrize("law", [*map(in_two_cells, [0.02, 0.1, 0.2]), np.repeat([0.9 / 4, 0.1 / 60], [4, 60])])
def test_a_handful_of_boxes_in_two_cells_have_missed_some_too(law: np.ndarray, boxes: int) -> None:
    """Of five boxes, two lie in the second cell, which is few and yet much of them: a third of intervals were above."""
    made = jensen_shannon_interval(by_group(law, boxes, np.random.default_rng(boxes)))
    told, true = np.isfinite(made.low), jensen_shannon(law)
    assert ((made.low <= true) & (true <= made.high))[told].mean() >= 0.95


def test_many_boxes_show_what_there_is():
    maps, fine = drawn("in the middle", 20_000, np.random.default_rng(0))
    made = distances_of(maps[:20], fine[:20])
    assert made["js"].value == pytest.approx(jensen_shannon(maps[:20].sum(1)), abs=1e-3)
    assert made["w1_u"].value == pytest.approx(wasserstein_uniform_binned(fine[:20, 0]), abs=1e-3)


def test_an_image_with_most_of_the_boxes_is_not_taken_for_bias():
    """Thirty images, one cell each, most boxes in a few of them: an even spread was excluded for 44 % of these."""
    random = np.random.default_rng(1)
    sizes = np.minimum(np.ceil(np.exp(random.normal(0, 2, (400, 30)))), 400).astype(np.int64)
    groups = np.zeros((400, 20, 64), np.int64)
    at = np.arange(400)[:, None], random.integers(0, 20, (400, 30)), random.integers(0, 64, (400, 30))
    np.add.at(groups, at, sizes)
    worth = sizes.sum(1) / design_effect_of(groups, np.full(400, 30))
    assert (jensen_shannon_interval(groups, boxes=worth).low == 0).mean() > 0.75


def test_copies_of_boxes_are_worth_no_more_than_one():
    maps, fine = drawn("even", 100, np.random.default_rng(1))
    copied = distances_of(4 * maps, 4 * fine, np.full(len(maps), 100))
    naive = distances_of(4 * maps, 4 * fine)
    assert (copied["js"].low == 0).mean() > 0.9 > (naive["js"].low == 0).mean()
    assert (copied["w1_u"].low == 0).mean() > 0.85


@pytest.mark.parametrize("boxes", [10, 60, 400])
@pytest.mark.parametrize("share", [0.001, 1 / 64, 0.1, 0.6])
def test_expected_bits_are_those_of_the_binomial_law(share, boxes):
    number = np.arange(boxes + 1)
    exact = (binom.pmf(number, boxes, share) * bits(number / boxes, 1 / 64)).sum()
    assert expected_bits(np.array([share]), np.float64(boxes), 1 / 64).item() == pytest.approx(exact, rel=0.1)


def test_expected_deviation_is_that_of_samples():
    rng, even = np.random.default_rng(3), np.array([0.2, 0.5])
    shown = np.abs(rng.binomial(50, even + np.array([0.1, 0.0]), (200_000, 2)) / 50 - even).mean(0)
    assert expected_deviation(even, np.array([0.1, 0.0]), np.float64(50)) == pytest.approx(shown, rel=0.02)


def test_without_boxes_there_is_no_distance():
    none = np.zeros((1, GROUPS, 64), int)
    made = jensen_shannon_interval(none)
    assert np.isnan(made[:3]).all()
    assert np.isnan(wasserstein_interval(np.zeros((1, 256), int), none[..., :8])[:3]).all()


def test_one_group_has_a_value_and_no_interval():
    one = np.zeros((1, GROUPS, 64), int)
    one[0, 3, :8] = 40
    made = jensen_shannon_interval(one)
    assert made.value == pytest.approx(jensen_shannon(one.sum(1)), abs=0.01)
    assert np.isnan([made.low, made.high]).all()


@pytest.mark.parametrize("boxes", [2, 12, 4000])
def test_boxes_in_one_place_may_have_missed_a_share_of_the_law(boxes):
    """As much of it lies elsewhere as one of twenty samples of that size would miss."""
    one = np.zeros((1, GROUPS, 64), int)
    one[0, np.arange(boxes) % GROUPS, 9] = boxes // min(boxes, GROUPS)
    n = one.sum()
    made, away = jensen_shannon_interval(one), 1 - 0.05 ** (1 / n)
    far = jensen_shannon(np.where(np.arange(64) == 9, 1 - away, away / 63))
    assert made.value.item() == pytest.approx(jensen_shannon(np.arange(64) == 9).item(), abs=1e-6)
    assert made.low.item() == pytest.approx(far.item(), abs=1e-6)
    assert made.high.item() == pytest.approx(min(1.0, made.value.item() + away), abs=1e-3)


def test_values_lie_in_their_intervals_of_two_boxes_too():
    """Two boxes in places that chance alone would take: no distance, however much they agree."""
    two = np.zeros((1, 2, 32), int)
    two[0, 0, 11] = two[0, 1, 20] = 1
    rng = np.random.default_rng(0)
    many = rng.multinomial(3, np.full(64, 1 / 64), (300, 4))
    for made in (wasserstein_interval(two.sum(1), two), jensen_shannon_interval(many, boxes=np.full(300, 0.9))):
        assert ((made.low <= made.value) & (made.value <= made.high)).all()


@pytest.mark.parametrize("bins", [3, 33, 48])
def test_any_number_of_bins_will_do(bins):
    groups = np.random.default_rng(0).multinomial(200, np.full(bins, 1 / bins), (2, GROUPS))
    made = wasserstein_interval(groups.sum(1), groups)
    assert (made.value < 0.02).all()
    assert (made.low <= made.value).all()


CELLS = np.arange(25)


def bell(middle: float, spread: float) -> np.ndarray:
    shares = np.exp(-(((CELLS - middle) / spread) ** 2) / 2)
    return np.asarray(shares / shares.sum())


SCALES = {"the same": bell(15, 5), "larger": bell(17, 5), "more various": bell(15, 8), "much larger": bell(20, 4)}
SCALES |= {"alike": bell(15, 1), "two kinds": (bell(5, 1) + bell(20, 1)) / 2, "others are small": bell(17, 5)}
REFERENCES = {"others are small": bell(5, 2)}


def by_group(shares: np.ndarray, boxes: int, rng: np.random.Generator) -> np.ndarray:
    table = np.zeros((CLASSES, GROUPS, len(shares)), int)
    group = rng.integers(0, GROUPS, (CLASSES, boxes))
    np.add.at(table, (np.arange(CLASSES)[:, None], group, rng.choice(len(shares), (CLASSES, boxes), p=shares)), 1)
    return table


@pytest.mark.parametrize("others", [100, 1000])
@pytest.mark.parametrize("boxes", [10, 30, 100, 1000])
@pytest.mark.parametrize("law", SCALES)
def test_intervals_from_others_hold_the_truth(law: str, boxes: int, others: int) -> None:
    rng = np.random.default_rng(boxes)
    reference = REFERENCES.get(law, SCALES["the same"])
    own, other = by_group(SCALES[law], boxes, rng), by_group(reference, others, rng)
    made, true = jensen_shannon_interval(own, other), jensen_shannon(SCALES[law], reference).item()
    assert ((made.low <= true + 1e-9) & (true <= made.high)).mean() >= 0.91
    if boxes >= 30:
        assert np.median(made.value) == pytest.approx(true, abs=0.05)
    if law == "the same" and boxes <= 30:
        assert np.median(jensen_shannon(own.sum(1), other.sum(1))) > 0.15


@pytest.mark.parametrize(("boxes", "others"), [(3, 1000), (10, 1000), (10, 20_000), (15, 5000)])
def test_boxes_in_one_cell_may_have_missed_a_share_of_the_law_against_others_too(boxes: int, others: int) -> None:
    rng, law = np.random.default_rng(4), 0.9 * np.eye(25)[15] + 0.1 * bell(15, 5)
    own = by_group(law, boxes, rng)
    made = jensen_shannon_interval(own, by_group(bell(15, 5), others, rng))
    true = jensen_shannon(law, bell(15, 5)).item()
    held = (made.low <= true) & (true <= made.high)
    assert held.mean() >= 0.91
    assert held[(own.sum(1) > 0).sum(-1) == 1].mean() >= 0.9


def test_others_known_well_are_cells_known_exactly() -> None:
    own = by_group(bell(15, 8), 100, np.random.default_rng(2))
    many = np.full_like(own, 10**7)
    made, exact = jensen_shannon_interval(own, many), jensen_shannon_interval(own)
    for one, other in zip(made[:3], exact[:3], strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_without_others_there_is_no_distance() -> None:
    own = by_group(bell(15, 8), 10, np.random.default_rng(2))[:2]
    assert np.isnan(jensen_shannon_interval(own, np.zeros_like(own))[:3]).all()
