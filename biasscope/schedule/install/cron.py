"""A line in the user's crontab. Other lines are left as they are, byte for byte."""

from __future__ import annotations

import re
import shlex

from biasscope.core.errors import OutputError
from biasscope.schedule.install.programs import call, complaint
from biasscope.schedule.install.trigger import Trigger

PROGRAM = "crontab"
_EMPTY = re.compile(rb"no crontab|no such file", re.IGNORECASE)
MISSING = "Install cron, or use --systemd."


def available() -> bool:
    """Whether there is a crontab to write into."""
    found = call(PROGRAM, "-l")
    return found is not None and (found.returncode == 0 or bool(_EMPTY.search(found.stderr)))


def lines(trigger: Trigger) -> list[str]:
    """Mark and line of a trigger; a per cent sign is escaped, since cron takes it for a line break."""
    assigned = ["env", *(f"{key}={value}" for key, value in trigger.environment.items())]
    program = [*(assigned if trigger.environment else []), *trigger.command, "--quiet"]
    command = f"cd {shlex.quote(str(trigger.directory))} && {shlex.join(program)}"
    return [trigger.mark, f"{trigger.cron} {command}".replace("%", "\\%")]


def installed(trigger: Trigger) -> list[str]:
    """Lines of this folder that stand in the crontab: mark and line, or nothing."""
    return _split(_read(), trigger)[0]


def install(trigger: Trigger) -> list[str]:
    """Put the line into the crontab, in place of the one for the same folder; says what was done.

    Raises
    ------
    OutputError
        There is no crontab program, or it refuses.
    """
    wanted, text = lines(trigger), _read()
    own, others = _split(text, trigger)
    if own == wanted:
        return ["The crontab has this line already; nothing was changed:", wanted[1]]
    kept = others if not others or others.endswith("\n") else f"{others}\n"
    _write(kept + "\n".join(wanted) + "\n")
    return [f"{'Replaced' if own else 'Added'} this line of the crontab:", wanted[1]]


def remove(trigger: Trigger) -> list[str]:
    """Take the line of this folder out of the crontab; says what was done, nothing when there was none."""
    own, others = _split(_read(), trigger)
    if not own:
        return []
    _write(others)
    return ["Removed this line of the crontab:", *own[1:]]


def _read() -> str:
    """Present crontab; empty when the user has none.

    Raises
    ------
    OutputError
        It cannot be read: then nothing must be written either.
    """
    found = call(PROGRAM, "-l")
    if found is None:
        raise OutputError("it is not installed", where=PROGRAM, hint=MISSING)
    if found.returncode and not _EMPTY.search(found.stderr):
        raise OutputError(f"cannot be read ({complaint(found)})", where=PROGRAM, hint="Nothing was changed.")
    return "" if found.returncode else found.stdout.decode("utf-8", "surrogateescape")


def _split(text: str, trigger: Trigger) -> tuple[list[str], str]:
    """Lines of this folder, and the rest of the crontab."""
    own: list[str] = []
    rest: list[str] = []
    expected = False
    for line in text.splitlines(keepends=True):
        marked = line.rstrip("\r\n") == trigger.mark
        ours = marked or (expected and "biasscope.analyze due" in line)
        (own if ours else rest).append(line.rstrip("\r\n") if ours else line)
        expected = marked
    return own, "".join(rest)


def _write(text: str) -> None:
    found = call(PROGRAM, "-", text=text.encode("utf-8", "surrogateescape"))
    if found is None or found.returncode:
        reason = complaint(found) if found else "it is not installed"
        raise OutputError(f"does not take the new lines ({reason})", where=PROGRAM, hint="Nothing was changed.")
