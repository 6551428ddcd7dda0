"""Phrases and sources that sentences share."""

from __future__ import annotations

from collections.abc import Sequence

DISTILL = "Odena, Dumoulin & Olah, Deconvolution and checkerboard artifacts, Distill 2016"
MOST = 4
"""Models that a sentence names."""


def times(ratio: float | None) -> str:
    """Ratio of writes.

    >>> times(2.25), times(None), times(1)
    ('2.25 times as often as others', 'and others never', 'equally often')
    """
    if ratio == 1:
        return "equally often"
    return "and others never" if ratio is None else f"{ratio:.3g} times as often as others"


def joined(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
