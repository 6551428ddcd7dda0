"""The null of a 2 x k table given its margins: exact probabilities by enumeration, and Fisher's for k = 2."""

import itertools
from math import comb, prod

import numpy as np
import pytest
import scipy.stats

from biasscope.bias.testing import margins, table_p
from biasscope.core.errors import UsageError


def enumerated(row: list[int], both: list[int]) -> float:
    """Probability of a table at least as far out, over all tables with the margins."""
    size, expected = sum(row), [sum(row) * c / sum(both) for c in both]

    def squares(counts: tuple[int, ...]) -> float:
        return sum((x - e) ** 2 / e for x, e in zip(counts, expected, strict=True))

    tables = [t for t in itertools.product(*(range(c + 1) for c in both)) if sum(t) == size]
    far = [t for t in tables if squares(t) >= squares(tuple(row)) - 1e-9]
    return sum(prod(map(comb, both, t)) for t in far) / comb(sum(both), size)


@pytest.mark.parametrize(("row", "both"), [([4, 1, 0], [5, 4, 3]), ([1, 2, 2], [9, 4, 2]), ([0, 0, 7], [3, 4, 8])])
def test_it_is_the_exact_probability_given_the_margins(row: list[int], both: list[int]) -> None:
    exact = enumerated(row, both)
    assert table_p(row, both) == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)
    assert table_p(row, both) == table_p(np.subtract(both, row), both)


def test_with_two_cells_it_is_fishers_exact_test_of_even_margins() -> None:
    expected = scipy.stats.fisher_exact([[9, 3], [3, 9]]).pvalue
    assert table_p([9, 3], [12, 12]) == pytest.approx(expected, abs=0.004)


def test_empty_cells_and_huge_tables_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert table_p([5, 0, 1], [6, 0, 9]) == table_p([5, 1], [6, 9])
    row, both = [6, 1, 1], [60_000, 40_000, 10_000]
    drawn = table_p(row, both)
    monkeypatch.setattr(margins, "MOST_BOXES", 0)
    assert table_p(row, both) == pytest.approx(drawn, abs=0.02)


@pytest.mark.parametrize(
    ("row", "both", "why"),
    [
        ([3, 0], [2, 2], "more than the whole"),
        ([-1, 0], [2, 2], "below 0"),
        ([1, 0, 0], [2, 2], "shape"),
        ([[1, 0]], [[2, 2]], "2 axes instead of 1"),
        (["a"], [2], "must be numbers"),
    ],
)
def test_what_is_no_row_of_both_is_a_usage_error(row: list[int], both: list[int], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        table_p(row, both)


def test_the_second_stage_is_taken_where_the_first_is_at_its_end() -> None:
    assert table_p([9, 0], [9, 90], draws=99, again=999) == 1 / 1000
    assert table_p([5, 4], [9, 9], draws=99, again=999) > 0.1
