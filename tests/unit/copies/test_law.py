import numpy as np
import pytest

from biasscope.copies.law import LAWS, copies_needed
from biasscope.copies.law.forms import Law
from biasscope.core.errors import UsageError
from tests.unit.copies.sweeping import sweep

N = np.array([1, 2, 4, 8, 16, 32, 64])


def flat(curve: np.ndarray) -> np.ndarray:
    """A curve without any spread."""
    return np.broadcast_to(curve[:, None, None], (len(curve), 3, 20))


@pytest.mark.parametrize("law", LAWS.values(), ids=str)
@pytest.mark.parametrize("top", [0.8, 0.95, 1.0])
def test_a_law_is_found_again_in_its_own_curve(law: Law, top: float) -> None:
    shape = np.array([[0.7]]) if law.name == "saturating power" else np.array([[1.5, 1.4]])
    curve = top - 0.5 * law.missing(N.astype(float), shape)
    fit = law.fit(N.astype(float), curve)
    target = np.array([top - 0.1])
    want = law.at(np.array([0.2]), shape)
    assert fit.error[0] < 1e-5
    assert law.solve(fit, target)[0] == pytest.approx(want[0], rel=0.05)


@pytest.mark.parametrize("law", LAWS.values(), ids=str)
def test_fits_keep_their_bounds_and_beat_every_constant(law: Law) -> None:
    rng = np.random.default_rng(0)
    curves = np.clip(rng.normal(0.7, 0.3, (200, len(N))), 0, 1)
    fit = law.fit(N.astype(float), curves)
    assert (fit.height >= 0).all()
    assert ((fit.top >= 0) & (fit.top <= 1)).all()
    assert (fit.error <= curves.var(1) + 1e-9).all()


def test_an_invariant_network_needs_one_copy() -> None:
    found = copies_needed(N, np.ones((7, 3, 20)), 0.95)
    assert (found.n, found.low, found.high, found.status, found.measured) == (1, 1, 1, "reached", 1)


def test_nothing_learned_is_not_reached_however_consistent() -> None:
    found = copies_needed(N, np.ones((7, 3, 20)), 0.95, learned=np.zeros(7, bool))
    assert (found.n, found.status, found.measured) == (np.inf, "nothing learned", None)
    assert found.text.startswith("not reached by n = 64: nothing was learned")


