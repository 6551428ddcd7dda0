"""What every command does with its report: write it, print it, say how it ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from biasscope.commands.options import Common

if TYPE_CHECKING:
    from biasscope.report.model import Report

STRICT_FAILED = 3


def deliver(report: Report, common: Common, *, html: bool, strict: bool) -> int:
    """Write the report, print the answer on stdout, and return the exit code."""
    from biasscope.report.model import encode
    from biasscope.report.text import summary
    from biasscope.report.write import write

    with common.progress().step("Writing the report"):
        paths = write(report, common.output, html=html)
    if common.format == "json":
        sys.stdout.buffer.write(encode(report))
    elif not common.quiet:
        print(summary(report))  # noqa: T201
        print(*(f"{path}" for path in paths), sep="\n")  # noqa: T201
    violations = _violations(report) if strict else 0
    if violations:
        sys.stderr.write(f"biasscope: --strict: {violations} rows or boxes do not conform; the report lists them.\n")
    return STRICT_FAILED if violations else 0


def _violations(report: Report) -> int:
    found = (result.scalar("violations") for result in report.results if result.kind == "integrity")
    return sum(int(item.value or 0) for item in found)
