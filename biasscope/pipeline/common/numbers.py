"""How numbers are written in sentences."""

from __future__ import annotations

import numpy as np

EXACT = 1e-9
"""What a share may be off by rounding."""
LEAST = 5.1e-5
"""Least share whose two digits of a per cent are not 0, however it is rounded."""


def percent(value: float | None, digits: int = 1) -> str:
    """Share in per cent; 0 and 100 are said of nothing and of all alone, rounding errors set aside.

    >>> percent(0.9123), percent(1 - 1e-12), percent(None), percent(0.9999), percent(0.99999), percent(1e-6)
    ('91.2 %', '100 %', 'undefined', '99.99 %', '> 99.99 %', '< 0.01 %')
    """
    if value is None or not np.isfinite(value):
        return "undefined"
    if min(abs(value), abs(value - 1)) < EXACT:
        return f"{value * 100:.0f} %"
    if 0 < value < LEAST or 0 < 1 - value < LEAST:
        return "< 0.01 %" if value < LEAST else "> 99.99 %"
    text = f"{value * 100:.{digits}f}"
    return f"{value * 100:.2f} %" if float(text) in (0.0, 100.0) else f"{text} %"


def points(value: float) -> str:
    """Difference of shares in points of a per cent, without its sign.

    >>> points(-0.0312)
    '3.1 points'
    """
    return f"{abs(value) * 100:.1f} points"


def bounds(low: float | None, high: float | None) -> str:
    """Interval in per cent, nothing where it is undefined.

    >>> bounds(0.899, 0.924)
    ' (89.9 to 92.4)'
    """
    if low is None or high is None or not (np.isfinite(low) and np.isfinite(high)):
        return ""
    return f" ({low * 100:.1f} to {high * 100:.1f})"
