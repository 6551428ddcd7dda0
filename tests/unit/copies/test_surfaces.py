import numpy as np
import pytest

from biasscope.copies.surfaces import surface
from biasscope.core.errors import UsageError

CELLS = np.array([[i, j] for i in (1, 2, 4, 8, 16) for j in (1, 2, 4, 8)])


def test_a_surface_with_two_needs_is_told_from_one_of_the_number_alone() -> None:
    rng = np.random.default_rng(0)
    n1, n2 = CELLS.T.astype(float)
    noise = rng.normal(0, 0.004, len(CELLS))
    apart = surface(CELLS, 0.95 - 0.4 * n1**-0.8 - 0.2 * n2**-1.2 + noise)
    alike = surface(CELLS, 0.95 - 0.5 * (n1 * n2) ** -0.6 + noise)
    assert apart.statement.startswith("Each has its own need")
    assert apart.separate["alpha"] == pytest.approx(0.8, abs=0.2)
    assert alike.statement.startswith("Only the number of copies counts")
    assert alike.total["gamma"] == pytest.approx(0.6, abs=0.1)


def test_a_transformation_without_effect_has_no_need() -> None:
    n1 = CELLS[:, 0].astype(float)
    found = surface(CELLS, 0.9 - 0.3 * n1**-1.0)
    assert found.separate["b"] == pytest.approx(0, abs=0.01)
    assert found.cv_separate < found.cv_total
    assert found.statement.startswith("Only copies of the first transformation count, those of the second change")
    noise = np.random.default_rng(0).normal(0, 0.01, len(CELLS))
    other = surface(CELLS, 0.9 - 0.3 / CELLS[:, 1] + noise).statement
    assert other.startswith("Only copies of the second transformation count, those of the first change")


def test_a_slow_law_through_noise_is_no_need() -> None:
    """A small exponent starts high and falls over the numbers that were tried by no more than the noise."""
    cells, rng = np.array([[i, j] for i in (1, 2, 4, 8, 16) for j in (1, 3, 9)]), np.random.default_rng(0)
    flat, weak = 0.9 - 0.4 * cells[:, 0] ** -0.8, 0.05 / cells[:, 1]
    noise = rng.normal(0, 0.01, (12, len(cells)))
    assert all(surface(cells, flat + row).statement.startswith("Only copies of the first") for row in noise)
    assert all(surface(cells, flat - weak + row).statement.startswith("Each has its own need") for row in noise)


def test_noise_is_rarely_taken_for_an_effect() -> None:
    cells = np.array([[i, j] for i in (1, 2, 4) for j in (1, 2, 3)])
    noise = np.random.default_rng(1).normal(0.4, 0.02, (12, len(cells)))
    told = [surface(cells, row).statement for row in noise]
    assert sum(not text.startswith("Not told apart") for text in told) <= 4
    assert not any(text.startswith("Each has its own need") for text in told)


def test_too_few_cells() -> None:
    with pytest.raises(UsageError, match="7 cells"):
        surface(CELLS[:5], np.ones(5))
