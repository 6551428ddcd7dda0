"""A report on disk: report.json and report.html, both or neither."""

from __future__ import annotations

from pathlib import Path

from biasscope.core.files import write_files
from biasscope.report.model import Report, encode
from biasscope.report.outdated import outdated

PAGE = "report.html"


def write(report: Report, folder: Path, *, html: bool = True) -> list[Path]:
    """Write ``report.json`` and, unless ``html`` is false, ``report.html`` into ``folder``; gives their paths.

    Without a page, that of an earlier report is removed: it is no view of this one.
    Nothing of matplotlib or seaborn is imported for the JSON alone.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is untouched.
    """
    contents = {"report.json": encode(report)}
    if html:
        from biasscope.report.render import render

        contents[PAGE] = render(report)
    return write_files(Path(folder), contents, without=outdated(folder, PAGE, html=html))
