"""Tests of uniformity against scipy, enumeration and closed forms."""

import itertools

import numpy as np
import pytest
import scipy.special
import scipy.stats

from biasscope.bias import testing
from biasscope.bias.testing import monte_carlo
from biasscope.bias.testing.cramer_von_mises import FAR_TAIL, _cylinders, _far_tail, _first_order, _limit
from biasscope.bias.testing.monte_carlo import _SixteenBits
from biasscope.core.errors import UsageError

RANDOM = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order():
    """Every test starts from the same state, whichever ran before it."""
    global RANDOM
    RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("wrong", [[1.2, 0.1, 0.3], [0.1, -0.1], [float("inf"), 0.2]])
def test_what_is_no_probability_is_not_corrected(wrong):
    with pytest.raises(UsageError, match="between 0 and 1"):
        testing.adjust(wrong)
    assert np.isnan(testing.adjust([np.nan, 1.0, 0.0])).tolist() == [True, False, False]


@pytest.mark.parametrize("wrong", [[[3, -4, 5]], [3, 4, 5]])
def test_what_are_no_counts_have_no_p(wrong):
    with pytest.raises(UsageError, match=r"below 0|1 axes instead of 2"):
        testing.chi_square_p(wrong)
    assert testing.chi_square_p(np.zeros((0, 4))).size == 0


def test_chi_square_is_scipys():
    table = RANDOM.poisson(6, (20, 64))
    statistic, p = scipy.stats.chisquare(table, axis=1)
    np.testing.assert_allclose(testing.chi_square(table), statistic)
    np.testing.assert_allclose(testing.chi_square_p(table, asymptotic_above=0), p)


def test_goodness_of_fit_is_scipys():
    table, shares = RANDOM.poisson(6, (5, 8)), RANDOM.dirichlet(np.ones(8))
    expected = [scipy.stats.chisquare(row, shares * row.sum()).statistic for row in table]
    np.testing.assert_allclose(testing.goodness_of_fit(table, shares), expected)


def test_monte_carlo_against_enumeration():
    """Five boxes in three cells: 243 equally likely outcomes, many of them tied."""
    outcomes = np.array([np.bincount(way, minlength=3) for way in itertools.product(range(3), repeat=5)])
    null = (outcomes**2).sum(1)
    for observed in ([5, 0, 0], [4, 1, 0], [3, 1, 1], [2, 2, 1]):
        exact = (null >= np.sum(np.square(observed))).mean()
        p = testing.chi_square_p([observed], draws=99_999)[0]
        assert p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 1e5) + 1e-4)


def test_monte_carlo_with_unequal_cells_against_enumeration():
    shares = np.array([0.5, 0.3, 0.2])
    ways = list(itertools.product(range(3), repeat=4))
    chance = np.array([shares[list(way)].prod() for way in ways])
    null = np.array([(np.bincount(way, minlength=3) ** 2 / shares).sum() for way in ways])
    observed = np.square([0, 1, 3]) / shares
    exact = chance[null >= observed.sum() - 1e-9].sum()
    p = testing.monte_carlo_p([observed.sum()], [4], shares, draws=99_999)[0]
    assert p == pytest.approx(exact, abs=0.004)


def test_uneven_cells_as_many_as_a_power_of_two_against_enumeration():
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    ways = np.array([np.bincount(way, minlength=4) for way in itertools.product(range(4), repeat=3)])
    chance = np.array([shares[list(way)].prod() for way in itertools.product(range(4), repeat=3)])
    null = (ways**2 / shares).sum(1)
    for observed in ([0, 0, 0, 3], [0, 1, 0, 2], [1, 0, 1, 1]):
        square = (np.square(observed) / shares).sum()
        exact = chance[null >= square - 1e-9].sum()
        assert testing.monte_carlo_p([square], [3], shares, draws=99_999)[0] == pytest.approx(exact, abs=0.006)


@pytest.mark.parametrize("sizes", [[1000], [150, 1000], [998, 1000], [150, 700, 1000, 60_000]])
def test_many_boxes_in_few_cells_against_the_binomial_law(sizes):
    """They are drawn as numbers of boxes a cell, whatever smaller samples they grow from."""
    shares, boxes = np.array([0.3, 0.7]), np.arange(1001)
    null = boxes**2 / shares[0] + (1000 - boxes) ** 2 / shares[1]
    for observed in (305, 320, 335):
        exact = scipy.stats.binom.pmf(boxes, 1000, shares[0])[null >= null[observed] - 1e-6].sum()
        squares = np.where(np.array(sizes) == 1000, null[observed], 0)
        p = testing.monte_carlo_p(squares, sizes, shares)[sizes.index(1000)]
        assert p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


