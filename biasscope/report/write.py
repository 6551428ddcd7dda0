"""A report on disk: report.json and report.html, both or neither."""

from __future__ import annotations

from pathlib import Path

from biasscope.core.files import write_files
from biasscope.report.model import Report, encode


def write(report: Report, folder: Path, *, json_only: bool = False) -> list[Path]:
    """Write ``report.json`` and, unless ``json_only``, ``report.html`` into ``folder``; gives their paths.

    Nothing of matplotlib or seaborn is imported for the JSON alone.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is untouched.
    """
    contents = {"report.json": encode(report)}
    if not json_only:
        from biasscope.report.render import render

        contents["report.html"] = render(report)
    return write_files(Path(folder), contents)
