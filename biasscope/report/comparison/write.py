"""A comparison on disk: comparison.json and comparison.html, both or neither."""

from __future__ import annotations

from pathlib import Path

from biasscope.core.files import write_files
from biasscope.report.comparison.model import Comparison, encode
from biasscope.report.outdated import outdated

PAGE = "comparison.html"


def write(comparison: Comparison, folder: Path, *, html: bool = True) -> list[Path]:
    """Write ``comparison.json`` and, unless ``html`` is false, ``comparison.html`` into ``folder``; gives their paths.

    Without a page, that of an earlier comparison is removed: it is no view of this one.

    Raises
    ------
    OutputError
        The folder cannot be written; what was there before is untouched.
    """
    contents = {"comparison.json": encode(comparison)}
    if html:
        from biasscope.report.comparison.page import render_comparison

        contents[PAGE] = render_comparison(comparison)
    return write_files(Path(folder), contents, without=outdated(folder, PAGE, html=html))
