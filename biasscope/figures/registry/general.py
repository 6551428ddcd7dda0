"""Figures of every question."""

from __future__ import annotations

from biasscope.figures.registry import entry

ENTRIES = {
    "expected": entry(
        "expected:expected",
        "Published and measured",
        "A diamond is the published number, the broad pale line around it its tolerance if there is one; a dot is what "
        "was measured here, with its interval. The table holds all numbers and says what differs.",
        "expected",
    ),
}
