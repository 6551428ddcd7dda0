"""Making one run: its analyses in a folder nobody looks into, its record, and then the name by which it appears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from biasscope.core.files import write_files
from biasscope.core.progress import Progress
from biasscope.report.gates import exit_code
from biasscope.schedule import places, record
from biasscope.schedule.analyses import Done, Settings, analyse
from biasscope.schedule.definition import Schedule
from biasscope.schedule.record import RunRecord, Status
from biasscope.schedule.runs import Run, newest

Clock = Callable[[], datetime]


def clock() -> datetime:
    """Present moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def make(
    schedule: Schedule,
    home: Path,
    earlier: Sequence[Run],
    notes: Sequence[str],
    settings: Settings,
    progress: Progress,
    started: datetime,
    now: Clock = clock,
) -> tuple[Path, RunRecord]:
    """Run all analyses of a report whose lock is held; gives the folder of the run and its record.

    Raises
    ------
    OutputError
        The run cannot be written. Nothing of it is left, and earlier runs are as they were.
    """
    staging = places.staging(home)
    try:
        done = [analyse(schedule, part, staging, earlier, settings, progress) for part in schedule.report.parts]
        made = _record(schedule, done, earlier, notes, started, now())
        write_files(staging, _contents(schedule, made))
        return places.publish(staging, home, started), made
    except BaseException:
        places.discard(staging)
        raise


def outcome(error: int, gates: int) -> tuple[Status, int]:
    """Status and exit code of a run: an error (2, 3, 4) outweighs the gates, a failed gate one that is incomparable.

    >>> outcome(3, 1), outcome(0, 1), outcome(0, 3), outcome(0, 0)
    (('error', 3), ('failed', 1), ('incomparable', 3), ('passed', 0))
    """
    if error:
        return "error", error
    return ("failed" if gates == 1 else "incomparable" if gates else "passed"), gates


def _record(
    schedule: Schedule,
    done: Sequence[Done],
    earlier: Sequence[Run],
    notes: Sequence[str],
    started: datetime,
    finished: datetime,
) -> RunRecord:
    gates = exit_code([verdict for item in done for verdict in item.run.verdicts])
    status, code = outcome(max((item.code for item in done), default=0), gates)
    last = newest(earlier)
    return RunRecord(
        name=schedule.name,
        title=schedule.report.title,
        number=1 + (last.record.number if last and last.record else len(earlier)),
        started=started.isoformat(),
        finished=finished.isoformat(),
        status=status,
        exit_code=code,
        analyses=[item.run for item in done],
        notes=[*notes, *(item.note for item in done if item.note)],
    )


def _contents(schedule: Schedule, made: RunRecord) -> dict[str, bytes]:
    """Files of a run beside its analyses: the record, and what CI reads."""
    contents = {record.FILE: record.encode(made)}
    if schedule.report.junit:
        from biasscope.schedule.junit import junit

        contents["junit.xml"] = junit(made)
    if schedule.report.summary:
        from biasscope.schedule.summary import step_summary

        contents["summary.md"] = step_summary(made).encode()
    return contents
