"""Effect sizes against scipy, closed forms and their definitions."""

from itertools import permutations

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from biasscope.bias import effects
from biasscope.bias.distances import jensen_shannon_interval, wasserstein_interval
from biasscope.bias.grouped import cell_design_effect, effect_correlation, grouped_effect
from biasscope.bias.jackknife import FISHER, LOGARITHM, jackknife, leave_one_out
from biasscope.bias.scale.differences import effect_of
from biasscope.bias.shares import share_interval
from biasscope.core.errors import UsageError

RANDOM = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order():
    """Every test starts from the same state, whichever ran before it."""
    global RANDOM
    RANDOM = np.random.default_rng(11)


def test_cramers_v_by_its_definition():
    counts = RANDOM.poisson(3, 64)
    n, k = counts.sum(), 64
    chi2 = scipy.stats.chisquare(counts).statistic
    expected = np.sqrt(max(0, chi2 / n - (k - 1) / n) / (k - 1))
    assert effects.cramers_v(counts).item() == pytest.approx(expected)


@pytest.mark.parametrize("n", [20, 200])
def test_the_squared_effect_is_unbiased_where_plain_v_is_not(n):
    null = RANDOM.multinomial(n, np.full(64, 1 / 64), 5000)
    plain = np.sqrt(scipy.stats.chisquare(null, axis=1).statistic / n / 63)
    assert plain.mean() == pytest.approx(1 / np.sqrt(n), rel=0.05)
    corrected = effects.squared_effect(null)
    assert abs(corrected.mean()) < 4 * corrected.std() / np.sqrt(5000)


def test_jensen_shannon_is_scipys():
    a, b = RANDOM.poisson(2, (2, 30))
    expected = scipy.spatial.distance.jensenshannon(a, b, base=2) ** 2
    assert effects.jensen_shannon(a, b).item() == pytest.approx(expected)
    assert effects.jensen_shannon(a).item() == pytest.approx(
        scipy.spatial.distance.jensenshannon(a, np.ones(30), base=2) ** 2
    )


def test_wasserstein_is_scipys_limit():
    values = RANDOM.beta(2, 3, 40)
    fine = (np.arange(200_000) + 0.5) / 200_000
    assert effects.wasserstein_uniform(values) == pytest.approx(
        scipy.stats.wasserstein_distance(values, fine), abs=1e-5
    )


def test_binned_wasserstein_is_within_half_a_bin():
    for _ in range(50):
        values = RANDOM.beta(*RANDOM.uniform(0.3, 4, 2), RANDOM.integers(1, 200))
        counts = np.bincount((values * 256).astype(int), minlength=256)
        error = effects.wasserstein_uniform_binned(counts).item() - effects.wasserstein_uniform(values)
        assert abs(error) <= 1 / 512 + 1e-12


def test_wasserstein_of_a_point_in_closed_form():
    for x in (0.0, 0.3, 1.0):
        assert effects.wasserstein_uniform([x]) == pytest.approx((x**2 + (1 - x) ** 2) / 2)


def test_even_counts_are_uniform_in_every_sense():
    even = np.full((2, 256), 3)
    assert effects.wasserstein_uniform_binned(even).tolist() == [0, 0]
    assert effects.jensen_shannon(even).tolist() == [0, 0]
    assert effects.cramers_v(even).tolist() == [0, 0]


def test_moments_are_numpys():
    u, v = RANDOM.random((2, 25))
    sums = [[part.sum()] for part in (u, v, u * u, v * v, u * v)]
    assert effects.displacement([25], sums[0])[0] == pytest.approx(u.mean() - 0.5)
    assert effects.concentration([25], sums[0], sums[2])[0] == pytest.approx(12 * u.var(ddof=1))
    assert effects.correlation([25], *sums)[0] == pytest.approx(np.corrcoef(u, v)[0, 1])


def test_correlation_is_undefined_without_variation():
    assert np.isnan(effects.correlation([3], [1.5], [1.5], [0.75], [0.8], [0.75]))[0]
    u = RANDOM.random(50)
    for value in np.linspace(0, 1, 101):  # the variance of v from sums is often rounding, not 0
        v = np.full(50, value)
        sums = [[part.sum()] for part in (u, v, u * u, v * v, u * v)]
        assert np.isnan(effects.correlation([50], *sums))[0]
        assert np.isnan(effects.correlation([50], *(sums[place] for place in (1, 0, 3, 2, 4))))[0]


