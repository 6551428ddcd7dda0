"""What is to be called, from where, and how often."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from biasscope.core.errors import UsageError

CARRIED = ("XDG_CACHE_HOME", "HF_HOME", "TORCH_HOME")
"""Environment variables that are taken over, besides all that begin with BIASSCOPE_."""
MINUTES, HOURS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30), (1, 2, 3, 4, 6, 8, 12)
"""Steps that divide an hour, or a day, evenly: calendars know no others."""
HINT = "Say PT5M, PT15M, PT30M, PT1H, PT6H, P1D or P1W: what divides an hour or a day evenly."
_EVERY = re.compile(r"PT(?P<minutes>\d{1,2})M|PT(?P<hours>\d{1,2})H|P(?P<day>1)D|P(?P<week>1)W")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Trigger:
    """A call of ``due`` for one folder of reports.

    ``cron`` and ``calendar`` say how often, for a crontab and for systemd; ``environment`` is what is taken over of
    the present one.
    """

    folder: Path
    directory: Path
    command: list[str]
    cron: str
    calendar: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the unit: told apart from that of any other folder by a hash of its path."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", self.folder.name).strip("-").lower()[:32] or "reports"
        return f"biasscope-{plain}-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:8]}"

    @property
    def mark(self) -> str:
        """Line by which what was written for this folder is known again."""
        return f"# biasscope schedule: {self.folder}"


def trigger(
    folder: Path,
    *,
    every: str = "PT15M",
    output: Path | None = None,
    allow_python: bool = False,
    env: Sequence[str] = (),
) -> Trigger:
    """Trigger for a folder of reports, called from the present folder by the present Python.

    Parameters
    ----------
    folder
        Folder with the TOML files of reports.
    every
        ISO 8601 duration between two calls: what is due is found out by ``due`` itself.
    output
        Folder for the output of the reports.
    allow_python
        Let the reports name Python code.
    env
        Names of environment variables to take over besides :data:`CARRIED` and those that begin with BIASSCOPE_.

    Raises
    ------
    UsageError
        A variable of ``env`` is not set, the duration does not fit a calendar, or a path has a line break.
    """
    place = folder.resolve()
    cron, calendar = calendars(every)
    command = [sys.executable, "-m", "biasscope.analyze", "due", str(place)]
    command += ["--output", str(output.absolute())] if output else []
    command += ["--allow-python"] if allow_python else []
    for name in env:
        if name not in os.environ:
            raise UsageError(f"{name!r} is not set", where="--env", hint="Set the variable, or leave it out.")
    wanted = {*CARRIED, *env}
    kept = {key: value for key, value in os.environ.items() if key.startswith("BIASSCOPE_") or key in wanted}
    for text in (*command, str(Path.cwd()), *kept.values()):
        if _CONTROL.search(text):
            raise UsageError(f"{text!r} has a line break or control character", hint="No timer can be given this.")
    return Trigger(place, Path.cwd(), command, cron, calendar, dict(sorted(kept.items())))


def calendars(every: str) -> tuple[str, str]:
    """ISO 8601 duration as the times of a crontab line and of a systemd timer.

    >>> calendars("PT15M"), calendars("PT6H")
    (('*/15 * * * *', '*-*-* *:00/15:00'), ('0 */6 * * *', '*-*-* 00/6:00:00'))
    """
    found = _EVERY.fullmatch(every.strip().upper())
    minutes, hours = (int(found[key] or 0) if found else 0 for key in ("minutes", "hours"))
    if minutes in MINUTES:
        return f"*/{minutes} * * * *", f"*-*-* *:00/{minutes}:00"
    if hours in HOURS:
        return f"0 {f'*/{hours}' if hours > 1 else '*'} * * *", f"*-*-* 00/{hours}:00:00"
    if found and found["day"]:
        return "0 0 * * *", "*-*-* 00:00:00"
    if found and found["week"]:
        return "0 0 * * 1", "Mon *-*-* 00:00:00"
    raise UsageError(f"{every!r} cannot be how often", where="--every", hint=HINT)
