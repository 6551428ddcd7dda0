"""A service and a timer of the user's own systemd."""

from __future__ import annotations

import os
from pathlib import Path

from biasscope.core.errors import OutputError, UsageError
from biasscope.core.files import write_files
from biasscope.core.home import home
from biasscope.schedule.install.programs import call, complaint
from biasscope.schedule.install.trigger import Trigger

PROGRAM = "systemctl"
LINGER = "It runs while you are logged in; `loginctl enable-linger` lets it run at all times."


def available() -> bool:
    """Whether the user's systemd answers."""
    found = call(PROGRAM, "--user", "show-environment")
    return found is not None and found.returncode == 0


def units(trigger: Trigger) -> dict[str, str]:
    """Name and text of the service and its timer."""
    settings = "".join(f"Environment={_quoted(f'{key}={value}')}\n" for key, value in trigger.environment.items())
    service = f"""{trigger.mark}
[Unit]
Description=Run the biasscope reports that are due

[Service]
Type=oneshot
WorkingDirectory={str(trigger.directory).replace("%", "%%")}
{settings}ExecStart={" ".join(_quoted(word, command=True) for word in trigger.command)}
Nice=10
"""
    timer = f"""{trigger.mark}
[Unit]
Description=When to look which biasscope reports are due

[Timer]
OnCalendar={trigger.calendar}
AccuracySec=1min
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {f"{trigger.name}.service": service, f"{trigger.name}.timer": timer}


def installed(trigger: Trigger) -> dict[Path, str]:
    """Units of this folder that are there, by their file."""
    paths = (place() / name for name in units(trigger))
    return {path: path.read_text("utf-8", "replace") for path in paths if path.is_file()}


def install(trigger: Trigger) -> list[str]:
    """Write both units and have the timer started; says what was done.

    Raises
    ------
    UsageError
        A file of that name is there and was not written for this folder.
    OutputError
        The files cannot be written.
    """
    wanted = {place() / name: text for name, text in units(trigger).items()}
    there = installed(trigger)
    _own(trigger, there)
    if there != wanted:
        contents = {path.name: text.encode() for path, text in wanted.items()}
        write_files(place(), contents, mode=0o600)  # a variable that was taken over may be a password
        said = [f"Wrote {path}" for path in wanted]
    else:
        said = [f"{path} is as it should be" for path in wanted]
    return said + _start(f"{trigger.name}.timer")


def remove(trigger: Trigger) -> list[str]:
    """Stop the timer and remove both units; says what was done, nothing when there were none.

    Raises
    ------
    UsageError
        A file of that name was not written for this folder.
    OutputError
        A file cannot be removed.
    """
    there = installed(trigger)
    if not there:
        return []
    _own(trigger, there)
    reachable = available()
    if reachable:
        call(PROGRAM, "--user", "disable", "--now", f"{trigger.name}.timer")
    for path in there:
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(f"cannot be removed ({error.strerror})", where=str(path)) from error
    if reachable:
        call(PROGRAM, "--user", "daemon-reload")
    return [*([f"Stopped {trigger.name}.timer"] if reachable else []), *(f"Removed {path}" for path in there)]


def place() -> Path:
    """Folder of the user's own units."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config") / "systemd" / "user"


def _own(trigger: Trigger, there: dict[Path, str]) -> None:
    for path, text in there.items():
        if text.splitlines()[:1] != [trigger.mark]:
            hint = "It is left as it is; move it away first."
            raise UsageError("this unit was not written by biasscope for this folder", where=str(path), hint=hint)


def _start(timer: str) -> list[str]:
    """Have systemd read the units and start the timer."""
    if not available():
        return [f"systemd does not answer here. Where it does: systemctl --user enable --now {timer}"]
    for arguments in (("daemon-reload",), ("enable", "--now", timer)):
        found = call(PROGRAM, "--user", *arguments)
        if found is None or found.returncode:
            reason = complaint(found) if found else "it is gone"
            raise OutputError(f"{' '.join(arguments)} failed ({reason})", where=PROGRAM, hint="The units are written.")
    return [f"Started {timer}", LINGER]


def _quoted(word: str, *, command: bool = False) -> str:
    """Word for a unit file: specifiers, quotes and (in a command) variables are escaped.

    >>> _quoted("a b"), _quoted("100%"), _quoted("$HOME", command=True), _quoted("plain")
    ('"a b"', '"100%%"', '"$$HOME"', 'plain')
    """
    if word and all(char.isalnum() or char in "/._-=:,+@" for char in word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if command else escaped}"'
