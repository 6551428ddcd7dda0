"""Tables of the history: all runs with links, and the numbers of each analysis run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from biasscope.core.errors import InputError
from biasscope.core.results import Scalar
from biasscope.report import wording
from biasscope.report.grid import Field, Grid, Shown
from biasscope.schedule.history import words
from biasscope.schedule.history.numbers import Number
from biasscope.schedule.history.runs import Run, report_of
from biasscope.schedule.history.trends import Trend, scalar
from biasscope.schedule.record import AnalysisRun, instant
from biasscope.schedule.said import verdicts

MOST = 100
"""Newest runs whose numbers stand in a table of the page; all are in ``history.parquet``."""


@dataclass(frozen=True)
class Link:
    """Link to one report of a run."""

    name: str
    address: str


@dataclass(frozen=True)
class Row:
    """One run as the table of runs shows it."""

    moment: str
    status: str
    passed: str
    links: list[Link]
    said: list[str]
    seconds: float | None


def rows(runs: Sequence[Run]) -> list[Row]:
    """Rows of the table of runs, newest first."""
    return [_row(run) for run in reversed(runs)]


def link(run: Run, item: AnalysisRun) -> Link | None:
    """Link to the page of an analysis, or to its JSON; None when the run has neither."""
    try:
        place = report_of(run.folder, item).parent
    except (InputError, ValueError):
        return None
    for name in ("report.html", "report.json"):
        if (place / name).is_file():
            return Link(item.name, quote(Path(run.id, item.folder, name).as_posix()))
    return None


def numbers_of_runs(trends: Sequence[Trend], caption: str) -> Grid:
    """Numbers of one analysis, a row a run, newest first."""
    runs = trends[0].runs[::-1][:MOST]
    columns = [[_shown(row) for row in trend.rows[::-1][:MOST]] for trend in trends]
    fields = [Field("run", "Run (UTC)", "label"), *map(_field, trends)]
    cells = zip([Shown(words.moment(run)) for run in runs], *columns, strict=True)
    return Grid("numbers", caption, fields, list(cells), "run", len(trends[0].runs) - len(runs))


def _row(run: Run) -> Row:
    record = run.record
    if record is None:
        return Row(words.moment(run), run.status, "", [], list(words.said(run)), None)
    judged = verdicts(record)
    held = sum(verdict.status == "passed" for verdict in judged)
    return Row(
        words.moment(run),
        run.status,
        f"{held:,} of {len(judged):,}" if judged else "",
        [found for item in record.analyses if (found := link(run, item))],
        list(words.said(run)),
        (instant(record.finished) - instant(record.started)).total_seconds(),
    )


def _field(trend: Trend) -> Field:
    shown = scalar(trend.newest)
    return Field(trend.number, shown.title, wording.scalar_style(shown), trend.number)


def _shown(row: Number | None) -> Shown:
    if row is None or row.value is None:
        return Shown("")
    shown: Scalar = scalar(row)
    return Shown(wording.scalar(shown), f"{row.value:.6g}", wording.bounds(shown))