def test_a_class_has_the_same_p_however_many_others_have_its_size():
    """Few are held against the draws one by one, many against the sorted ones."""
    counts = np.array(list(itertools.product(range(5), repeat=4)))
    squares = 4 * np.square(counts[counts.sum(1) == 7]).sum(1).astype(float)
    together = testing.monte_carlo_p(squares, [7] * len(squares), [0.25] * 4, draws=999)
    alone = [testing.monte_carlo_p([square], [7], [0.25] * 4, draws=999)[0] for square in squares]
    assert together.tolist() == alone
    assert len({*alone}) > 5


def test_a_single_box_is_as_likely_in_any_cell():
    assert testing.chi_square([[1, 0, 0, 0]]).tolist() == [3]
    assert testing.chi_square_p([[0, 1, 0, 0], [0, 0, 0, 0]], draws=99).tolist() == [
        1,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert testing.monte_carlo_p([4.0], [1], [0.25] * 4, draws=99).tolist() == [1]


@pytest.mark.parametrize("n", [30, 300, 1500])
def test_monte_carlo_agrees_with_direct_sampling_beside_other_sizes(n):
    """The null read off growing samples is the null of that n, whatever other sizes are asked for."""
    table = RANDOM.multinomial(n, np.full(64, 1 / 64), 50)
    direct = np.sort(testing.chi_square(np.random.default_rng(1).multinomial(n, np.full(64, 1 / 64), 40_000)))
    expected = 1 - np.searchsorted(direct, testing.chi_square(table) - 1e-9) / len(direct)
    others = RANDOM.multinomial(np.arange(11, 400, 3), np.full(64, 1 / 64))
    p = testing.chi_square_p(np.concatenate([table, others]))[:50]
    np.testing.assert_allclose(p, expected, atol=0.02)


def test_monte_carlo_never_reports_zero_and_is_seeded():
    table = np.zeros((1, 64), int)
    table[0, 0] = 50
    assert testing.chi_square_p(table, draws=999)[0] == 1 / 1000
    some = RANDOM.multinomial(50, np.full(64, 1 / 64), 20)
    assert testing.chi_square_p(some, seed=3).tolist() == testing.chi_square_p(some, seed=3).tolist()
    assert testing.chi_square_p(some, seed=3).tolist() != testing.chi_square_p(some, seed=4).tolist()


def test_a_second_stage_draws_the_smallest_anew_and_no_others():
    table = RANDOM.multinomial(60, np.full(64, 1 / 64), 3000)
    table[0] = np.eye(64, dtype=int)[5] * 60
    once, twice = (testing.chi_square_p(table, draws=999, again=again) for again in (0, 9999))
    rare = once <= 10 / 1000
    assert 5 < rare.sum() < 60
    np.testing.assert_array_equal(once[~rare], twice[~rare])
    assert (once[rare] != twice[rare]).mean() > 0.9
    assert (once[0], twice[0]) == (1 / 1000, 1 / 10_000)


def test_p_of_two_stages_keeps_every_level():
    """Also at the levels that the first stage decides, at its threshold 10 / 200 and at those of the second."""
    p = []
    for seed in range(400):
        table = RANDOM.multinomial(300, np.full(16, 1 / 16), 50)
        p.append(testing.chi_square_p(table, draws=199, again=3999, seed=seed))
    for level in (0.001, 0.005, 0.02, 0.05, 0.06, 0.2):
        share = np.mean(np.concatenate(p) <= level)
        assert share < level + 4 * np.sqrt(level * (1 / 20_000 + 1 / (400 * 199))), level
        assert share > 0.7 * level, level


@pytest.mark.parametrize("method", ["bh", "by", "holm"])
def test_a_lone_discovery_passes_and_chance_does_not(method):
    """300 families of 50 uniform classes, 5 % of which may see a rejection; one cell holds all boxes of one more."""
    again, false, found = testing.draws_again(99, 51, 0.05, method), 0, 0
    for seed in range(300):
        table = RANDOM.multinomial(200, np.full(8, 1 / 8), 51)
        false += testing.adjust(testing.chi_square_p(table, draws=99, again=again, seed=seed), method).min() <= 0.05
        if seed < 10:
            table[7] = np.eye(8, dtype=int)[0] * 200
            q = testing.adjust(testing.chi_square_p(table, draws=99, again=again, seed=seed), method)
            found += q[7] <= 0.05
    assert found == 10
    assert false <= 300 * 0.05 + 4 * np.sqrt(300 * 0.05)


@pytest.mark.parametrize("n", [40, 700])
def test_monte_carlo_p_is_uniform_under_the_null(n):
    """At 40 boxes the statistic takes few values, so p may fall short of its level but never exceed it."""
    p = testing.chi_square_p(RANDOM.multinomial(n, np.full(64, 1 / 64), 4000), seed=n)
    for level in (0.001, 0.01, 0.05, 0.2, 0.5):
        share, error = (p <= level).mean(), 4 * np.sqrt(level * (1 - level) * (1 / len(p) + 1 / 20_000))
        assert share < level + error
        assert share > level - error or n == 40


def test_the_asymptotic_tail_is_where_the_documentation_says():
    null = RANDOM.multinomial(2000, np.full(64, 1 / 64), 200_000)
    asymptotic = scipy.stats.chi2.sf(testing.chi_square(null), 63)
    assert (asymptotic <= 0.001).mean() == pytest.approx(0.00105, abs=0.0003)


@pytest.mark.parametrize(
    ("squares", "sizes", "shares"),
    [
        ([64, 3], [4], [0.25] * 4),
        (64, 4, [0.25] * 4),
        ([64], [-4], [0.25] * 4),
        ([64], [4], [0.5] * 4),
        ([64], [4], [1.0, 0.0]),
        ([64], [4], [[0.5, 0.5]]),
    ],
)
def test_a_null_that_cannot_be_is_a_usage_error(squares, sizes, shares):
    with pytest.raises(UsageError, match=r"of the shape|below 0|probabilities above 0"):
        testing.monte_carlo_p(squares, sizes, shares)


def test_small_classes_are_not_tested():
    assert np.isnan(testing.chi_square_p([[3, 0], [9, 1]], minimum=10)).tolist() == [True, False]


def test_cramer_von_mises_statistic_and_p_are_scipys():
    for n in (10, 50, 400):
        values = RANDOM.random(n) ** 1.2
        expected = scipy.stats.cramervonmises(values, "uniform")
        statistic = testing.cramer_von_mises(values)
        assert statistic == pytest.approx(expected.statistic)
        assert testing.cramer_von_mises_p([statistic], [n])[0] == pytest.approx(expected.pvalue, abs=3e-4)


def test_cramer_von_mises_p_against_scipy_over_its_range():
    x = np.linspace(0.02, 1.5, 40)
    for n in (10, 100, 10_000):
        expected = 1 - scipy.stats._hypotests._cdf_cvm(x, n)
        np.testing.assert_allclose(testing.cramer_von_mises_p(x, np.full(40, n)), expected, atol=3e-4)


def test_cramer_von_mises_series_are_scipys_term_by_term():
    x = np.linspace(0.02, 2.5, 40)
    np.testing.assert_allclose(_limit(x), scipy.stats._hypotests._cdf_cvm_inf(x), atol=1e-9)
    np.testing.assert_allclose(_first_order(x), scipy.stats._hypotests._psi1_mod(x), atol=1e-7)


def test_nothing_has_no_cramer_von_mises_statistic():
    assert np.isnan(testing.cramer_von_mises([]))
    assert np.isnan(testing.cramer_von_mises_binned([[0, 0]])).all()
    assert np.isnan(testing.cramer_von_mises_p([0.3], [0])).all()


def test_cramer_von_mises_tails_join():
    x = np.array([FAR_TAIL])
    assert _far_tail(x)[0] == pytest.approx(1 - _limit(x)[0], rel=0.02)


def test_cramer_von_mises_p_is_between_zero_and_one_everywhere():
    x = np.concatenate([np.geomspace(1e-6, 4000, 300), [0.0, np.nan]])
    for n in (10, 1000):
        p = testing.cramer_von_mises_p(x, np.full(len(x), n))
        assert np.isnan(p[-1])
        assert ((p[:-1] >= 0) & (p[:-1] <= 1)).all()
        assert (np.diff(p[:300]) <= 1e-4).all()


@pytest.mark.parametrize("n", [10, 60, 1000])
def test_binned_cramer_von_mises_is_within_its_stated_error(n):
    errors = []
    for _ in range(200):
        values = RANDOM.random(n)
        counts = np.bincount((values * 256).astype(int), minlength=256)
        errors.append(testing.cramer_von_mises_binned(counts).item() - testing.cramer_von_mises(values))
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(200)
    assert np.std(errors) < 0.005


@pytest.mark.parametrize("n", [10, 50, 200])
def test_moment_tests_keep_their_level(n):
    u, v = np.random.default_rng(n).random((2, 20_000, n))
    sizes = np.full(20_000, n)
    centred = (u - u.mean(1, keepdims=True)) * (v - v.mean(1, keepdims=True))
    r = centred.mean(1) / np.sqrt(u.var(1) * v.var(1))
    for p in (
        testing.displacement_p(u.mean(1) - 0.5, sizes),
        testing.concentration_p(12 * u.var(1, ddof=1), sizes),
        testing.correlation_p(r, sizes),
    ):
        for level in (0.05, 0.01, 0.001):
            assert (p <= level).mean() < level + 4 * np.sqrt(level / 20_000)
        assert (p <= 0.05).mean() > 0.042


def test_moment_tests_of_the_smallest_samples():
    """Each from the first size at which its statistic exists; NaN, not 0 or 1, below."""
    nothing = pytest.approx(np.nan, nan_ok=True)
    far = 0.2 * np.sqrt(12 * np.array([1, 2]))
    assert testing.displacement_p([0.2] * 3, [0, 1, 2]).tolist() == pytest.approx(
        [np.nan, *(2 * scipy.stats.norm.sf(far))], nan_ok=True
    )
    z = 0.5 / np.sqrt([2 / 1 - 0.6, 2 / 2 - 0.4])
    assert testing.concentration_p([1.5] * 4, [0, 1, 2, 3]).tolist() == pytest.approx(
        [np.nan, np.nan, *(2 * scipy.stats.norm.sf(z))], nan_ok=True
    )
    expected = scipy.stats.pearsonr([0.0, 1.0, 3.0], [1.0, 0.0, 4.0])
    found = testing.correlation_p([0.9, 1.0, expected.statistic], [1, 2, 3])
    assert found.tolist() == [nothing, nothing, pytest.approx(expected.pvalue)]


def test_correlation_p_is_scipys():
    u, v = RANDOM.normal(size=(2, 30))
    expected = scipy.stats.pearsonr(u, v)
    assert testing.correlation_p([expected.statistic], [30])[0] == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("method", ["bh", "by"])
def test_false_discovery_corrections_are_scipys(method):
    p = RANDOM.random(200) ** 2
    np.testing.assert_allclose(testing.adjust(p, method), scipy.stats.false_discovery_control(p, method=method))


def test_holm_by_hand():
    np.testing.assert_allclose(testing.adjust([0.01, 0.04, 0.03, 0.5], "holm"), [0.04, 0.09, 0.09, 0.5])


def test_draws_that_a_lone_discovery_needs_by_hand():
    """Three tests at 5 %: 60 draws with the observed one; times 1 + 1/2 + 1/3 for Benjamini-Yekutieli, 110."""
    assert [testing.draws_needed(3, 0.05, method) for method in testing.CORRECTIONS] == [59, 109, 59, 19]
    assert testing.draws_again(59, 3, 0.05, "bh") == 0
    assert testing.draws_again(58, 3, 0.05, "bh") == 59


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01, 0.001])
def test_with_these_draws_the_smallest_p_passes(alpha):
    """Family sizes at which rounding would decide (1307 at 1 %) among them."""
    for family in (1, 2, 7, 400, 1000, 1307, 2601, 20_000):
        for method in testing.CORRECTIONS:
            p = np.ones(family)
            p[0] = 1 / (testing.draws_needed(family, alpha, method) + 1)
            assert testing.adjust(p, method)[0] <= alpha
            assert testing.adjust(np.minimum(p * 1.02, 1.0), method)[0] > alpha or 1 / p[0] < 100


