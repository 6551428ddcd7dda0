"""Several tests look for bias in one dataset: what that makes of a finding that one of them alone barely makes."""

from __future__ import annotations

from collections.abc import Sequence

NUMBERS = {2: "two", 3: "three"}


def one_of_several(smallest: Sequence[float], tests: int, alpha: float) -> str:
    """What must be added to what no other test finds: nothing where it holds at a share of the level for each test.

    Each test is held to the level by itself, and so of datasets without bias more than that are rejected by one.

    Parameters
    ----------
    smallest
        Smallest corrected p of each test that was not the first; the first, of both axes together, found nothing.
    tests
        How many were made, the first included.
    alpha
        Level of each.

    Examples
    --------
    >>> one_of_several([0.3, 0.03], 3, 0.05)
    ' That is one of three tests, one of which rejects in up to 15 % of datasets without any bias.'
    >>> one_of_several([0.3, 0.01], 3, 0.05), one_of_several([0.03], 1, 0.05)
    ('', '')
    """
    least = min(smallest, default=1.0)
    if least > alpha or tests < 2 or least * tests <= alpha:
        return ""
    share = f"{min(100 * tests * alpha, 100):.3g} % of datasets without any bias"
    return f" That is one of {NUMBERS[tests]} tests, one of which rejects in up to {share}."
