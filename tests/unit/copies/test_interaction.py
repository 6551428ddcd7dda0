import numpy as np
import pytest

from biasscope.copies.interaction import combine
from biasscope.copies.law import CopiesNeeded, copies_needed


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
