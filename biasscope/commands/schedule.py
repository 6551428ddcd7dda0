"""``schedule``: have ``due`` called regularly by the machine's own timer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from biasscope.commands.options import FLAG

WHAT = Group("What is called, and how often", sort_key=10)
WHERE = Group("By which timer", sort_key=20)
HERE = Group("Common options", sort_key=90)


def schedule(
    action: Literal["install", "show", "remove"],
    *,
    folder: Annotated[Path, Parameter(group=WHAT)] = Path("reports"),
    every: Annotated[str, Parameter(group=WHAT)] = "PT15M",
    output: Annotated[Path | None, Parameter(alias="-o", group=WHAT)] = None,
    allow_python: Annotated[bool, FLAG, Parameter(group=WHAT)] = False,
    env: Annotated[list[str] | None, Parameter(group=WHAT, negative=())] = None,
    systemd: Annotated[bool, FLAG, Parameter(group=WHERE)] = False,
    cron: Annotated[bool, FLAG, Parameter(group=WHERE)] = False,
    config: Annotated[Path | None, Parameter(group=HERE)] = None,
    debug: Annotated[bool, FLAG, Parameter(group=HERE)] = False,
) -> int:
    """Have `due` called regularly: write, show or remove the user's systemd timer or crontab line.

    The timer calls the Python that runs this command, from the present folder, with the present BIASSCOPE_ variables.
    Nothing else in the crontab or among the units is touched; doing it twice changes nothing.

    Parameters
    ----------
    action
        What to do.
    folder
        Folder with the TOML files of reports.
    every
        How often to look what is due, as an ISO 8601 duration; how often a report runs stands in its own file.
    output
        Folder for the output of the reports.
    allow_python
        Let analyses name Python code that builds a model.
    env
        Name of an environment variable to take over, such as one that analyses name; may be given several times.
    systemd
        Use a systemd timer of the user's; without this or --cron it is used where systemd answers.
    cron
        Use the user's crontab.
    config
        TOML file with options in the table [schedule].
    debug
        Show tracebacks.
    """
    from biasscope.core.errors import UsageError
    from biasscope.schedule import install

    if systemd and cron:
        raise UsageError("--systemd and --cron exclude each other", hint="Say one of them, or none.")
    trigger = install.trigger(folder, every=every, output=output, allow_python=allow_python, env=env or ())
    if action == "install":
        said = install.install(trigger, "systemd" if systemd else "cron" if cron else None)
    else:
        said = install.show(trigger) if action == "show" else install.remove(trigger)
    sys.stdout.write("\n".join(said) + "\n")
    return 0
