"""Report to HTML: one file that asks nothing of the network and is complete without JavaScript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from biasscope.core.registry import Entry
from biasscope.core.results import Result
from biasscope.figures import FIGURES, of_kind
from biasscope.figures.frame import rows
from biasscope.figures.labels import short, visible
from biasscope.figures.style import house
from biasscope.figures.svg import svg
from biasscope.report import cards
from biasscope.report.model import Report
from biasscope.report.page import page
from biasscope.report.sections import GENERIC, SECTIONS

WIDE, HUGE = 3.8, 5.2
"""Inches from which small multiples are set in wide columns, and in such that scroll, to keep words legible."""
HEADING = 80
"""Letters of what tells sections of one kind apart."""
BRIEF = 20
"""The same in the links to them."""


@dataclass(frozen=True)
class Picture:
    """A drawn figure: title, how to read it, and its SVG; small multiples are several, the key to them apart."""

    title: str
    read: str
    panels: dict[str, Markup]
    key: Markup | None = None
    size: str = ""


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    id: str
    short: str
    over: str
    title: str
    template: str
    result: Result
    data: dict[str, Any]
    figures: dict[str, Picture] = field(default_factory=dict)


def render(report: Report) -> bytes:
    """Page of a report, made from the report alone: the same report gives the same bytes.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> empty = Report("dataset", "Title", "Question?", ["Answer."], [], [], Provenance([], 0, {}, {}))
    >>> render(empty).startswith(b"<!doctype html>")
    True
    """
    return page(
        "report.html",
        report=report,
        cards=[cards.card(item) for item in report.headline],
        sections=sections(report),
    )


def sections(report: Report) -> list[Section]:
    """Sections in the order of the registry, kinds without an entry last, in the order they were given."""
    order = {kind: place for place, kind in enumerate(SECTIONS)}
    results = sorted(report.results, key=lambda item: order.get(item.kind, len(order)))
    several = Counter(result.kind for result in results)
    seen: Counter[str] = Counter()
    made: list[Section] = []
    for result in results:
        seen[result.kind] += 1
        found = _section(result, seen[result.kind], report.figures, alone=several[result.kind] == 1)
        again = found.title in {item.title for item in made if item.result.kind == result.kind}
        linked = found.short in {item.short for item in made}
        found = replace(found, title=f"{found.title} ({seen[result.kind]})") if again else found
        made.append(replace(found, short=f"{found.short} {seen[result.kind]}") if linked else found)
    return made


def _section(result: Result, number: int, shown: list[str], *, alone: bool) -> Section:
    entry: Entry = SECTIONS.get(result.kind, GENERIC)
    name = "".join(char if char.isascii() and char.isalnum() else "-" for char in result.kind) or "result"
    name = name if number == 1 else f"{name}-{number}"
    plain = result.kind.replace("_", " ").capitalize()
    data = entry.load()(result)
    short_name = str(data.get("short") or entry.facts["short"] or plain)
    title = str(data.get("title") or entry.facts["title"] or result.title or plain)
    named = "" if alone or "title" in data else short(data.get("over") or "", HEADING)
    return Section(
        name,
        short_name if alone or not data.get("brief") else f"{short_name}: {short(data['brief'], BRIEF)}",
        short_name if named else str(data.get("over") or short_name),
        f"{title}{' ' if title.endswith('?') else ': '}{named}" if named else title,
        entry.facts["template"],
        result,
        data,
        _pictures(result, name, shown),
    )


def _pictures(result: Result, section: str, shown: list[str]) -> dict[str, Picture]:
    """Figures of a result that can be drawn and are to be shown: all, unless some are named."""
    names = [key for key in of_kind(result.kind) if key in (shown or (key,))]
    return {key: picture for key in names if (picture := _picture(key, result, f"{section}-{key}-"))}


def _picture(name: str, result: Result, prefix: str) -> Picture | None:
    facts = FIGURES[name].facts
    read = _read(facts, result)
    with house():
        drawn = FIGURES.load(name)(result)
    if drawn is None:
        return None
    figures = drawn if isinstance(drawn, dict) else {facts["title"]: drawn}
    panels = {}
    for place, (key, figure) in enumerate(figures.items()):
        title = f"{facts['title']}: {key or 'key'}" if isinstance(drawn, dict) else facts["title"]
        written = svg(figure, f"{prefix}{place or ''}", visible(title), read)
        panels[key] = Markup(written)  # noqa: S704  (serialised from a tree, so escaped)
    inches = max(figure.get_figwidth() for figure in figures.values())
    size = "huge" if inches > HUGE else "wide" if inches > WIDE else ""
    return Picture(facts["title"], read, panels, panels.pop("", None), size)


def _read(facts: Mapping[str, Any], result: Result) -> str:
    """How to read a figure: what is always said of it, and what is said only where a column has a value."""
    parts = [facts["read"]]
    for place, said in facts["where"].items():
        name, _, column = place.partition(".")
        parts += [said] if any(row.get(column) is not None for row in rows(result, name)) else []
    return " ".join(parts)
