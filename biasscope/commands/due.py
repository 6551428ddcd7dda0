"""``due``: run the scheduled reports that are due."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from biasscope.commands.options import FLAG
from biasscope.core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from biasscope.schedule.analyses import Settings
    from biasscope.schedule.collect import Found
    from biasscope.schedule.definition import Schedule

WHICH = Group("Which reports", sort_key=10)
TRUST = Group("Trust and comparison", sort_key=20)
HERE = Group("Common options", sort_key=90)


def due(
    *paths: Path,
    now: Annotated[bool, FLAG, Parameter(group=WHICH)] = False,
    list_: Annotated[bool, FLAG, Parameter(name="--list", group=WHICH)] = False,
    tiny: Annotated[bool, FLAG, Parameter(group=WHICH)] = False,
    allow_python: Annotated[bool, FLAG, Parameter(group=TRUST)] = False,
    allow_incomparable: Annotated[bool, FLAG, Parameter(group=TRUST)] = False,
    output: Annotated[Path | None, Parameter(alias="-o", group=HERE)] = None,
    quiet: Annotated[bool, FLAG, Parameter(alias="-q", group=HERE)] = False,
    config: Annotated[Path | None, Parameter(group=HERE)] = None,
    debug: Annotated[bool, FLAG, Parameter(group=HERE)] = False,
) -> int:
    """Run the scheduled reports that are due; have it called as often as you like, by any timer.

    A report that was missed, however often, is run once. Nothing is run twice at the same time. The exit code is the
    largest of all reports: 0 when all gates held, 1 when one failed, and above that when a report could not be made or
    compared (2 usage or configuration, 3 input, output or incomparable, 4 unexpected). With --list, 2 says that the
    file of a report or of one of its analyses cannot be read, 3 that the runs of a report cannot.

    Parameters
    ----------
    paths
        TOML files of reports, or folders that hold some; the folder `reports` unless given.
    now
        Run them although they are not due.
    list_
        Say when they are due and how they ended, and run nothing.
    tiny
        Run every analysis at its smallest, to try a report out; with another --output than that of the real runs.
    allow_python
        Let analyses name Python code that builds a model; it is run with your rights.
    allow_incomparable
        Compare with a baseline of other data or another model all the same.
    output
        Folder for the output of all reports, which each have a folder of their name in it; unless given, the folder
        `output` beside the file of a report.
    quiet
        No progress, and on stdout only what did not pass.
    config
        TOML file with options in the table [due].
    debug
        Show tracebacks.
    """
    from biasscope.schedule.analyses import Settings
    from biasscope.schedule.collect import collect

    if tiny and output is None:
        hint = "Give --output DIR, so that it does not stand among the real runs."
        raise UsageError("a tiny run is a trial", where="--tiny", hint=hint)
    found = collect(paths or (Path("reports"),), output)
    codes = [_refuse(item) for item in found if item.error]
    if list_:
        return max(*codes, _list(found), 0)
    settings = Settings(allow_python, allow_incomparable, tiny, debug)
    codes += [_run(item.schedule, item.output, now, settings, quiet) for item in found if item.schedule]
    return max(codes)


def _refuse(item: Found) -> int:
    """Tell that the file of a report cannot be read; gives the exit code."""
    _warn(str(item.error))
    return max(UsageError.exit_code, _say(f"{item.name}: error"))


def _list(found: list[Found]) -> int:
    """Print the table of reports and tell what of it cannot be read; gives the exit code."""
    from biasscope.schedule.making import clock
    from biasscope.schedule.words import listed, unreadable

    codes = [_say(listed(found, clock()))]
    for line, code in unreadable(found):
        _warn(line)
        codes.append(code)
    return max(codes)


def _run(schedule: Schedule, output: Path, forced: bool, settings: Settings, quiet: bool) -> int:
    """Run one report if it is due, and say what came of it; gives the exit code."""
    from biasscope.core.progress import Progress, Terminal
    from biasscope.schedule.runner import perform
    from biasscope.schedule.words import answer, problems

    progress = Progress() if quiet else Terminal()
    outcome = perform(schedule, output, forced=forced, settings=settings, progress=progress)
    said = "\n".join(answer(outcome)) if not quiet or outcome.exit_code else ""
    for line in problems(outcome):
        _warn(line)
    return max(outcome.exit_code, _say(said) if said else 0)


def _say(text: str) -> int:
    """Print on stdout; a full disk behind it keeps no report from being run. Gives the exit code."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        _warn(str(OutputError(f"cannot write ({error.strerror})", where="stdout")))
        return OutputError.exit_code
    return 0


def _warn(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"biasscope: {text}\n")
