"""An estimate of the copies needed, part after part against naive loops and curves whose need is known."""

import numpy as np
import pytest

from biasscope.copies.law import LAWS, copies_needed
from biasscope.copies.law.bootstrap import resample
from biasscope.copies.law.forms import predict
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

N = np.array([1, 2, 4, 8, 16, 32, 64])
POWER = LAWS["saturating power"]


def noisy(spread: float = 0.3) -> np.ndarray:
    """Values by number, 3 seeds and 20 images that grow with the number."""
    return (0.9 - 0.5 / N)[:, None, None] + np.random.default_rng(0).normal(0, spread, (7, 3, 20))


def flat(curve: np.ndarray) -> np.ndarray:
    """A curve without any spread."""
    return np.broadcast_to(curve[:, None, None], (len(curve), 3, 20))


@pytest.mark.parametrize("first", [0, 2])
def test_every_number_is_left_out_once_and_predicted_from_the_others(first: int) -> None:
    values, learned = noisy(), np.arange(7) >= first
    found = copies_needed(N, values, 0.8, learned=learned, draws=5)
    n, curve = N[learned].astype(float), values.mean((1, 2))[learned]
    for name, law in LAWS.items():
        squared = []
        for left in range(len(n)):
            fit = law.fit(np.delete(n, left), np.delete(curve, left)[None])
            squared.append((predict(law, fit, n)[0, left] - curve[left]) ** 2)
        assert found.cv_error[name] == pytest.approx(np.mean(squared) ** 0.5)


@pytest.mark.parametrize("law", LAWS)
def test_what_is_told_is_that_of_the_values_that_were_measured(law: str) -> None:
    rise = 0.9 - 0.5 / N if law == "saturating power" else 0.3 + 0.6 / (1 + np.exp(-2.5 * (np.log(N) - 2)))
    values = flat(rise) + noisy(0.1) - flat(0.9 - 0.5 / N)
    goal = np.random.default_rng(1).normal(0.8, 0.1, (3, 20))
    found = copies_needed(N, values, goal, draws=9)
    curve = values.mean((1, 2))
    assert (found.law, found.seeds, found.images, found.level) == (law, 3, 20, 0.95)
    assert found.target == pytest.approx(goal.mean())
    assert found.values == pytest.approx(curve)
    for name, form in LAWS.items():
        fit = form.fit(N.astype(float), curve[None])
        told = [fit.top[0], fit.height[0], *fit.shape[0]]
        assert found.fits[name] == pytest.approx(dict(zip(["top", "height", *form.parameters], told, strict=True)))
        assert found.needed_by[name] == pytest.approx(form.solve(fit, np.array([goal.mean()]))[0])
        if name == law:
            assert found.predicted == pytest.approx(predict(form, fit, N.astype(float))[0])
    assert found.n == found.needed_by[law]
    assert found.measured == N[np.flatnonzero(curve >= goal.mean())[0]]


def test_every_draw_is_an_estimate_of_its_own() -> None:
    values, goal = noisy(), noisy()[3]
    curves, goals = resample(values, goal, 40, generator(7, "copies needed"))
    found = copies_needed(N, values, goal, draws=40, seed=7)
    alone = [copies_needed(N, curve[:, None, None], aim, draws=0) for curve, aim in zip(curves, goals, strict=True)]
    assert {one.law for one in alone} == set(LAWS)
    assert found.n == pytest.approx(alone[0].n)
    assert found.law == alone[0].law
    assert found.draws == pytest.approx([one.n for one in alone[1:]])
    for one, curve in zip(alone, curves, strict=True):
        assert one.n == one.low == one.high
        assert one.values_low == pytest.approx(np.clip(curve, 0, 1))
        assert one.values_high == pytest.approx(np.clip(curve, 0, 1))


def test_seeds_that_are_better_throughout_are_drawn_jointly_with_the_target() -> None:
    """Seeds that raise the curve and the target alike leave what is between them as it is."""
    lucky = np.array([-0.1, 0.0, 0.1])[:, None]
    values, goal = flat(0.9 - 0.5 / N) + lucky, np.full((3, 20), 0.8) + lucky
    curves, goals = resample(values, goal, 50, generator(3))
    assert np.ptp(goals) > 0.1
    assert curves - goals[:, None] == pytest.approx(np.broadcast_to(0.1 - 0.5 / N, curves.shape))
    fewer = resample(values, goal[:2], 50, generator(3))[1]
    assert (fewer[0], np.ptp(fewer) > 0.1) == (pytest.approx(0.75), True)


