"""A scheduled report as a TOML file: which analyses, how often, which gates, against what, and how many to keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from biasscope.core.errors import UsageError
from biasscope.core.toml import from_table, read_table
from biasscope.report.gates import Gate
from biasscope.schedule import timetable

KINDS = ("previous", "passed", "first")
"""Runs by which a baseline can be named; all else is a path."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Names of reports and analyses: they become folders, so nothing that leads out of one."""
Settings = Annotated[
    dict[str, Any], Meta(description="Settings of analyses, as `limit = 100`, over those of their file.")
]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One analysis of a scheduled report, when more than its file is to be said."""

    file: Annotated[str, Meta(description="TOML file of the analysis, relative to this file.")]
    name: Annotated[
        str | None, Meta(description="Name of its folder and for gates; that of the file unless given.")
    ] = None
    set: Settings = {}


class ScheduledReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``reports/<name>.toml`` says.

    Raises
    ------
    UsageError
        Neither or both of ``every`` and ``at`` are given or are not understood, or another value cannot be used.
    """

    title: Annotated[str, Meta(description="What people read.")]
    analyses: Annotated[
        list[str | Part], Meta(description="Files of analyses, relative to this file, or tables with file, name, set.")
    ]
    every: Annotated[
        str | None,
        Meta(
            description="ISO 8601 duration, counted from the calendar: P1D is every midnight, P1W every Monday, P1M "
            "every first of the month, PT6H 0, 6, 12 and 18 o'clock.",
            examples=["P1D", "P1W", "PT6H"],
        ),
    ] = None
    at: Annotated[
        str | None,
        Meta(description="Time of the day, on some days.", examples=["03:00", "mon,thu 03:00", "1st 03:00"]),
    ] = None
    timezone: Annotated[str, Meta(description="IANA name of the time zone of every and at.")] = "UTC"
    set: Settings = {}
    gates: Annotated[list[Gate], Meta(description="Bounds that numbers of the analyses must keep.")] = []
    baseline: Annotated[
        str,
        Meta(
            description="What gates with may_worsen_by compare with: previous (the run before), passed (the last that "
            "passed), first, or the path of a run's folder or of a report.json.",
        ),
    ] = "previous"
    allow_incomparable: Annotated[
        bool, Meta(description="Compare with a baseline of other data or another model all the same.")
    ] = False
    keep: Annotated[int, Meta(description="Runs to keep, besides the latest and the baseline.", ge=1)] = 30
    on_failure: Annotated[
        list[str],
        Meta(
            description="Command with its arguments, run with your rights when the report did not pass; one with a "
            "slash is a path relative to this file, another is looked for in PATH."
        ),
    ] = []
    junit: Annotated[bool, Meta(description="Write junit.xml beside run.json.")] = False
    summary: Annotated[
        bool, Meta(description="Write summary.md beside run.json, and append it to $GITHUB_STEP_SUMMARY where set.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what cannot be run, before anything is."""
        if (self.every is None) == (self.at is None):
            raise UsageError("a report says every or at, one of them", hint='Say every = "P1D" or at = "03:00".')
        _ = self.timetable
        names = [part.name or "" for part in self.parts]
        if not names:
            raise UsageError("there is no analysis", where="analyses")
        for name in names:
            _check_name(name, "analyses", 'Give one: { file = "...", name = "..." }.')
            if names.count(name) > 1:
                hint = 'Give them names: { file = "...", name = "..." }.'
                raise UsageError(f"two analyses are called {name!r}", where="analyses", hint=hint)
        _check_baseline(self.baseline)
        for number, gate in enumerate(self.gates):
            if not any(map(gate.applies, names)):
                hint = f"There are: {', '.join(names)}."
                raise UsageError(
                    f"no analysis is called {gate.analysis!r}", where=f"gates[{number}]: analysis", hint=hint
                )

    @property
    def timetable(self) -> timetable.Timetable:
        """Moments at which it is due."""
        zone = timetable.zone(self.timezone)
        return timetable.every(self.every, zone) if self.every is not None else timetable.at(self.at or "", zone)

    @property
    def parts(self) -> list[Part]:
        """Analyses as tables that all have a name; the settings of the report stand below their own."""
        given = [Part(file=item) if isinstance(item, str) else item for item in self.analyses]
        return [
            Part(file=item.file, name=Path(item.file).stem if item.name is None else item.name, set=self.set | item.set)
            for item in given
        ]


@dataclass(frozen=True)
class Schedule:
    """A scheduled report, its name and the file that says so."""

    name: str
    path: Path
    report: ScheduledReport

    def beside(self, text: str) -> Path:
        """Path that is written in the file, relative to the file."""
        return self.path.parent / text

    @property
    def hook(self) -> list[str]:
        """Command of ``on_failure``: a bare name is looked for in ``PATH``, a path starts from the file."""
        argv = self.report.on_failure
        return [str(self.beside(argv[0])), *argv[1:]] if argv and "/" in argv[0] else argv


def read_schedule(path: Path) -> Schedule:
    r"""Scheduled report from a TOML file, whose stem is the name of the report.

    Raises
    ------
    UsageError
        The file cannot be read, a key or value in it is wrong, or its stem is no name.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "nightly.toml"
    >>> _ = path.write_text('title = "N"\nat = "03:00"\nanalyses = ["boxes.toml"]\n')
    >>> read_schedule(path).report.parts[0].name
    'boxes'
    """
    table = read_table(path)
    if "question" in table and "analyses" not in table:
        hint = "Keep it in a folder below, as analyses/, and let a report name it: analyses = [...]."
        raise UsageError("this is an analysis, not a scheduled report", where=str(path), hint=hint)
    report = from_table(table, ScheduledReport, where=str(path))
    _check_name(path.stem, str(path), "Rename the file.")
    return Schedule(path.stem, path.absolute(), report)


def _check_baseline(text: str) -> None:
    """Refuse a run that is misspelt: taken as a path, it would be a baseline that is never there."""
    word = text.strip().lower()
    if text not in KINDS and word.isalpha() and (near := get_close_matches(word, KINDS, 1, 0.8)):
        hint = f"Did you mean {near[0]!r}? A path of this name is written './{text}'."
        raise UsageError(f"{text!r} is no run", where="baseline", hint=hint)


def _check_name(name: str, where: str, hint: str) -> None:
    if not NAME.fullmatch(name):
        what = f"{name!r} cannot name a folder: small letters, digits, - and _ can, 64 at most"
        raise UsageError(what, where=where, hint=hint)
