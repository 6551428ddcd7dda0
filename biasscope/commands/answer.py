"""What every command does with its report: write it, print it, say how it ended."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from biasscope.commands.options import Common

if TYPE_CHECKING:
    from biasscope.report.model import Report

STRICT_FAILED = 3
NOUN = {"dataset": "rows or boxes do", "invariance": "pictures do"}


def deliver(report: Report, common: Common, *, html: bool, strict: bool) -> int:
    """Write the report, print the answer on stdout, and return the exit code."""
    from biasscope.report.model import encode
    from biasscope.report.text import summary
    from biasscope.report.write import write

    with common.progress().step("Writing the report"):
        paths = write(report, common.output, html=html)
    if common.format == "json":
        _print(encode(report))
    elif not common.quiet:
        lines = [summary(report), *map(str, paths)]
        _print(("\n".join(lines) + "\n").encode(sys.stdout.encoding or "utf-8", "replace"))
    violations = _violations(report) if strict else 0
    if violations:
        what = NOUN.get(report.kind, "inputs do")
        sys.stderr.write(f"biasscope: --strict: {violations} {what} not conform; the report lists them.\n")
    return STRICT_FAILED if violations else 0


def _violations(report: Report) -> int:
    """Rows, boxes or pictures that do not conform, counted by whichever results have looked for them."""
    found = (item for result in report.results for item in result.scalars if item.name == "violations")
    return sum(int(item.value or 0) for item in found)


def _print(data: bytes) -> None:
    """Write to stdout, all of it now, so that a full disk behind it is noticed."""
    from biasscope.core.errors import OutputError

    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write ({error.strerror})", where="stdout") from error
