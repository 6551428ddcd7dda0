"""Making the history of one scheduled report."""

from __future__ import annotations

from pathlib import Path

from biasscope.core.files import write_files
from biasscope.schedule.history import table
from biasscope.schedule.history.page import render
from biasscope.schedule.history.runs import read_runs

FILE = "index.html"


def update(folder: Path) -> None:
    """Write ``index.html`` and ``history.parquet`` of a scheduled report from the runs in its folder.

    Both are made from the ``run.json`` and ``report.json`` of the runs alone: without the table, or with one that
    cannot be read, the same files come out, only later. A run that cannot be read is listed as such.

    Parameters
    ----------
    folder
        Folder of the scheduled report: one folder in it for each run.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     update(Path(name))
    ...     sorted(path.name for path in Path(name).iterdir())
    ['history.parquet', 'index.html']
    """
    runs = read_runs(folder, table.read(folder))
    write_files(folder, {table.FILE: table.write(runs), FILE: render(folder.resolve().name, runs)})