def test_empty_classes_are_undefined_not_zero():
    empty = np.zeros((1, 64), int)
    for statistic in (effects.cramers_v, effects.jensen_shannon, effects.wasserstein_uniform_binned):
        assert np.isnan(statistic(empty)).all()
    assert np.isnan(effects.displacement([0], [0.0])).all()


def test_jackknife_of_a_mean_is_the_standard_error_with_students_t():
    x = RANDOM.normal(size=(3, 20))
    made = jackknife(x.mean(1), leave_one_out(x) / 19, np.ones((3, 20), bool))
    np.testing.assert_allclose(made.error, x.std(1, ddof=1) / np.sqrt(20))
    low, high = scipy.stats.t.interval(0.95, 19, x.mean(1), made.error)
    np.testing.assert_allclose([made.low, made.high], [low, high])


def test_jackknife_leaves_empty_groups_out():
    x = np.array([[1.0, 2.0, 4.0, 0.0, 0.0]])
    filled = x > 0
    made = jackknife(x.sum(1) / 3, leave_one_out(x) / (3 - filled), filled)
    assert made.error[0] == pytest.approx(np.std([1, 2, 4], ddof=1) / np.sqrt(3))


def test_a_single_group_has_no_interval():
    made = jackknife([1.0], [[0.0, 1.0]], [[True, False]])
    assert np.isnan(made.error[0])
    assert np.isnan(made.low[0])


def test_two_groups_have_an_interval_with_one_degree_of_freedom():
    x = np.array([[1.0, 4.0, 0.0]])
    made = jackknife(x.sum(1) / 2, leave_one_out(x) / np.array([[1, 1, 2]]), x > 0, level=0.9)
    assert made.error[0] == pytest.approx(np.std([1, 4], ddof=1) / np.sqrt(2))
    assert (made.low[0], made.high[0]) == pytest.approx(scipy.stats.t.interval(0.9, 1, 2.5, made.error[0]))


def test_an_interval_on_another_scale():
    """Mean 2 and error e by hand: exp(log 2 -+ t e / 2); where there is no slope, as without a scale."""
    x = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    without = leave_one_out(x) / 2
    made = jackknife(x.mean(1), without, np.ones((2, 3), bool), scale=LOGARITHM)
    reach = scipy.stats.t.ppf(0.975, 2) * made.error[0] / 2
    assert made.error[0] == pytest.approx(1 / np.sqrt(3))
    assert (made.low[0], made.high[0]) == pytest.approx((2 * np.exp(-reach), 2 * np.exp(reach)))
    assert (made.low[1], made.high[1]) == (0, 0)
    turned = jackknife([0.6], [[0.5, 0.6, 0.7]], [[True] * 3], scale=FISHER)
    reach = scipy.stats.t.ppf(0.975, 2) * turned.error[0] / (1 - 0.36)
    assert (turned.low[0], turned.high[0]) == pytest.approx(np.tanh(np.arctanh(0.6) + np.array([-reach, reach])))
    same = jackknife([1.0], [[1.0, 1.0, 1.0]], [[True] * 3], scale=FISHER)
    assert (same.low[0], same.high[0]) == (1, 1)


def squared_over_groups(row):
    """Squared effect of counts (groups, cells) from products of different groups, and its variance under uniformity.

    The product of two groups varies over all permutations of the cells of one of them.
    """
    cells = row.shape[1]
    pairs = [(g, h) for g in range(len(row)) for h in range(g)]
    top, bottom = sum(row[g] @ row[h] for g, h in pairs), sum(row[g].sum() * row[h].sum() for g, h in pairs)
    chance = sum(np.var([row[g] @ np.array(moved) for moved in permutations(row[h])]) for g, h in pairs)
    return (cells * top / bottom - 1) / (cells - 1), (cells / (cells - 1) / bottom) ** 2 * chance


