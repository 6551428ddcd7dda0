"""Install, show and remove a trigger, whichever kind the machine has."""

from __future__ import annotations

from typing import Literal

from biasscope.core.errors import UsageError
from biasscope.schedule.install import cron, systemd
from biasscope.schedule.install.trigger import Trigger

Kind = Literal["systemd", "cron"]


def install(trigger: Trigger, kind: Kind | None = None) -> list[str]:
    """Have ``due`` called regularly; says what was done.

    Without a kind it is systemd where that answers, else cron. One of the other kind for the same folder is removed,
    unless the new one is not started.

    Raises
    ------
    UsageError
        There is no such folder, or the machine has neither.
    OutputError
        The kind that was asked for cannot be written.
    """
    if not trigger.folder.is_dir():
        hint = "Name the folder of reports with --folder."
        raise UsageError("there is no such folder", where=str(trigger.folder), hint=hint)
    chosen = kind or _kind()
    said = systemd.install(trigger) if chosen == "systemd" else cron.install(trigger)
    if chosen == "systemd" and not systemd.available():
        return said + _kept(trigger)
    return said + _remove(trigger, "cron" if chosen == "systemd" else "systemd")


def show(trigger: Trigger) -> list[str]:
    """What is installed for the folder, or what would be."""
    said = []
    for path, text in systemd.installed(trigger).items():
        said += [f"{path}:", *(f"    {line}" for line in text.splitlines())]
    found = cron.installed(trigger) if cron.available() else []
    said += ["In the crontab:", *(f"    {line}" for line in found)] if found else []
    if said:
        return said
    return [
        f"Nothing is installed for {trigger.folder}. `schedule install` would write a systemd timer, or this into the",
        "crontab:",
        *(f"    {line}" for line in cron.lines(trigger)),
    ]


def remove(trigger: Trigger) -> list[str]:
    """Remove what was installed for the folder, of either kind; says what was done."""
    said = [*_remove(trigger, "systemd"), *_remove(trigger, "cron")]
    return said or [f"Nothing is installed for {trigger.folder}; nothing was changed."]


def _kept(trigger: Trigger) -> list[str]:
    """What is said of a line of the crontab that goes on working, since the timer that was written does not yet."""
    found = cron.installed(trigger) if cron.available() else []
    return ["Until then this line of the crontab stays; install again to have it removed:", *found[1:]] if found else []


def _remove(trigger: Trigger, kind: Kind) -> list[str]:
    if kind == "systemd":
        return systemd.remove(trigger)
    return cron.remove(trigger) if cron.available() else []


def _kind() -> Kind:
    if systemd.available():
        return "systemd"
    if cron.available():
        return "cron"
    hint = "Any timer will do that calls `python -m biasscope.analyze due`; examples are in reports/schedule."
    raise UsageError("this machine has neither a systemd of the user's nor a crontab", hint=hint)
