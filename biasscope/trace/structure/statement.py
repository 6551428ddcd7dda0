"""What the structure of a network means for shifts, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biasscope.trace.structure.result import Structure

ROUNDING = 1e-4
"""Relative change of an answer that rounding may make."""
CONTENT = "polyphase sampling chooses its phase by the content"


def statement(found: Structure) -> str:
    """Say what can be expected of a network."""
    if found.last is None or found.stride_product is None:
        return "No layer gives maps with a stride."
    grid = f"{found.size[0]} x {found.size[1]} pixels become {found.last.height} x {found.last.width} positions"
    factors = f"product of strides {found.stride_product:g}, size ratio {found.size_ratio:.1f}"
    return f"{grid} ({factors}); {_expected(found)}."


def _expected(found: Structure) -> str:
    if found.tail.kind == "flatten":
        return "the classifier tells positions apart, so invariance cannot be expected at any translation"
    if found.tail.kind != "pooling":
        return "whether the classifier pools its positions could not be tried, so nothing is said of invariance"
    if found.exact:
        return f"{CONTENT}, so the answer stays the same under every circular shift"
    if found.phase == "content":
        change = "" if found.circular_error is None else f" by {found.circular_error:.2g} of its length"
        why = "padding that is not circular" if found.divisible else f"{_remainder(found)}"
        return f"{CONTENT}, but circular shifts change the answer{change} all the same: {why}"
    said = f"exact invariance can be expected at {_one_in(found.invariant_share or 0.0)}"
    return said if found.divisible else f"{said}, and at no circular shift: {_remainder(found)}"


def _one_in(share: float) -> str:
    """Share of translations in words.

    >>> _one_in(1 / 1024), _one_in(1.0)
    ('1 in 1024 translations (0.098 %)', 'every translation')
    """
    if share == 1:
        return "every translation"
    return f"1 in {1 / share:.4g} translations ({share * 100:.2g} %)" if share else "no translation"


def _remainder(found: Structure) -> str:
    vertical, horizontal = found.passed or (1.0, 1.0)
    steps = f"{vertical:g}" if vertical == horizontal else f"{vertical:g} x {horizontal:g}"
    return f"{found.size[0]} x {found.size[1]} pixels are no multiple of {steps}"
