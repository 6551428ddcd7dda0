"""``compare``: what changed from one report to another beyond its interval?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from biasscope.commands.options import FLAG

INCOMPARABLE = 3


def compare(
    a: Path,
    b: Path,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")] = Path("biasscope-comparison"),
    format: Literal["text", "json"] = "text",  # noqa: A002  (the option's name)
    html: bool = True,
    allow_incomparable: Annotated[bool, FLAG] = False,
    quiet: Annotated[bool, FLAG, Parameter(alias="-q")] = False,
    config: Path | None = None,
    debug: Annotated[bool, FLAG] = False,
) -> int:
    """What changed from one report to another beyond its interval?

    Exits with 3 when the two cannot be compared, because they are about other data, models or options; the comparison
    is written all the same and says why.

    Parameters
    ----------
    a
        The earlier report: a report.json, or a folder with one.
    b
        The later report.
    output
        Folder for comparison.json and comparison.html.
    format
        What stdout carries: a summary, or the whole comparison.
    html
        Write comparison.html beside comparison.json.
    allow_incomparable
        Exit with 0 also when the two cannot be compared.
    quiet
        No summary.
    config
        TOML file with options; one table a command.
    debug
        Show tracebacks.
    """
    from biasscope.commands.answer import show, tell_removed
    from biasscope.report.comparison import compare as compared
    from biasscope.report.comparison.model import encode
    from biasscope.report.comparison.text import summary
    from biasscope.report.comparison.write import PAGE, write
    from biasscope.report.outdated import outdated
    from biasscope.report.reading import read_report

    found = compared(read_report(a), read_report(b))
    old = outdated(output, PAGE, html=html)
    paths = write(found, output, html=html)
    tell_removed(output, old, quiet=quiet)
    if format == "json":
        show(encode(found))
    elif not quiet:
        show("\n".join([summary(found), *map(str, paths)]))
    return 0 if found.comparable or allow_incomparable else INCOMPARABLE
