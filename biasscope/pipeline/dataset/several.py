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
    ' Of three such tests one rejects in up to 15 % of datasets without any bias.'
    >>> one_of_several([0.3, 0.01], 3, 0.05), one_of_several([0.03], 1, 0.05)
    ('', '')
    """
    least = min(smallest, default=1.0)
    if least > alpha or tests < 2 or least * tests <= alpha:
        return ""
    share = f"{min(100 * tests * alpha, 100):.3g} % of datasets without any bias"
    return f" Of {NUMBERS[tests]} such tests one rejects in up to {share}."


def said_once(lines: Sequence[str], ending: str) -> list[str]:
    """Lines of which several may end alike, with that ending behind the last of these alone.

    >>> said_once(["a, so.", "b.", "c, so."], ", so.")
    ['a', 'b.', 'c, so.']
    """
    at = max((row for row, line in enumerate(lines) if line.endswith(ending)), default=0)
    return [line if row == at else line.removesuffix(ending) for row, line in enumerate(lines)]
