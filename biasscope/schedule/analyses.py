"""The analyses of one run: each is read, run, written and judged; what goes wrong with one does not stop the others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from biasscope.core.errors import BiasscopeError, InputError, OutputError
from biasscope.core.progress import Progress
from biasscope.report.gates import Verdict, judge
from biasscope.schedule.definition import Part, Schedule
from biasscope.schedule.places import CHECKPOINT
from biasscope.schedule.record import AnalysisRun
from biasscope.schedule.runs import Baseline, Run, baseline

if TYPE_CHECKING:
    from biasscope.pipeline.file import AnalysisFile
    from biasscope.report.model import Report

UNEXPECTED = 4
ALLOW = "with allow_incomparable = true it is judged all the same"
"""What to do about a baseline of other data, another model or other options."""


@dataclass(frozen=True)
class Settings:
    """How reports are run: what the command line says over what their files say."""

    allow_python: bool = False
    allow_incomparable: bool = False
    tiny: bool = False
    debug: bool = False


@dataclass(frozen=True)
class Done:
    """An analysis of a run, the exit code of its error (0 without one), and what else is to be said."""

    run: AnalysisRun
    code: int = 0
    note: str = ""


def analyse(
    schedule: Schedule, part: Part, folder: Path, earlier: Sequence[Run], settings: Settings, progress: Progress
) -> Done:
    """Run one analysis and write it into ``folder/<its name>``; errors are part of the answer.

    Raises
    ------
    OutputError
        The disk is full or cannot be written. Nothing is to be kept of such a run, which has not served its moment.
    """
    started = time.monotonic()
    made, note, error = AnalysisRun(name=part.name or ""), "", None
    try:
        file = _file(schedule, part, settings)
        report = _report(file, folder, made.name, progress)
        made = msgspec.structs.replace(made, kind=report.kind, folder=made.name)
        against = _baseline(schedule, made.name, earlier)
        verdicts = _judged(schedule, made.name, report, against, settings)
        made = msgspec.structs.replace(made, verdicts=verdicts, baseline=against and against.name)
        note = f"{made.name}: {against.said}" if against and against.broken else ""
        _check(file, report)
    except OutputError:
        raise
    except Exception as caught:  # what is wrong with one analysis stops no other
        error = caught
        if settings.debug:
            traceback.print_exc()
    seconds = round(time.monotonic() - started, 3)
    made = msgspec.structs.replace(made, seconds=seconds, error=_words(error) if error else None)
    return Done(made, _code(error) if error else 0, note)


def misread(schedule: Schedule) -> Iterator[tuple[str, int]]:
    """What is wrong with the files of the analyses, found out before any is run, with its exit code.

    Nothing says here whether code of one's own will be allowed, so that is not looked at.
    """
    for part in schedule.report.parts:
        try:
            _file(schedule, part, Settings(allow_python=True))
        except BiasscopeError as error:
            yield f"{schedule.name}: {part.name}: {error}", error.exit_code


def _file(schedule: Schedule, part: Part, settings: Settings) -> AnalysisFile:
    from biasscope.pipeline.file import read_analysis

    path, base = schedule.beside(part.file), schedule.path.parent
    return read_analysis(path, part.set, allow_python=settings.allow_python, tiny=settings.tiny, base=base)


def _report(file: AnalysisFile, folder: Path, name: str, progress: Progress) -> Report:
    """Report of an analysis, which is also written."""
    from biasscope.pipeline.file import run_analysis
    from biasscope.report.write import write

    with progress.step(f"{folder.parent.name}: {name}"):
        report = run_analysis(file, progress=progress, checkpoint=folder.parent / CHECKPOINT / name)
        write(report, folder / name)
    return report


def _check(file: AnalysisFile, report: Report) -> None:
    """Of a strict analysis everything must conform; its report lists what does not."""
    found = [item.value for result in report.results for item in result.scalars if item.name == "violations"]
    count = sum(int(value or 0) for value in found)
    if file.strict and count:
        hint = "The report lists them."
        raise InputError(f"{count:,} of the input do not conform, and the analysis is strict", hint=hint)


def _baseline(schedule: Schedule, name: str, earlier: Sequence[Run]) -> Baseline | None:
    """What the gates of an analysis compare with, if one of them compares."""
    if not any(gate.may_worsen_by is not None for gate in schedule.report.gates if gate.applies(name)):
        return None
    kind = schedule.report.baseline
    return baseline(earlier, kind, name, schedule.beside(kind))


def _judged(
    schedule: Schedule, name: str, report: Report, against: Baseline | None, settings: Settings
) -> list[Verdict]:
    gates = [gate for gate in schedule.report.gates if gate.applies(name)]
    allowed = settings.allow_incomparable or schedule.report.allow_incomparable
    if against is None:
        return judge(report, gates)
    verdicts = judge(report, gates, against.report, allow_incomparable=allowed)
    return [_explained(verdict, against.said or ALLOW) for verdict in verdicts]


def _explained(verdict: Verdict, said: str) -> Verdict:
    """Verdict that also says why there is no baseline, or what makes a run comparable with the one there is."""
    if verdict.status != "incomparable":
        return verdict
    return msgspec.structs.replace(verdict, said=f"{verdict.said.rstrip('.')} ({said})")


def _code(error: Exception) -> int:
    return error.exit_code if isinstance(error, BiasscopeError) else UNEXPECTED


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, BiasscopeError) else f"{type(error).__name__}: {error}"
