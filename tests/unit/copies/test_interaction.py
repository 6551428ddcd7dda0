import numpy as np
import pytest

from biasscope.copies.interaction import combine, surface
from biasscope.copies.law import CopiesNeeded, copies_needed
from biasscope.core.errors import UsageError

CELLS = np.array([[i, j] for i in (1, 2, 4, 8, 16) for j in (1, 2, 4, 8)])


def need(n: float, most: int = 512, noise: float = 0.01, seed: int = 0) -> CopiesNeeded:
    """Estimate whose truth is n copies for 0.9."""
    copies = 2 ** np.arange(int(np.log2(most)) + 1)
    rng = np.random.default_rng(seed)
    curve = 0.95 - 0.05 * (copies / n) ** -0.6
    return copies_needed(copies, curve[:, None, None] + rng.normal(0, noise, (len(copies), 4, 50)), 0.9)


@pytest.mark.parametrize(("both", "word"), [(8 * 12, "multiplies"), (8 + 12, "adds up")])
def test_what_was_simulated_is_stated(both: float, word: str) -> None:
    found = combine(need(8, seed=1), need(12, seed=2), need(both, seed=3))
    assert word in found.statement
    against = found.to_product if word == "multiplies" else found.to_sum
    assert against == pytest.approx(1, abs=0.25)


def test_a_need_that_is_not_reached_is_undecided() -> None:
    never = copies_needed(np.array([1, 2, 4, 8]), np.full((4, 2, 9), 0.5), 0.9)
    found = combine(need(8), need(12), never)
    assert found.statement.startswith("Undecided")
    assert (found.to_product, found.to_sum_low) == (None, None)


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


def test_too_few_cells() -> None:
    with pytest.raises(UsageError, match="7 cells"):
        surface(CELLS[:5], np.ones(5))
