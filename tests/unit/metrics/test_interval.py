"""Intervals cover: error rates over thousands of simulated samples of images, and exact values at the edges."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import beta as beta_law
from scipy.stats import binom, norm
from scipy.stats import t as student

from biasscope.core.errors import UsageError
from biasscope.metrics.cluster import Sums, count, difference, ratio, reduce, size
from biasscope.metrics.interval import difference_interval, positive_interval, share_interval

REPEATS = 4000
SLACK = 4 * math.sqrt(0.05 * 0.95 / REPEATS)
"""Four standard errors of a rate of 5 %."""


def missed(found, truth):
    low, high, _ = found
    return float(((low > truth) | (high < truth)).double().mean())


def draws(law, images, seed=0):
    return torch.from_numpy(law(np.random.default_rng(seed), (REPEATS, images)))


def correct_at_shifts(random, shape):
    """Shares of 48 shifts of images whose own shares are spread towards 1."""
    return random.binomial(48, random.beta(5, 0.5, shape)) / 48


SHARES = {
    "coin tosses, .5": (lambda r, s: (r.random(s) < 0.5) * 1.0, 0.5),
    "coin tosses, .9": (lambda r, s: (r.random(s) < 0.9) * 1.0, 0.9),
    "coin tosses, .99": (lambda r, s: (r.random(s) < 0.99) * 1.0, 0.99),
    "coin tosses, .02": (lambda r, s: (r.random(s) < 0.02) * 1.0, 0.02),
    "narrow about .5": (lambda r, s: r.beta(20, 20, s), 0.5),
    "narrow near 1": (lambda r, s: r.beta(90, 10, s), 0.9),
    "flat about .5": (lambda r, s: r.beta(2, 2, s), 0.5),
    "both ends": (lambda r, s: r.beta(0.3, 0.3, s), 0.5),
    "towards 1": (lambda r, s: r.beta(9, 1, s), 0.9),
    "shares of shifts": (correct_at_shifts, 5 / 5.5),
    "mostly 1, sometimes a little less": (lambda r, s: 1 - (r.random(s) < 0.1) * r.random(s) / 10, 0.995),
    "mostly 1, sometimes half": (lambda r, s: 1 - (r.random(s) < 0.05) * r.random(s), 0.975),
    "mostly 0": (lambda r, s: (r.random(s) < 0.1) * r.random(s) / 2, 0.025),
}


@pytest.mark.parametrize("images", [20, 50, 200])
@pytest.mark.parametrize("law", SHARES)
def test_shares_are_missed_no_more_often_than_stated(law, images):
    draw, truth = SHARES[law]
    assert missed(share_interval(reduce(draws(draw, images))), truth) <= 0.05 + SLACK


@pytest.mark.parametrize("images", [20, 200])
@pytest.mark.parametrize("law", ["narrow about .5", "narrow near 1", "flat about .5"])
def test_shares_that_vary_evenly_are_missed_as_often_as_stated(law, images):
    draw, truth = SHARES[law]
    assert 0.05 - 1.25 * SLACK <= missed(share_interval(reduce(draws(draw, images))), truth) <= 0.05 + SLACK


@pytest.mark.parametrize("level", [0.5, 0.8, 0.99])
def test_other_levels(level):
    draw, truth = SHARES["flat about .5"]
    rate = missed(share_interval(reduce(draws(draw, 60)), level), truth)
    assert rate == pytest.approx(1 - level, abs=5 * math.sqrt(level * (1 - level) / REPEATS) + 0.02)


@pytest.mark.parametrize("images", [20, 80])
def test_ratios_with_images_without_a_say(images):
    random = np.random.default_rng(1)
    say = random.random((REPEATS, images)) < 0.6
    shares = say * random.beta(9, 1, say.shape)
    found = share_interval(reduce(torch.from_numpy(shares), torch.from_numpy(say * 1.0)))
    assert missed(found, 0.9) <= 0.05 + SLACK
    assert found.n.double().mean() == pytest.approx(0.6 * images, rel=0.02)


@pytest.mark.parametrize("images", [20, 80])
def test_ratios_of_counts_of_different_size(images):
    random = np.random.default_rng(2)
    steps = random.integers(1, 30, (REPEATS, images))
    drops = random.binomial(steps, random.beta(5, 2, steps.shape))
    found = share_interval(reduce(torch.from_numpy(drops), torch.from_numpy(steps)))
    assert missed(found, 5 / 7) <= 0.05 + SLACK


POSITIVE = {
    "gamma": (lambda r, s: r.gamma(4, 1, s), 4.0),
    "exponential": (lambda r, s: r.exponential(1, s), 1.0),
    "squares": (lambda r, s: r.chisquare(1, s), 1.0),
    "log-normal": (lambda r, s: r.lognormal(0, 0.5, s), math.exp(0.125)),
}


@pytest.mark.parametrize("images", [20, 50, 200])
@pytest.mark.parametrize("law", POSITIVE)
def test_positive_numbers_are_missed_about_as_often_as_stated(law, images):
    draw, truth = POSITIVE[law]
    assert 0.03 <= missed(positive_interval(reduce(draws(draw, images))), truth) <= 0.065 + SLACK


GAINS = {"often": (0.1, 0.05, 1), "rare": (0.02, 0.02, 1), "never lost": (0.05, 0, 1), "small": (0.3, 0.2, 0.25)}


@pytest.mark.parametrize("images", [20, 50, 200])
@pytest.mark.parametrize("case", GAINS)
def test_differences_are_missed_no_more_often_than_stated(case, images):
    gains, losses, size_ = GAINS[case]
    random = np.random.default_rng(3)
    fate, amount = random.random((2, REPEATS, images))
    amount = size_ * (amount if size_ < 1 else np.ones_like(amount))
    truth = (gains - losses) * (size_ / 2 if size_ < 1 else 1)
    both = np.stack([np.where(fate < gains, amount, 0), np.where(fate > 1 - losses, amount, 0)], 1)
    assert missed(difference_interval(reduce(torch.from_numpy(both))), truth) <= 0.05 + SLACK


@pytest.mark.parametrize(("wins", "images"), [(0, 50), (50, 50), (1, 20), (13, 20), (199, 200)])
def test_one_answer_an_image_gives_the_exact_binomial_interval(wins, images):
    low, high, n = share_interval(reduce((torch.arange(images) < wins).double()))
    assert n == images
    assert low.item() == pytest.approx(beta_law.ppf(0.025, wins, images - wins + 1) if wins else 0)
    assert high.item() == pytest.approx(beta_law.ppf(0.975, wins + 1, images - wins) if wins < images else 1)


def test_exact_binomial_coverage_by_summing_over_all_outcomes():
    images = 30
    wins = torch.arange(images + 1)
    low, high, _ = share_interval(reduce((torch.arange(images) < wins[:, None]).double()))
    for truth in (0.01, 0.1, 0.37, 0.5, 0.93, 0.999):
        inside = ((low <= truth) & (truth <= high)).numpy()
        assert binom.pmf(wins.numpy(), images, truth)[inside].sum() >= 0.95


def test_all_right_keeps_the_width_of_as_many_coin_tosses():
    low, high, _ = share_interval(reduce(torch.ones(50)))
    assert (low.item(), high.item()) == pytest.approx((0.025 ** (1 / 50), 1.0))


def test_one_image_alone_and_none():
    low, high, n = share_interval(reduce(torch.tensor([0.4])))
    assert n == 1
    assert 0 <= low < 0.1
    assert 0.9 < high <= 1
    low, high, n = share_interval(reduce(torch.zeros(0)))
    assert n == 0
    assert low.isnan()
    assert high.isnan()


def test_images_that_are_all_alike_inside_do_not_pretend_to_certainty():
    low, high, _ = share_interval(reduce(torch.full((10,), 0.3)))
    assert high - low > 0.4


def test_one_small_deviation_does_not_pretend_to_certainty():
    shares = torch.ones(50)
    shares[0] = 0.98
    low, _, _ = share_interval(reduce(shares))
    assert low < 0.96


def test_intervals_of_a_vector_are_those_of_its_entries():
    table = torch.rand(4, 30, generator=torch.Generator().manual_seed(0))
    together = share_interval(reduce(table))
    for row in range(4):
        alone = share_interval(reduce(table[row]))
        assert all(torch.allclose(one[row], other) for one, other in zip(together, alone, strict=True))


def test_mirrored_shares_have_mirrored_intervals():
    shares = torch.rand(25, generator=torch.Generator().manual_seed(1)) ** 3
    one, other = share_interval(reduce(shares)), share_interval(reduce(1 - shares))
    assert (1 - other.high).item() == pytest.approx(one.low.item())
    assert (1 - other.low).item() == pytest.approx(one.high.item())


def test_exchanged_gains_and_losses_have_mirrored_intervals():
    both = torch.tensor([[0.5, 0, 0, 0.25, 0], [0, 0.1, 0, 0, 0]])
    one, other = difference_interval(reduce(both)), difference_interval(reduce(both.flip(0)))
    assert (one.low.item(), one.high.item()) == pytest.approx((-other.high.item(), -other.low.item()))
    assert difference(reduce(both)).item() == pytest.approx(0.13)


@pytest.mark.parametrize(("gained", "lost"), [(3, 2), (9, 8), (0, 4)])
def test_a_difference_of_exclusive_events_by_hand(gained, lost):
    """Square-and-add with the multinomial correlation (Zou and Donner 2008) of exact binomial intervals."""
    images, fate = 20, torch.arange(20)
    both = torch.stack([fate < gained, fate >= images - lost]).double()
    p, q = gained / images, lost / images
    low = beta_law.ppf(0.025, [gained, lost], [images - gained + 1, images - lost + 1])
    low, high = np.nan_to_num(low), beta_law.ppf(0.975, [gained + 1, lost + 1], [images - gained, images - lost])
    below, above = [p, q] - low, high - [p, q]
    correlation = -math.sqrt(p * q / ((1 - p) * (1 - q)))
    down = math.sqrt(below[0] ** 2 + above[1] ** 2 - 2 * correlation * below[0] * above[1])
    up = math.sqrt(above[0] ** 2 + below[1] ** 2 - 2 * correlation * above[0] * below[1])
    found = difference_interval(reduce(both))
    assert (found.low.item(), found.high.item()) == pytest.approx((p - q - down, p - q + up))


def test_units_of_a_positive_number_do_not_matter():
    values = torch.tensor([0.2, 1.0, 3.0, 0.7])
    one, other = positive_interval(reduce(values)), positive_interval(reduce(1000 * values))
    assert (1000 * one.low).item() == pytest.approx(other.low.item())
    assert (1000 * one.high).item() == pytest.approx(other.high.item())


def test_a_few_positive_values_by_hand():
    values = torch.tensor([2.0, 3.0, 4.0])  # standard error of the mean 1 / sqrt(3)
    low, high, n = positive_interval(reduce(values))
    freedom = min(81 / 29, 2)
    reach = student.ppf(0.975, freedom) / math.sqrt(3) / 3
    assert (low.item(), high.item(), n.item()) == pytest.approx((3 * math.exp(-reach), 3 * math.exp(reach), 3))


def test_two_images_have_a_positive_interval_and_one_has_none():
    low, high, n = positive_interval(reduce(torch.tensor([2.0, 4.0])))  # standard error of the mean 1
    reach = student.ppf(0.975, 1) / 3
    assert (low.item(), high.item(), n.item()) == pytest.approx((3 * math.exp(-reach), 3 * math.exp(reach), 2))
    low, high, n = positive_interval(reduce(torch.tensor([2.0])))
    assert low.isnan()
    assert high.isnan()
    assert n == 1


def test_less_than_one_loss_still_bounds_from_above():
    """Twenty images alike at 0.96 are 0.8 losses of 20 tosses."""
    low, high, _ = share_interval(reduce(torch.full((20,), 0.96, dtype=torch.float64)))
    assert low.item() == pytest.approx(beta_law.ppf(0.025, 19.2, 1.8))
    assert high.item() == pytest.approx(beta_law.ppf(0.975, 20.2, 0.8))
    assert high < 1


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_units_of_counts_do_not_matter(unit):
    draw = torch.Generator().manual_seed(4)
    most = torch.rand(30, generator=draw, dtype=torch.float64) + 0.5
    part = most * torch.rand(30, generator=draw, dtype=torch.float64)
    one, other = share_interval(reduce(part, most)), share_interval(reduce(unit * part, unit * most))
    assert (one.low.item(), one.high.item()) == pytest.approx((other.low.item(), other.high.item()), rel=1e-9)


def test_a_few_shares_by_hand():
    low, high, _ = share_interval(reduce(torch.tensor([0.5, 0.6, 0.7, 0.6])))
    variance = 0.02 / 3 / 4
    tosses = 0.24 / variance * (norm.ppf(0.975) / student.ppf(0.975, 3)) ** 2
    assert low.item() == pytest.approx(beta_law.ppf(0.025, 0.6 * tosses, 0.4 * tosses + 1), rel=1e-5)
    assert high.item() == pytest.approx(beta_law.ppf(0.975, 0.6 * tosses + 1, 0.4 * tosses), rel=1e-5)


def test_zero_everywhere_is_zero():
    low, high, n = positive_interval(reduce(torch.zeros(5)))
    assert (low.item(), high.item(), n.item()) == (0, 0, 5)


def test_sums_by_hand():
    sums = reduce(torch.tensor([1.0, 2.0, 0.0]), torch.tensor([2.0, 4.0, 0.0]))
    assert [value.item() for value in sums] == [3, 6, 5, 20, 10, 2]
    assert (ratio(sums).item(), size(sums).item(), count(sums).item()) == (0.5, 3, 1.5)
    assert isinstance(sums, Sums)


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.2, 95])
def test_level_lies_between_0_and_1(level):
    with pytest.raises(UsageError, match=r"0\.95"):
        share_interval(reduce(torch.ones(3)), level)
