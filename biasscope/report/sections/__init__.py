"""Sections of the report: kind of result to the view that prepares it and the template that prints it.

Adding a section is a module with ``view(result) -> dict`` (what the template needs besides the result and its
figures), a template, and one line here. A kind without a section is printed by the generic one.
"""

from __future__ import annotations

from biasscope.core.registry import Entry, Registry


def _entry(module: str, template: str, title: str, short: str) -> Entry:
    facts = {"template": f"sections/{template}.html", "title": title, "short": short}
    return Entry(f"biasscope.report.sections.{module}:view", facts)


SECTIONS = Registry(
    "section",
    {
        "position": _entry("position", "position", "Where the objects are", "Position"),
        "scale": _entry("scale", "scale", "How large the objects are", "Scale"),
        "repair": _entry("repair", "repair", "Would the augmentation repair it?", "Repair"),
        "splits": _entry("pair", "pair", "Do the splits share the bias?", "Splits"),
        "comparison": _entry("pair", "pair", "Two datasets side by side", "Comparison"),
        "leakage": _entry("leakage", "leakage", "How much the geometry gives away", "Leakage"),
        "integrity": _entry("integrity", "integrity", "What is wrong with the annotations", "Integrity"),
    },
)
"""Sections in the order of the page."""

GENERIC = _entry("generic", "generic", "", "")
"""For kinds that have no section of their own."""
