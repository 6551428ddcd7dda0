"""Result to matplotlib figure; seaborn lives here only.

A figure is a function ``Result -> Figure | dict[str, Figure] | None`` (``None`` when the result lacks what it shows, a
dictionary for small multiples of one scale, with a key under the empty name) and one line in the module of
:mod:`biasscope.figures.registry` of its question: for which kinds of result it is, its title, and how to read it.
"""

from __future__ import annotations

from biasscope.core.registry import Registry
from biasscope.figures.registry import augmentation, dataset, general, invariance, layers, upsampling

FIGURES = Registry(
    "figure",
    dataset.ENTRIES | invariance.ENTRIES | layers.ENTRIES | augmentation.ENTRIES | upsampling.ENTRIES | general.ENTRIES,
)
"""Every figure of the report, by name."""


def of_kind(kind: str) -> list[str]:
    """Names of the figures for a kind of result."""
    return [name for name, entry in FIGURES.items() if kind in entry.facts["kinds"]]
