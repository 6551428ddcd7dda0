"""What every command does with its report: write it, print it, say how it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from biasscope.commands.options import Common

if TYPE_CHECKING:
    from biasscope.core.results import Result
    from biasscope.report.model import Report

STRICT_FAILED = 3
NOUN = {
    "images": ("picture does not conform", "pictures do not conform"),
    "models": ("form of a model cannot be made", "forms of models cannot be made"),
}
"""Kind of result -> what ``--strict`` says of its violations."""
PLAIN = ("row or box does not conform", "rows or boxes do not conform")


def deliver(report: Report, common: Common, *, html: bool, strict: bool) -> int:
    """Write the report, print the answer on stdout, and return the exit code."""
    from biasscope.report.model import encode
    from biasscope.report.outdated import outdated
    from biasscope.report.text import summary
    from biasscope.report.write import PAGE, write

    old = outdated(common.output, PAGE, html=html)
    with common.progress().step("Writing the report"):
        paths = write(report, common.output, html=html)
    tell_removed(common.output, old, quiet=common.quiet)
    if common.format == "json":
        show(encode(report))
    elif not common.quiet:
        show("\n".join([summary(report), *map(str, paths)]))
    found = [said for result in report.results for said in _violations(result)] if strict else []
    if found:
        sys.stderr.write(f"biasscope: --strict: {' and '.join(found)}; the report lists them.\n")
    return STRICT_FAILED if found else 0


def tell_removed(folder: Path, names: Sequence[str], *, quiet: bool) -> None:
    """Say on stderr which pages of an earlier report are gone."""
    for name in () if quiet else names:
        with suppress(OSError):
            sys.stderr.write(f"biasscope: {folder / name} was removed: it was the page of an earlier report.\n")


def _violations(result: Result) -> Iterator[str]:
    """How many rows, boxes, pictures or models do not conform, where a result has looked for them."""
    count = sum(int(item.value or 0) for item in result.scalars if item.name == "violations")
    if count:
        one, several = NOUN.get(result.kind, PLAIN)
        yield f"{count:,} {one if count == 1 else several}{_refused(result)}"


def _refused(result: Result) -> str:
    """Pictures that a protocol refuses count too; say how many these are."""
    tables = (table for table in result.tables if table.name == "problems" and result.kind == "images")
    rows = [row for table in tables for row in zip(table["code"], table["count"], strict=True)]
    refused = sum(int(str(count or 0)) for code, count in rows if code == "refused")
    return f" ({refused:,} refused by a protocol)" if refused else ""


def show(text: str | bytes) -> None:
    """Write a text (and a newline) or bytes to stdout, all of it now, so that a full disk behind it is noticed."""
    from biasscope.core.errors import OutputError

    data = text if isinstance(text, bytes) else f"{text}\n".encode(sys.stdout.encoding or "utf-8", "replace")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write ({error.strerror})", where="stdout") from error
