"""Pages of an earlier report, which must not stay where only its JSON is written anew."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

MARK = b'<meta name="generator" content="biasscope">'
HEAD = 100_000
"""Bytes of a page in which the mark stands."""


def outdated(folder: Path, name: str, *, html: bool) -> list[str]:
    """Names of the pages that are to go: the one called ``name`` where none is written and biasscope has made it.

    >>> outdated(Path("nowhere"), "report.html", html=False)
    []
    """
    with suppress(OSError):
        if not html:
            with Path(folder, name).open("rb") as file:
                return [name] if MARK in file.read(HEAD) else []
    return []
