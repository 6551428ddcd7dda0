import pytest

from biasscope.copies.plan import make_plan
from biasscope.copies.run import Run
from biasscope.copies.thinning import thin
from biasscope.core.errors import UsageError


def test_a_plan_crosses_everything_once() -> None:
    plan = make_plan([1, 4], ["plain", "pac"], [50, 100], available=[16], seeds=3)
    assert len(plan.runs) == len(set(plan.runs)) == len({run.name for run in plan.runs}) == 2 * 2 * 2 * 3


def test_more_copies_than_there_are_become_one_cell_and_are_noted() -> None:
    plan = make_plan([8, 16, 64, 256], ["plain"], [100], available=[16], seeds=1)
    assert [run.copies for run in plan.runs] == [(8,), (16,)]
    assert "16" in plan.notes[0]


def test_two_axes_are_crossed_or_given() -> None:
    crossed = make_plan([1, 2], ["plain"], [10], available=[4, 4], seeds=1)
    assert [run.copies for run in crossed.runs] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    given = make_plan([(4, 3)], ["plain"], [10], available=[4, 4], seeds=1)
    assert given.runs[0].total == 12


def test_the_budget_is_steps_or_epochs() -> None:
    run = Run("plain", (8,), 100, 0)
    assert make_plan([8], ["plain"], [100], available=[8], steps=70).steps_of(run) == 70
    assert make_plan([8], ["plain"], [100], available=[8], epochs=2, batch=50).steps_of(run) == 2 * 8 * 100 // 50


@pytest.mark.parametrize(
    "wrong", [{"copies": [0]}, {"seeds": 0}, {"steps": 0}, {"copies": []}, {"variants": []}, {"copies": [(1, 2)]}]
)
def test_wrong_numbers_are_usage_errors(wrong: dict[str, object]) -> None:
    words = {"copies": [1], "variants": ["plain"], "train_images": [10], "available": [4], **wrong}
    with pytest.raises(UsageError):
        make_plan(**words)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [1000.0, 60.0, 20.0, 8.0])
def test_a_thinned_plan_fits_and_keeps_both_ends(limit: float) -> None:
    plan = make_plan([1, 2, 4, 8, 16], ["plain", "pac"], [50, 100], available=[16], seeds=4, steps=100)
    speed = {"plain": (0.01, 0.1), "pac": (0.02, 0.1)}
    kept = thin(plan, speed, limit)
    assert kept.seconds(speed) <= limit * 1.05
    assert {(1,), (16,)} <= {run.copies for run in kept.runs}
    assert {run.variant for run in kept.runs} == {"plain", "pac"}
    assert bool(kept.notes) == (kept != plan)


def test_what_cannot_fit_is_said() -> None:
    plan = make_plan([1, 2], ["plain"], [50], available=[16], seeds=2, steps=100)
    kept = thin(plan, {"plain": (1.0, 0.0)}, 2)
    assert kept.steps == 25
    assert "still takes about 50 s" in kept.notes[-1]


def test_less_is_asked_before_a_network_is_left_out_but_never_too_little() -> None:
    plan = make_plan([1, 2], ["plain"], [50], available=[16], seeds=3, steps=100, test_images=1000, asked=(64, 3))
    speed = {"plain": (0.01, 1e-4)}
    assert plan.seconds(speed) == pytest.approx(6 * (1 + 19.2))
    kept = thin(plan, speed, 20)
    assert kept.runs == plan.runs
    assert (kept.test_images, kept.asked) == (100, (64, 3))
    assert kept.seconds(speed) <= 20
    least = thin(plan, speed, 5)
    assert (least.test_images, least.asked) == (100, (16, 3))
    assert "held-out images thinned from 1000 to 100" in least.notes[-1]
    assert "versions asked about thinned from 192 to 48" in least.notes[-1]


def test_time_that_is_over_is_taken_off() -> None:
    plan = make_plan([1, 2, 4], ["plain"], [50], available=[16], seeds=4, steps=100)
    speed = {"plain": (0.01, 0.0)}
    assert thin(plan, speed, 10, spent=4).runs == thin(plan, speed, 6).runs
    assert "Time budget of 10 s" in thin(plan, speed, 10, spent=4).notes[-1]
