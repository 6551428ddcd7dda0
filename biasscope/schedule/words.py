"""What ``due`` prints: one line a report, one for each gate that did not hold, and the table of ``--list``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from biasscope.core.errors import InputError
from biasscope.figures.labels import visible
from biasscope.report.gates import lines
from biasscope.schedule.analyses import misread
from biasscope.schedule.collect import Found
from biasscope.schedule.due import said
from biasscope.schedule.lock import owner
from biasscope.schedule.runner import Outcome, when
from biasscope.schedule.runs import Run, newest, runs


def answer(found: Outcome) -> Iterator[str]:
    """Lines for stdout: how a report ended, then each gate of it that failed or could not be compared."""
    made = found.record
    if made is None:
        yield f"{found.name}: {found.state if found.state == 'error' else visible(found.why)}"
        return
    several = "analysis" if len(made.analyses) == 1 else "analyses"
    seconds = sum(item.seconds for item in made.analyses)
    yield f"{found.name}: {made.status}, {len(made.analyses)} {several} in {seconds:,.0f} s: {found.folder}"
    for item in made.analyses:
        for line in lines(item.verdicts):
            yield f"{found.name}: {item.name}: {line}"


def problems(found: Outcome) -> Iterator[str]:
    """Lines for stderr: errors, and what else there is to know of the run."""
    if found.state == "error" and found.why:
        yield f"{found.name}: {visible(found.why)}"
    for item in found.record.analyses if found.record else ():
        if item.error:
            yield f"{found.name}: {item.name}: {visible(item.error)}"
    for note in (*(found.record.notes if found.record else ()), *found.problems):
        yield f"{found.name}: {visible(note)}"


def listed(found: Sequence[Found], now: datetime) -> str:
    """Table of reports: when they are due, how the last run ended, and what comes next."""
    head = ("report", "when", "last run", "next", "title")
    rows = [head, *(_row(item, now) for item in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in padded)


def unreadable(found: Sequence[Found]) -> Iterator[tuple[str, int]]:
    """What the table leaves open, because it cannot be read, with its exit code: analyses, and all runs or one.

    A run that cannot be read is passed over, as when the report is run.
    """
    for item in found:
        if item.schedule:
            yield from ((visible(line), code) for line, code in misread(item.schedule))
        past = _past(item)
        if isinstance(past, InputError):
            yield f"{item.name}: {visible(str(past))}", past.exit_code
            continue
        for run in past:
            if not run.record:
                yield f"{item.name}: a run is passed over: {visible(run.problem)}", 0


def _past(item: Found) -> list[Run] | InputError:
    try:
        return runs(item.output / item.name) if item.schedule else []
    except InputError as error:
        return error


def _row(item: Found, now: datetime) -> tuple[str, str, str, str, str]:
    if item.schedule is None:
        return item.name, "", "", "cannot be read", ""
    report, home, past = item.schedule.report, item.output / item.name, _past(item)
    rule = f"{f'every {report.every}' if report.every else report.at} ({report.timezone})"
    if isinstance(past, InputError):
        return item.name, rule, "cannot be read", "", visible(report.title)
    zone, last, state, holder = report.timetable.zone, newest(past), when(item.schedule, past, now), owner(home)
    ended = f"{said(last.started, zone)} {last.record.status}" if last and last.record and last.started else "none"
    running = f"process {holder.pid} runs it" if holder and holder.alive else ""
    return item.name, rule, ended, running or ("now" if state.now else said(state.next, zone)), visible(report.title)
