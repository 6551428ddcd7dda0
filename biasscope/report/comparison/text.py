"""Comparison as plain text for a terminal or a pipe: the answer, the head numbers, what changed in every result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.figures.labels import visible
from biasscope.report.comparison import showing, words
from biasscope.report.comparison.model import BEYOND, Change, Comparison, Part
from biasscope.report.text import aligned, plain, wrapped

MOST = 10
"""Changes of one result that are listed; the JSON holds all of them."""
LONGEST = 56
"""Characters of a title in a table."""


def summary(comparison: Comparison) -> str:
    """Plain text of a comparison, without a newline at its end."""
    sides = [_side(one.name, one.title, one.provenance.started) for one in (comparison.a, comparison.b)]
    blocks = [aligned(sides), wrapped(plain(comparison.question)), *_doubt(comparison)]
    blocks += _wrapped(comparison.answer)
    if comparison.headline:
        blocks.append(_table(comparison.headline, comparison, "Head numbers"))
    blocks += [block for part in comparison.parts for block in _part(part, comparison)]
    return "\n\n".join(blocks)


def _side(name: str, title: str, started: str) -> list[str]:
    return [f"{name}:", visible(title), visible(started)]


def _doubt(comparison: Comparison) -> Iterator[str]:
    if comparison.reasons:
        reasons = [wrapped(plain(reason)) for reason in comparison.reasons]
        yield "\n".join([wrapped(f"{words.DOUBT}:"), *reasons])


def _wrapped(sentences: Sequence[str]) -> Iterator[str]:
    for sentence in sentences:
        yield wrapped(plain(sentence))


def _part(part: Part, comparison: Comparison) -> Iterator[str]:
    """What changed in one result; nothing for one in which nothing did."""
    heads = {item.address for item in comparison.headline}
    found = [item for item in part.scalars if item.status in BEYOND and item.address not in heads]
    for family in part.families:
        found += [item for item in family.changes if item.status in BEYOND]
    if found:
        found.sort(key=lambda item: 1.0 if item.q is None else item.q)
        more = f"\n  ... and {len(found) - MOST:,} more" if len(found) > MOST else ""
        yield _table(found[:MOST], comparison, part.result.replace("_", " ").capitalize()) + more


def _table(items: Sequence[Change], comparison: Comparison, title: str) -> str:
    head = [f"{title}:", comparison.a.name, comparison.b.name, "difference", "interval", ""]
    rows = [head, *map(_row, items)]
    return aligned(rows, [False, True, True, True, False, False])


def _row(item: Change) -> list[str]:
    named = f"{item.row}: {item.title}" if item.row else item.title
    cells = (showing.value(item, item.a), showing.value(item, item.b), showing.change(item))
    ends = f"({showing.reach(item)})" if item.interval else ""
    return [f"  {_cut(visible(named))}", *(plain(visible(cell)) for cell in cells), plain(ends), showing.verdict(item)]


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."