def test_numbers_at_which_nothing_was_learned_do_not_count() -> None:
    curve = np.array([1.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
    found = copies_needed(N, flat(curve), 0.85, learned=np.arange(7) > 0)
    assert found.measured == 32
    assert 16 < found.n < 32


def test_beyond_the_last_number_is_extrapolated_and_below_the_top_never() -> None:
    slow = flat(1 - 0.6 * N**-0.25)
    found = copies_needed(N, slow, 0.9)
    assert found.status == "extrapolated"
    assert found.n == pytest.approx(6**4, rel=0.15)
    assert found.measured is None
    assert "not reached by n = 64 (extrapolated: about " in found.text
    level = copies_needed(N, flat(0.8 - 0.4 / N), 0.95)
    assert (level.status, level.n) == ("never", np.inf)
    assert level.text == ("0.95 is not reached by n = 64 (the law levels off at 80.1 %).")


@pytest.mark.parametrize(
    ("available", "said"),
    [
        (None, "0.9 is not reached by n = 64 (the law does not reach it within 6,400 copies"),
        (1000, "0.9 is not reached by n = 64 (the law does not reach it within the 1,000 versions there are"),
        (64, "0.9 is not reached by n = 64, all the versions there are"),
    ],
)
def test_no_number_is_told_beyond_what_has_a_meaning(available: int | None, said: str) -> None:
    """The law crosses 0.9 at about 3e23 copies, which is no answer."""
    found = copies_needed(N, flat(0.98 - 0.4 * N**-0.03), 0.9, available=available)
    assert (found.status, found.n, found.measured, found.reached) == ("beyond", np.inf, None, False)
    assert {found.low, found.high, *found.needed_by.values()} == {np.inf}
    assert np.isinf(found.draws).all()
    assert found.text.startswith(said)
    assert "e+" not in found.text


def test_an_end_of_the_interval_beyond_all_versions_is_open() -> None:
    values = flat(1 - 0.6 * N**-0.5) + np.random.default_rng(0).normal(0, 0.1, (7, 3, 20))
    wide, all_versions = copies_needed(N, values, 0.91), copies_needed(N, values, 0.91, available=64)
    assert wide.low == all_versions.low < 64 < wide.high
    assert all_versions.high == np.inf
    assert all_versions.interval.endswith("to more than 64")


def test_both_laws_are_kept_and_the_truth_is_chosen() -> None:
    power = copies_needed(N, flat(0.95 - 0.5 * N**-0.6), 0.9)
    rise = copies_needed(N, flat(0.3 + 0.6 / (1 + np.exp(-2.5 * (np.log(N) - 2)))), 0.8)
    assert (power.law, rise.law) == ("saturating power", "logistic")
    assert set(power.fits) == set(power.needed_by) == set(power.cv_error) == set(LAWS)
    assert power.cv_error["saturating power"] < power.cv_error["logistic"]


def test_a_target_that_is_measured_moves_with_the_images() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.3, (1, 1, 60))
    values = (0.95 - 0.5 / N)[:, None, None] + image + rng.normal(0, 0.005, (7, 4, 60))
    goal = 0.9 + image[0] + rng.normal(0, 0.005, (4, 60))
    paired, fixed = copies_needed(N, values, goal), copies_needed(N, values, float(goal.mean()))
    assert paired.low < 10 < paired.high
    assert paired.high / paired.low < 0.5 * fixed.high / fixed.low


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).uniform(size=(7, 3, 20))
    one, other, third = (copies_needed(N, values, 0.51, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.draws, other.draws)
    assert not np.array_equal(one.draws, third.draws)


def test_wrong_shapes() -> None:
    with pytest.raises(UsageError, match="increasing"):
        copies_needed(N[::-1].copy(), np.ones((7, 3, 20)), 0.95)
    with pytest.raises(UsageError, match="copies, seeds, images"):
        copies_needed(N, np.ones((3, 20)), 0.95)


def test_a_sweep_is_asked_for_its_need() -> None:
    found = sweep(None, copies=[1, 2, 4], seeds=2, steps=60)
    needed = found.needed(0.5, draws=50)
    assert set(needed) == {"narrow", "wide"}
    want = found.by_image("consistency")[[0, 1]].mean()
    assert needed["narrow"].values[0] == pytest.approx(want)
    like = found.needed("wide@1", draws=50)
    assert like["narrow"].target == pytest.approx(found.by_image("consistency")[[6, 7]].mean())
    assert (like["wide"].n, like["wide"].low, like["wide"].high, like["wide"].status) == (1, 1, 1, "reached")
    with pytest.raises(UsageError, match="target"):
        found.needed("plain@1")
    with pytest.raises(UsageError, match="copies"):
        found.needed("wide@3")


def test_a_sweep_that_learned_nothing_says_so() -> None:
    found = sweep(None, steps=1, seeds=2).needed(0.5, draws=20)
    assert {needed.status for needed in found.values()} == {"nothing learned"}


@pytest.mark.parametrize("tried", [[1], [1, 4]])
def test_one_or_two_numbers_determine_no_law(tried: list[int]) -> None:
    values = np.linspace(0.4, 0.9, 2)[: len(tried), None, None] + np.random.default_rng(0).normal(0, 0.1, (1, 3, 200))
    found = copies_needed(np.array(tried), values, 0.95, available=64)
    assert (found.status, found.n, found.law, found.fits, found.cv_error) == ("too few", np.inf, "", {}, {})
    assert found.text == f"0.95 is not reached by n = {tried[-1]} (too few numbers of copies for a law)."
    assert np.isnan(found.predicted).all()


def test_without_a_law_the_need_lies_between_two_numbers_that_were_tried() -> None:
    found = copies_needed(np.array([1, 4, 9]), flat(np.array([0.4, 0.97, 0.2])), 0.95, learned=np.arange(3) < 2)
    assert (found.n, found.low, found.high, found.measured, found.status) == (4, 1, 4, 4, "reached")
    assert found.text == "at most 4 copies reach 0.95 (95 % interval 1 to 4; too few numbers of copies for a law)."
    some = np.random.default_rng(0).random((2, 3, 40)) < np.array([0.4, 0.95])[:, None, None]
    wide = copies_needed(np.array([1, 4]), some.astype(float), 0.95, available=64)
    assert (wide.low, wide.high, wide.interval) == (1, np.inf, "95 % interval 1 to more than 4")
    sure = copies_needed(np.array([3, 6]), np.ones((2, 3, 20)), 0.95)
    assert (sure.n, sure.low, sure.high) == (3, 3, 3)


def test_an_error_of_cross_validation_is_told_only_where_there_is_one() -> None:
    few, some, many = (copies_needed(N[:count], flat(1 - 0.5 / N[:count]), 0.9) for count in (3, 4, 5))
    assert np.isnan([*few.cv_error.values(), some.cv_error["logistic"]]).all()
    assert few.law == some.law == "saturating power"
    assert np.isfinite([some.cv_error["saturating power"], *many.cv_error.values()]).all()


def test_intervals_of_a_share_stay_between_0_and_1() -> None:
    right = np.zeros((7, 3, 300))
    right[:, 0, :2] = 1
    found = copies_needed(N, np.concatenate([right[:3], 1 - right[3:]]), 0.95)
    assert found.values_low.min() == 0
    assert found.values_high.max() == 1