@pytest.mark.parametrize(("draws", "below", "above"), [(41, 10, 30), (40, 9, 30), (42, 10, 31)])
def test_an_interval_of_one_half_leaves_a_quarter_of_the_draws_out_at_each_end(
    draws: int, below: int, above: int
) -> None:
    """An end that falls between two draws is the outer of them."""
    values = noisy(0.1)
    found = copies_needed(N, values, 0.8, level=0.5, draws=draws)
    ordered = np.sort(found.draws)
    assert (len(set(ordered)), found.level) == (draws, 0.5)
    assert (found.low, found.high) == (ordered[below], ordered[above])
    if draws == 41:
        curves = np.sort(resample(values, np.array(0.8), draws, generator(0, "copies needed"))[0][1:], 0)
        assert found.values_low == pytest.approx(curves[below])
        assert found.values_high == pytest.approx(curves[above])


def test_400_draws_from_seed_0_unless_told() -> None:
    found, same = copies_needed(N, noisy(), 0.8), copies_needed(N, noisy(), 0.8, draws=400, seed=0)
    assert found.draws.shape == (400,)
    assert np.array_equal(found.draws, same.draws)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize(("need", "status"), [(64, "reached"), (100, "extrapolated")])
def test_a_need_of_exactly_the_last_number_or_all_versions_is_within_them(
    exponent: float, need: int, status: str
) -> None:
    curve = 0.95 - 0.5 * N**-exponent
    target = predict(POWER, POWER.fit(N.astype(float), curve[None]), np.array([float(need)]))[0, 0]
    found = copies_needed(N, flat(curve), float(target), available=need, draws=5)
    assert (found.law, found.status) == (POWER.name, status)
    assert [found.n, found.low, found.high, found.needed_by[POWER.name]] == pytest.approx([need] * 4)


def test_a_need_of_a_few_more_copies_than_there_are_versions_is_beyond() -> None:
    curve = flat(1 - 0.5 * N**-0.5)
    found = copies_needed(N, curve, 0.95, available=90, draws=5)  # the law needs 100
    assert (found.status, found.n, found.high, found.needed_by[POWER.name]) == ("beyond", np.inf, np.inf, np.inf)


def test_what_was_not_learned_at_the_last_number_is_extrapolated_to_it() -> None:
    """The law is fitted to the numbers that count, but every number that was tried bounds how far it is told."""
    curve = np.append(1 - 0.5 * N[:6] ** -0.5, 0.0)
    found = copies_needed(N, flat(curve), 1 - 0.5 / 40**0.5, learned=np.arange(7) < 6, draws=5)
    assert (found.status, found.measured, found.farthest) == ("extrapolated", None, 6400)
    assert found.n == pytest.approx(40, rel=0.05)
    assert found.learned.tolist() == [True] * 6 + [False]
    said = (
        "is not reached by n = 32, beyond which nothing was learned (extrapolated: about 41; 95 % interval 41 to 41)."
    )
    assert found.text.endswith(said)


@pytest.mark.parametrize(("first", "low"), [(4, 2), (9, 4)])
def test_without_a_law_the_interval_begins_at_the_number_before_the_one_that_reached(first: int, low: int) -> None:
    tried = np.array([1, 2, 4, 9])
    found = copies_needed(tried, flat(np.where(tried < first, 0.4, 0.97)), 0.95, learned=tried > 2, draws=5)
    assert (found.law, found.n, found.low, found.high) == ("", first, low, first)


@pytest.mark.parametrize("law", [True, False])
def test_a_value_that_equals_the_target_reaches_it(law: bool) -> None:
    for target in np.arange(1, 20) / 20:
        tried = N if law else N[:2]
        found = copies_needed(tried, np.full((len(tried), 3, 49), target), float(target), draws=5)
        assert (found.measured, found.n, found.high, found.status) == (1, 1, 1, "reached"), target


@pytest.mark.parametrize(
    ("copies", "shape"),
    [([1, 2, 4], (2, 3, 20)), ([1, 2], (3, 3, 20)), ([1, 2, 2], (3, 3, 20)), ([], (0, 3, 20)), ([1, 2, 4], (3, 20))],
)
def test_values_that_do_not_fit_the_copies_are_refused(copies: list[int], shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="increasing copies, got"):
        copies_needed(np.array(copies, np.int64), np.ones(shape), 0.9)
