"""Comparison to HTML: the page of a report, with every number beside its other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from biasscope.report.comparison import drawing, showing, words
from biasscope.report.comparison.model import BEYOND, Change, Comparison, Family, Part
from biasscope.report.comparison.origin import origin
from biasscope.report.page import page
from biasscope.report.sections import SECTIONS

MOST, MOST_FIELDS, MOST_ALONE = 300, 12, 200
"""Rows of a table, fields of points, and addresses that a page shows at most; the JSON holds all."""
JUDGED = (*BEYOND, "unclear")


@dataclass(frozen=True)
class Line:
    """One number as a row of a table."""

    item: Change
    name: str
    a: str
    b: str
    was: str
    below_a: str
    below_b: str
    change: str
    reach: str
    q: str
    verdict: str
    mark: drawing.Mark | None
    scale: drawing.Scale | None = None


@dataclass(frozen=True)
class Listing:
    """A table of numbers: scalars, or the rows of one table of the report."""

    title: str
    name: str
    row: str
    noun: str
    lines: list[Line]
    left_out: int
    verdicts: list[str]
    families: list[Family]
    unjudged: list[Family]
    fields: list[drawing.Field]


@dataclass(frozen=True)
class Chapter:
    """What became of one result."""

    id: str
    short: str
    title: str
    part: Part
    scalars: Listing | None
    tables: list[Listing]


def render_comparison(comparison: Comparison) -> bytes:
    """Page of a comparison, made from the comparison alone: the same comparison gives the same bytes."""
    moved = [part for part in comparison.parts if _moved(part)]
    return page(
        "comparison.html",
        styles=("comparison.css",),
        comparison=comparison,
        heads=[_line(item, scaled=True) for item in comparison.headline],
        chapters=[_chapter(part) for part in moved],
        calm=[_short(part.result) for part in comparison.parts if part not in moved],
        origin=origin(comparison.a, comparison.b),
        doubt=words.DOUBT,
        most_alone=MOST_ALONE,
    )


def _moved(part: Part) -> bool:
    differing = any(item.status != "same" for item in part.scalars) or part.only_a or part.only_b
    return bool(differing or any(family.counts.keys() - {"same"} for family in part.families))


def _chapter(part: Part) -> Chapter:
    name = "".join(char if char.isascii() and char.isalnum() else "-" for char in part.result) or "result"
    kind, _, number = part.result.partition("#")
    title = SECTIONS[kind].facts["title"] if kind in SECTIONS else ""
    title = title or kind.replace("_", " ").capitalize()
    grouped = groupby(part.families, key=lambda family: family.table)
    tables = _told_apart([item for _, found in grouped if (item := _listing(list(found)))])
    return Chapter(
        id=name,
        short=_short(part.result),
        title=f"{title} ({number})" if number else title,
        part=part,
        scalars=_scalars(part.scalars),
        tables=tables,
    )


def _short(result: str) -> str:
    kind, _, number = result.partition("#")
    short = SECTIONS[kind].facts["short"] if kind in SECTIONS else ""
    short = short or kind.replace("_", " ").capitalize()
    return f"{short} {number}" if number else short


def _told_apart(tables: list[Listing]) -> list[Listing]:
    """Tables with titles of their own: where rows of several are alike, the name of the table is added."""
    titles = Counter(item.title for item in tables)
    return [replace(item, title=f"{item.title}: {item.name}") if titles[item.title] > 1 else item for item in tables]


def _scalars(items: Sequence[Change]) -> Listing | None:
    return _table("Numbers of the whole", "number", "number", items, []) if items else None


def _listing(families: list[Family]) -> Listing | None:
    """Table of the numbers of one table of the report; nothing when all are the same."""
    found = [family for family in families if family.counts.keys() - {"same"}]
    if not found:
        return None
    noun = "row" if " " in found[0].row else found[0].row
    changes = [item for family in found for item in family.changes]
    return _table(f"{noun.capitalize()} by {noun}", noun, noun, changes, found)


def _table(title: str, row: str, noun: str, items: Sequence[Change], families: list[Family]) -> Listing:
    items = sorted(items, key=_rank)
    lines = [_line(item) for item in items[:MOST]]
    judged = [family for family in families if drawing.count_of(family, *JUDGED)]
    fields = sorted(filter(None, map(drawing.field, families)), key=lambda field: -field.drawn)
    return Listing(
        title=title,
        name=families[0].table.replace("_", " ") if families else "",
        row=row,
        noun=words.rows(noun),
        lines=lines,
        left_out=len(items) - len(lines),
        verdicts=sorted({line.verdict for line in lines}),
        families=judged,
        unjudged=[family for family in families if family not in judged],
        fields=fields[:MOST_FIELDS],
    )


def _rank(item: Change) -> tuple[int, float]:
    """Order of rows: those that changed, those that went worse unjudged, the other ones, those that are the same."""
    way = showing.verdict(item).startswith("worse")
    group = 0 if item.status in BEYOND else 1 if way else {"unclear": 2, "same": 4}.get(item.status, 3)
    return group, 1.0 if item.q is None else item.q


def _line(item: Change, *, scaled: bool = False) -> Line:
    return Line(
        item=item,
        name=item.row or item.title,
        a=showing.value(item, item.a),
        b=showing.value(item, item.b),
        was=showing.bare(item, item.a),
        below_a=showing.ends(item, item.interval_a),
        below_b=showing.ends(item, item.interval_b),
        change=showing.change(item),
        reach=showing.reach(item),
        q="" if item.q is None else showing.probability(item.q),
        verdict=showing.verdict(item),
        mark=drawing.against_zero(item),
        scale=drawing.scale(item) if scaled else None,
    )
