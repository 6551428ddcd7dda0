"""How numbers are written in sentences."""

from __future__ import annotations

import numpy as np


def percent(value: float | None, digits: int = 1) -> str:
    """Share in per cent.

    >>> percent(0.9123), percent(1.0), percent(None), percent(0.9999)
    ('91.2 %', '100 %', 'undefined', '99.99 %')
    """
    if value is None or not np.isfinite(value):
        return "undefined"
    text = f"{value * 100:.{digits}f}"
    if float(text) in (0.0, 100.0):
        text = f"{value * 100:.2f}" if value not in (0, 1) else f"{value * 100:.0f}"
    return f"{text} %"


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
