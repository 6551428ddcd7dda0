"""Two transformations at once: does the need multiply?"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from biasscope.copies.law.forms import Floats
from biasscope.copies.law.need import NO_LAW, CopiesNeeded
from biasscope.core.errors import UsageError


@dataclass(frozen=True)
class Combined:
    """Need of both transformations beside that of each.

    Attributes
    ----------
    first, second, both
        Copies for one transformation, for the other, and for their products.
    to_product, to_product_low, to_product_high
        ``both / (first * second)`` with its bootstrap interval: 1 when the need multiplies; ``None`` where undefined.
    to_sum, to_sum_low, to_sum_high
        ``both / (first + second)``: 1 when the need adds up.
    statement
        What follows, in a sentence.
    """

    first: float
    second: float
    both: float
    to_product: float | None
    to_product_low: float | None
    to_product_high: float | None
    to_sum: float | None
    to_sum_low: float | None
    to_sum_high: float | None
    statement: str


def combine(first: CopiesNeeded, second: CopiesNeeded, both: CopiesNeeded) -> Combined:
    """Compare the copies that both transformations together need with the product and the sum of their own needs.

    Parameters
    ----------
    first, second
        Copies needed for either transformation alone (trained and asked with it alone).
    both
        Copies needed for their product, in all of its versions.

    Returns
    -------
        The number for both beside product and sum of the numbers alone, with the interval of the ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from biasscope.copies import copies_needed
    >>> n = np.array([1, 2, 4, 8, 16])
    >>> accuracy = np.broadcast_to((1 - 0.5 / n)[:, None, None], (5, 3, 20))
    >>> alone = copies_needed(n, accuracy, 0.9)
    >>> combine(alone, alone, alone).statement
    'Both together need 0.2 times the product and 0.5 times the sum of the needs.'
    """
    if len({len(needed.draws) for needed in (first, second, both)}) > 1:
        raise UsageError("the three estimates have different numbers of draws")
    if not all(needed.law for needed in (first, second, both)):
        return Combined(first.n, second.n, both.n, *NOTHING, *NOTHING, f"Undecided: {NO_LAW}.")
    product = _ratio(both, first.n * second.n, first.draws * second.draws)
    total = _ratio(both, first.n + second.n, first.draws + second.draws)
    return Combined(first.n, second.n, both.n, *product, *total, _statement(product, total))


Span = tuple[float | None, float | None, float | None]
NOTHING: Span = (None, None, None)


def _ratio(both: CopiesNeeded, against: float, draws: Floats) -> Span:
    if not (isfinite(both.n) and isfinite(against)):
        return NOTHING
    with np.errstate(invalid="ignore"):
        ratios = both.draws / draws
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    tails = (1 - both.level) / 2, (1 + both.level) / 2
    low, high = (float(np.quantile(ratios, tail, method="nearest")) for tail in tails)
    return both.n / against, low, high if isfinite(high) else None


def _statement(product: Span, total: Span) -> str:
    if product[0] is None or total[0] is None:
        return "Undecided: a need was not reached and cannot be extrapolated."
    multiplies, adds = _holds_one(product), _holds_one(total)
    if multiplies and adds:
        return "Undecided: the interval holds both the product and the sum of the needs."
    if multiplies:
        return "The need multiplies: both together need about the product of the copies that each needs."
    if adds:
        return "The need adds up: both together need about the sum of the copies that each needs, not the product."
    return f"Both together need {product[0]:.2g} times the product and {total[0]:.2g} times the sum of the needs."


def _holds_one(span: Span) -> bool:
    _, low, high = span
    return (low is None or low <= 1) and (high is None or high >= 1)
