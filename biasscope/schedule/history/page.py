"""The page of a history: how the last run ended, every number over time, every run with links to its reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from biasscope.figures.labels import visible
from biasscope.figures.style import house
from biasscope.figures.svg import svg
from biasscope.figures.trend import MANY, RECENT, trend
from biasscope.report import wording
from biasscope.report.grid import Grid
from biasscope.report.page import page
from biasscope.schedule.history import grids, words
from biasscope.schedule.history.runs import Run, newest
from biasscope.schedule.history.strip import strip
from biasscope.schedule.history.trends import Trend, course, scalar, trends

OLDER, SEVERAL = "Numbers that the last run does not have", "Numbers of gates that look at several, all passed"
GROUPS = ("", SEVERAL, OLDER)
BAR = 28
"""Pixels of the page that the bar of a run has at most."""
TRIED = 5
"""Runs that are looked through for a report to name an analysis by."""


@dataclass(frozen=True)
class Gate:
    """What a gate says of a number in the last run."""

    status: str
    said: str


@dataclass(frozen=True)
class Chart:
    """One number: its last value, what its gates say of it, and its picture (None when it was never defined)."""

    title: str
    address: str
    value: str
    unit: str
    notes: list[str]
    gates: list[Gate]
    picture: Markup | None


@dataclass(frozen=True)
class Part:
    """One analysis: what it is called, its newest report, its numbers."""

    id: str
    name: str
    title: str
    question: str
    link: grids.Link | None
    charts: list[Chart]
    folded: dict[str, list[Chart]]
    numbers: Grid


def render(name: str, runs: Sequence[Run]) -> bytes:
    """Page of the history of a scheduled report, made from its runs alone."""
    record = next((run.record for run in reversed(runs) if run.record), None)
    return page(
        "history.html",
        styles=("history.css",),
        title=(record.title if record else "") or name,
        runs=runs,
        lead=words.lead(runs),
        since=words.since(runs),
        said=list(words.said(runs[-1])) if runs else [],
        tally=words.tally(runs),
        bars=strip(runs),
        ends=[words.day(run) for run in (runs[0], runs[-1])] if runs else [],
        width=len(runs) * BAR,
        parts=[_part(place, key, found, runs) for place, (key, found) in enumerate(trends(runs).items())],
        rows=grids.rows(runs),
        statuses=[status for status, _ in words.tally(runs)],
        recent=RECENT,
        many=MANY,
    )


def _part(place: int, name: str, found: Sequence[Trend], runs: Sequence[Run]) -> Part:
    among = found[0].runs
    latest = among[-1]
    item = next(item for item in latest.record.analyses if item.name == name) if latest.record else None
    named = next((told for run in among[-TRIED:][::-1] if (told := newest(run, name))), None)
    last = runs[-1].id
    charts = [(_group(one, last), _chart(f"t{place}-{at}-", one)) for at, one in enumerate(found)]
    grouped = {title: members for title in GROUPS if (members := [chart for group, chart in charts if group == title])}
    return Part(
        id=f"analysis-{place + 1}",
        name=name,
        title=(named.title if named else "").strip() or name,
        question=named.question if named else "",
        link=grids.link(latest, item) if item else None,
        charts=grouped.pop("", []),
        folded=grouped,
        numbers=grids.numbers_of_runs(found, "Numbers run by run, the newest first"),
    )


def _group(one: Trend, last: str) -> str:
    """Group of a number: none when it stands open, else the title of those that are folded."""
    if one.runs[-1].id != last or one.rows[-1] is None:
        return OLDER
    said = [found[-1] for found in one.gates if found[-1]]
    among = said and not any(verdict.gate.startswith(f"{one.number} ") for verdict in said)
    return SEVERAL if among and not one.newest.head and all(verdict.status == "passed" for verdict in said) else ""


def _chart(prefix: str, one: Trend) -> Chart:
    shown = scalar(one.newest)
    show = wording.STYLES[wording.scalar_style(shown)]
    return Chart(
        title=visible(shown.title),
        address=one.number,
        value=wording.scalar(shown),
        unit=wording.unit(shown),
        notes=[note for note in _notes(one) if note],
        gates=[Gate(found[-1].status, words.gate(found[-1], show)) for found in one.gates if found[-1]],
        picture=_picture(prefix, one),
    )


def _notes(one: Trend) -> list[str]:
    shown, before = scalar(one.newest), one.before
    return [
        wording.bounds(shown),
        f"{wording.scalar(scalar(before))} in the run before" if before else "",
        f"{shown.better} is better" if shown.better else "",
    ]


def _picture(prefix: str, one: Trend) -> Markup | None:
    drawn = course(one)
    with house():
        figure = trend(drawn)
    if figure is None:
        return None
    shown = scalar(one.newest)
    said = f"{shown.title} in {len(one.runs):,} runs, {words.moment(one.runs[0])} to {words.moment(one.runs[-1])}"
    read = f"The last value is {wording.scalar(shown)}. The table below holds the numbers."
    return Markup(svg(figure, prefix, visible(said), read))  # noqa: S704  (serialised from a tree, so escaped)