def test_counts_below_0_and_other_shapes_are_usage_errors():
    groups = [[[9, 0], [5, 4], [7, 2]]]
    for function in (effects.cramers_v, effects.squared_effect):
        with pytest.raises(UsageError, match="below 0"):
            function([[5, -5, 3, 3]])
    for function in (effects.cramers_v_interval, grouped_effect):
        made = function(groups)
        for part, same in zip(made, function(np.array(groups)), strict=True):
            np.testing.assert_array_equal(part, same)
        with pytest.raises(UsageError, match=r"2 axes instead of 3\. Their axes are classes, groups, cells"):
            function(groups[0])
        with pytest.raises(UsageError, match="below 0"):
            function([[[-9, 0], [5, 4]]])
    assert effect_correlation(groups[0], groups[0]) == 1
    assert cell_design_effect(groups) == cell_design_effect(np.array(groups))


def test_distances_refuse_what_is_no_sample_and_no_count():
    with pytest.raises(UsageError, match=r"values with 2 axes instead of 1"):
        effects.wasserstein_uniform([[0.1, 0.2]])
    for function in (effects.jensen_shannon, effects.wasserstein_uniform_binned):
        with pytest.raises(UsageError, match="below 0"):
            function([[-1, 2]])


@pytest.mark.parametrize("n", [12, 60, 300])
@pytest.mark.parametrize("filled", [1, 2, 4])
def test_the_interval_holds_where_all_boxes_share_a_few_cells(n, filled):
    """All boxes in one cell are an effect of 1, of which n boxes can show (n - 1) / n at most."""
    shares = np.repeat([1 / filled, 0], [filled, 64 - filled])
    effect, rng = np.sqrt((64 / filled - 1) / 63), np.random.default_rng(n)
    made = effects.cramers_v_interval(rng.multinomial(n // 6, shares, size=(400, 6)))
    assert np.mean((made.low <= effect) & (effect <= made.high)) >= 0.9
    if filled == 1:
        assert made.low[0] == pytest.approx(np.sqrt(1 - 1 / n) * 0.05 ** (1 / n))


@pytest.mark.parametrize("images", [5, 20, 200])
def test_images_that_all_agree_may_have_missed_some_of_the_law(images):
    """Three boxes an image at one place, by a law of which one dataset in twenty shows the largest cell alone."""
    share, rng, groups = 0.05 ** (1 / images), np.random.default_rng(images), 20
    rest = np.append(share, np.full(63, (1 - share) / 63))
    effect = (64 * share - 1) / 63
    counts = np.zeros((400, groups, 64), int)
    cell, group = rng.choice(64, (400, images), p=rest), rng.integers(0, groups, (400, images))
    np.add.at(counts, (np.arange(400)[:, None], group, cell), 3)
    alike = (counts.sum(1) > 0).sum(1) == 1
    assert 0.02 < alike.mean() < 0.09
    for told in (None, np.full(400, images)):
        made = grouped_effect(counts, images=told)
        assert np.all(made.low[alike] <= effect + 3 / images / 63)
        assert np.all(made.high[alike] == 1)
    assert made.low[alike] == pytest.approx(share)


@pytest.mark.parametrize("n", [30, 100, 600])
@pytest.mark.parametrize("reference", ["others", "log-uniform"])
@pytest.mark.parametrize("law", [[1] * 8, [1, 2, 4, 8, 8, 4, 2, 1], [0] * 4 + [1] * 4, [1, 1] + [0] * 6, [1] + [0] * 7])
def test_the_interval_of_scale_holds_where_bins_stay_empty(law, reference, n):
    q, even, rng = np.array(law) / sum(law), np.full(8, 1 / 8), np.random.default_rng(n)
    effect = np.sqrt(((q - even) ** 2 / (q + even)).sum() / 2)
    held, width = [], []
    for _ in range(100):
        counts = np.zeros((2, 20, 8), int)
        np.add.at(counts, (0, rng.integers(0, 20, n), rng.choice(8, n, p=q)), 1)
        np.add.at(counts, (1, rng.integers(0, 20, 5000), rng.choice(8, 5000)), 1)
        made = effect_of(counts, reference)
        held.append(made.low[0] - 1e-9 <= effect <= made.high[0] + 1e-9)
        width.append(made.high[0] - made.low[0])
    assert np.mean(held) >= 0.89
    assert np.mean(width) < 2.6 / np.sqrt(n)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_that_is_none_is_a_usage_error(level):
    counts = np.eye(10, 64, dtype=int)[None]
    for function in (effects.cramers_v_interval, grouped_effect, jensen_shannon_interval):
        with pytest.raises(UsageError, match=f"level = {level} is out of range"):
            function(counts, level=level)
    with pytest.raises(UsageError, match=f"level = {level} is out of range"):
        wasserstein_interval(counts.sum(1), counts, level=level)


def test_one_box_has_no_effect_that_could_be_told():
    """chi-square of one box in k cells is k - 1 whatever its cell, so that the formula gives 0."""
    one, two = np.zeros((2, 3, 4), int)
    one[0, 1] = two[0, 1] = two[1, 1] = 1
    made = effects.cramers_v_interval([one, two])
    assert np.isnan(made.value[0])
    assert made.value[1] > 0


@pytest.mark.parametrize("images", [None, [60, 300, 1200]])
def test_the_interval_over_groups_is_defined_at_every_level(images):
    counts = RANDOM.poisson(np.array([0.3, 1.0, 4.0])[:, None, None], (3, 8, 5))
    made = [grouped_effect(counts, images=images, level=level) for level in (0.01, 0.3, 0.5, 0.501, 0.8, 0.95)]
    assert all(np.isfinite(each).all() for each in made)
    assert (np.diff([each.high for each in made], axis=0) >= 0).all()


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_over_groups_leaves_every_group_out(level):
    """By loops over groups: the jackknife of the squared effect, and the least upper bounds that chance allows."""
    counts = RANDOM.poisson(np.array([0.3, 1.0, 4.0])[:, None, None], (3, 8, 5))
    made = grouped_effect(counts, level=level)
    for place, row in enumerate(counts):
        full, variance = squared_over_groups(row)
        left = [squared_over_groups(np.delete(row, group, 0))[0] for group in range(len(row))]
        alone = jackknife([full], [left], [row.any(1)], level=level)
        share = share_interval(row[None, :, row.sum(0).argmax()], row.sum(1)[None], level=2 * level - 1).high
        alone = alone._replace(high=np.maximum(alone.high, effects.one_cell(share, row.shape[1])))
        expected = effects.rooted(alone, [1 / (row.shape[1] - 1) / variance], row.shape[1], level=level)
        np.testing.assert_allclose([part[place] for part in made], [part[0] for part in expected])


@pytest.mark.parametrize("n", [10, 20, 60])
@pytest.mark.parametrize("effect", [0.0, 0.05, 0.1])
def test_the_interval_of_few_boxes_in_many_cells_holds_the_effect(n, effect):
    rng, cells = np.random.default_rng(n), 64
    shares = 1 / cells + effect * np.sqrt(cells - 1) / cells * np.tile([1, -1], cells // 2)
    assert effect**2 == pytest.approx((cells * (shares**2).sum() - 1) / (cells - 1), abs=1e-12)
    made = effects.cramers_v_interval(rng.multinomial(1, shares, size=(600, n)))
    assert np.all(made.high > 0)
    assert np.mean((made.low <= effect) & (effect <= made.high)) >= 0.94


def one_of_64(share):
    return np.append(share, np.full(63, (1 - share) / 63))


@pytest.mark.parametrize("boxes", [1, 3])
@pytest.mark.parametrize("images", [5, 10, 20, 50])
@pytest.mark.parametrize("law", [np.full(64, 1 / 64), one_of_64(0.3), one_of_64(0.5), np.repeat([1 / 12, 0], [12, 52])])
def test_the_interval_of_few_images_holds_the_effect(law, images, boxes):
    """Boxes of one image lie at one place; of five images most show no two in a cell that holds a third of the law."""
    rng, effect = np.random.default_rng(images), np.sqrt((64 * (law**2).sum() - 1) / 63)
    counts = np.zeros((300, 20, 64), int)
    cell, group = rng.choice(64, (300, images), p=law), rng.integers(0, 20, (300, images))
    np.add.at(counts, (np.arange(300)[:, None], group, cell), boxes)
    intervals = [grouped_effect(counts), grouped_effect(counts, images=np.full(300, images))]
    for made in intervals if boxes > 1 else [*intervals, effects.cramers_v_interval(counts)]:
        assert np.mean((made.low <= effect) & (effect <= made.high)) >= 0.91
