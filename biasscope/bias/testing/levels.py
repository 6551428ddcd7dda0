"""Levels that functions are given: of tests and of intervals."""

from __future__ import annotations

from biasscope.core.errors import UsageError


def check_alpha(alpha: float) -> None:
    """Refuse a level at which nothing, or everything, would be rejected.

    Raises
    ------
    UsageError
        It is not between 0 and 1.

    Examples
    --------
    >>> check_alpha(0.05)
    """
    _check("alpha", alpha, "It is a level, such as 0.05.")


def check_level(level: float) -> None:
    """Refuse a level of intervals that would hold nothing, or everything.

    Raises
    ------
    UsageError
        It is not between 0 and 1.

    Examples
    --------
    >>> check_level(0.95)
    """
    _check("level", level, "It is that of intervals, such as 0.95.")


def _check(name: str, value: float, hint: str) -> None:
    if not 0 < value < 1:
        raise UsageError(f"{name} = {value} is out of range", hint=hint)
