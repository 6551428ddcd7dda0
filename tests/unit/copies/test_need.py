"""What an estimate says in words: the number of copies, its interval, and what lies beyond the numbers tried."""

from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest

from biasscope.copies.law import CopiesNeeded, copies_needed
from biasscope.copies.law.need import amount, farthest, in_copies

N = np.array([1, 2, 4, 8, 16])


def estimate(**facts: Any) -> CopiesNeeded:
    """An estimate at 1 to 16 copies, none of which was measured to reach the target, of which some facts are others."""
    values = np.broadcast_to((1 - 0.5 / N)[:, None, None], (5, 3, 20))
    found = copies_needed(N, values, 0.9, draws=5)
    return replace(found, **{"fits": {found.law: {"top": 0.8766}}, "measured": None, **facts})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.04, "1"),
        (9.94, "9.9"),
        (9.96, "10"),
        (99.4, "99"),
        (99.7, "100"),
        (100, "100"),
        (123.4, "123"),
        (999.7, "1,000"),
        (1234.4, "1,234"),
    ],
)
def test_an_amount_has_two_figures_or_is_whole_and_never_a_power_of_ten(value: float, said: str) -> None:
    assert amount(value) == said
    assert in_copies(value) == (f"{said} copies" if said != "1" else "1 copy")


@pytest.mark.parametrize(("available", "most"), [(None, 1600), (2000, 1600), (64, 64), (16, 16), (9, 16)])
def test_the_farthest_number_is_never_below_one_that_was_tried(available: int | None, most: float) -> None:
    assert farthest(16, available) == most


@pytest.mark.parametrize(
    ("n", "target", "said"),
    [
        (1.0, 0.9, "1 copy is enough for 0.9"),
        (1.04, 0.9, "about 1 copy reaches 0.9"),
        (1.9, 0.912, "about 1.9 copies reach 0.912"),
        (16.0, 0.9128, "about 16 copies reach 0.913"),
    ],
)
def test_what_is_reached(n: float, target: float, said: str) -> None:
    found = estimate(n=n, low=1.0, high=16.0, target=target)
    assert found.text == f"{said} (95 % interval 1 to 16)."


NEVER = "the law levels off at 87.7 %"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "extrapolated", "n": 40.0, "low": 20.0, "high": 90.0},
         " (extrapolated: about 40; 95 % interval 20 to 90)"),
        ({"status": "extrapolated", "n": 40.0, "low": 20.0, "high": inf},
         " (extrapolated: about 40; 95 % interval 20 to more than 1,600)"),
        ({"status": "extrapolated", "n": 1500.0, "low": inf, "high": inf}, " (extrapolated: about 1,500)"),
        ({"status": "never", "n": inf, "low": 12.0, "high": inf}, f" ({NEVER}; 95 % interval 12 to more than 1,600)"),
        ({"status": "never", "n": inf, "low": inf, "high": inf}, f" ({NEVER})"),
        ({"status": "beyond", "n": inf, "low": inf, "high": inf},
         " (the law does not reach it within 1,600 copies)"),
        ({"status": "beyond", "n": inf, "low": inf, "high": inf, "farthest": 64.0},
         " (the law does not reach it within the 64 versions there are)"),
        ({"status": "beyond", "n": inf, "low": inf, "high": inf, "farthest": 16.0}, ", all the versions there are"),
        ({"status": "beyond", "n": inf, "low": 12.0, "high": inf, "farthest": 16.0},
         ", all the versions there are (95 % interval 12 to more than 16)"),
    ],
)  # fmt: skip
def test_what_is_missed(facts: dict[str, Any], said: str) -> None:
    assert estimate(**facts).text == f"0.9 is not reached by n = 16{said}."


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "never", "n": inf, "low": inf, "high": inf}, f" ({NEVER})"),
        ({"status": "beyond", "n": inf, "low": inf, "high": inf, "farthest": 16.0}, ""),
    ],
)
def test_what_is_missed_where_nothing_was_learned_at_the_last_numbers(facts: dict[str, Any], said: str) -> None:
    found = estimate(learned=np.array([True, True, True, False, False]), **facts)
    assert found.text == f"0.9 is not reached by n = 4, beyond which nothing was learned{said}."


def test_a_number_that_reached_the_target_against_the_law_is_told() -> None:
    """What a law smooths away was measured all the same: 0.954 at n = 64, where the law levels off at 0.94."""
    n = np.array([1, 2, 4, 8, 16, 32, 64])
    curve = np.array([0.444, 0.729, 0.833, 0.892, 0.918, 0.92, 0.954])
    found = copies_needed(n, np.broadcast_to(curve[:, None, None], (7, 3, 20)), 0.945, draws=5)
    assert (found.status, found.measured) == ("never", 64)
    said = "0.945 is not reached by n = 64 (though 0.954 was measured at n = 64; the law levels off at 94"
    assert found.text.startswith(said)


def test_an_open_interval_begins_beyond_the_farthest_number_or_without_a_law_the_last() -> None:
    open_ended = estimate(low=inf, high=inf, level=0.9)
    assert open_ended.interval == "90 % interval: more than 1,600"
    assert replace(open_ended, law="").interval == "90 % interval: more than 16"