def test_untested_classes_leave_the_family():
    p = RANDOM.random(50)
    with_gaps = np.insert(p, [3, 10, 50], np.nan)
    for method in testing.CORRECTIONS:
        adjusted = testing.adjust(with_gaps, method)
        np.testing.assert_array_equal(adjusted[np.isfinite(with_gaps)], testing.adjust(p, method))
        assert np.isnan(adjusted).sum() == 3
    assert np.isnan(testing.adjust([None, None])).all()


def test_unknown_correction_is_a_usage_error():
    with pytest.raises(UsageError, match="bonferroni"):
        testing.adjust([0.1], "bonferroni")


@pytest.mark.parametrize("cells", [2, 8, 64])
def test_dropping_bits_is_looking_up_even_cells(cells):
    """The short way for even cells draws what the table would."""
    short = monte_carlo._lookup(np.full(cells, 1 / cells))
    table = np.repeat(np.arange(cells, dtype=np.uint16), (1 << 16) // cells)
    base = np.arange(50) * cells
    drawn = [monte_carlo._drawn(_SixteenBits(np.random.default_rng(3)), way, 20, base) for way in (short, table)]
    assert isinstance(short, int)
    np.testing.assert_array_equal(*drawn)


def test_cylinder_functions_are_scipys():
    y = np.geomspace(0.3, 40, 200)
    for order, found in zip((0.5, 1.5), _cylinders(y), strict=True):
        expected = np.exp(-(y**2) / 4) * scipy.special.pbdv(order, y)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("sizes", [[1, 2, 3, 4], [4000, 8000, 4], [4000, 4002, 4, 2, 4000], [4000, 7998, 3999, 1, 4]])
def test_sixteen_bits_are_numpys(sizes):
    one, other = _SixteenBits(np.random.default_rng(3)), np.random.default_rng(3)
    for size in sizes:
        np.testing.assert_array_equal(one(size), other.integers(0, 1 << 16, size, np.uint16))
