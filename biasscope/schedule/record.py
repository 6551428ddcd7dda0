"""``run.json``: what one run of a scheduled report did, beside the reports that it wrote.

A run is a folder ``<output>/<name>/<YYYYMMDDTHHMMSSZ>`` with ``run.json`` and ``<analysis>/report.json`` and
``<analysis>/report.html`` for every analysis that could be made.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from biasscope.core.errors import InputError
from biasscope.report.gates import Verdict

FILE = "run.json"
VERSION = 1
STAMP = re.compile(r"\d{8}T\d{6}Z")
"""Name of the folder of a run: when it started, in UTC."""

Status = Literal["passed", "failed", "incomparable", "error"]


class AnalysisRun(msgspec.Struct, frozen=True, kw_only=True):
    """One analysis of a run.

    ``folder`` is relative to that of the run and holds ``report.json``; it is empty when there is none, and ``error``
    says why. There is an error beside a report when a gate cannot be judged. ``baseline`` is the run that the gates
    compare with, also when its report cannot be read: its folder, or what the schedule says where that is no run.
    """

    name: str
    kind: str = ""
    folder: str = ""
    seconds: float = 0.0
    error: str | None = None
    verdicts: list[Verdict] = []
    baseline: str | None = None


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a scheduled report.

    ``number`` counts the runs of a report, so that their order does not depend on a clock that was set back. ``notes``
    are sentences about the run as a whole, such as an earlier one that was broken off.
    """

    name: str
    title: str = ""
    number: int = 1
    started: str
    finished: str
    status: Status
    exit_code: int
    analyses: list[AnalysisRun]
    notes: list[str] = []
    version: int = VERSION


def encode(record: RunRecord) -> bytes:
    """JSON of a record: indented, since people open it; ends with a newline."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def read(run: Path) -> RunRecord:
    """Record of the run in the folder ``run``.

    Raises
    ------
    InputError
        There is none, it does not conform, or a newer biasscope wrote it.
    """
    path = run / FILE
    try:
        record = msgspec.json.decode(path.read_bytes(), type=RunRecord)
        _ = instant(record.started), instant(record.finished)
    except OSError as error:
        raise InputError(f"cannot read the run ({error.strerror})", where=str(path)) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"this is no record of a run ({error})", where=str(path)) from error
    if record.version > VERSION:
        hint = "Update biasscope."
        raise InputError(f"it is of version {record.version}, known is {VERSION}", where=str(path), hint=hint)
    return record


def instant(text: str) -> datetime:
    """Moment of a record, in UTC; one without an offset is taken as UTC.

    >>> instant("2026-03-29T03:00:00+02:00").isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """Name of the folder of a run that starts at ``moment``.

    >>> stamp(datetime(2026, 3, 29, 1, 0, 5, tzinfo=UTC))
    '20260329T010005Z'
    """
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
