"""How many runs are kept: the newest, and with them what still has to be compared with or looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from biasscope.schedule import places
from biasscope.schedule.runs import Run, complete


def surplus(found: Sequence[Run], keep: int, needed: Collection[str] = ()) -> list[Run]:
    """Runs beyond the ``keep`` newest, but not those ``needed``, the last complete one or the last that passed.

    ``found`` is in the order of :func:`biasscope.schedule.runs.runs`.
    """
    passed = [run for run in found if run.record and run.record.status == "passed"]
    wanted = {run.folder.name for run in (*complete(found)[-1:], *passed[-1:])} | set(needed)
    return [run for run in found[: max(len(found) - keep, 0)] if run.folder.name not in wanted]


def retain(found: Sequence[Run], keep: int, needed: Collection[str] = ()) -> int:
    """Remove the surplus; gives how many were removed.

    Raises
    ------
    OutputError
        A run cannot be removed.
    """
    removed = surplus(found, keep, needed)
    for run in removed:
        places.remove(run.folder)
    return len(removed)
