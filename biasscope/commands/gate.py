"""``gate``: does a report keep the bounds that a file names?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from biasscope.commands.options import FLAG


def gate(
    report: Path,
    /,
    *,
    gates: Path,
    analysis: str | None = None,
    baseline: Path | None = None,
    format: Literal["text", "json"] = "text",  # noqa: A002  (the option's name)
    allow_incomparable: Annotated[bool, FLAG] = False,
    quiet: Annotated[bool, FLAG, Parameter(alias="-q")] = False,
    config: Path | None = None,
    debug: Annotated[bool, FLAG] = False,
) -> int:
    """Does a report keep the bounds that a file names?

    Prints a line for each gate that failed or could not be judged. Exits with 1 when a gate failed, with 3 when none
    failed but one could not be compared with the baseline, with 2 when the file of gates is wrong.

    Parameters
    ----------
    report
        A report.json, or a folder with one.
    gates
        TOML file with a list of tables `[[gates]]`: number, at_least, at_most, may_worsen_by, certain, better.
    analysis
        Judge only the gates of this analysis, for the file of a scheduled report that has several.
    baseline
        The report that `may_worsen_by` is measured from.
    format
        What stdout carries: a line for each gate that did not hold, or all verdicts.
    allow_incomparable
        Judge also where data, models or options are not those of the baseline.
    quiet
        Say nothing when every gate holds.
    config
        TOML file with options; one table a command.
    debug
        Show tracebacks.
    """
    import msgspec

    from biasscope.commands.answer import show
    from biasscope.report.gates import exit_code, judge, lines
    from biasscope.report.gates.reading import read_gates
    from biasscope.report.reading import read_report

    asked = read_gates(gates, analysis)
    before = read_report(baseline) if baseline else None
    verdicts = judge(read_report(report), asked, before, allow_incomparable=allow_incomparable)
    if format == "json":
        show(msgspec.json.encode(verdicts) + b"\n")
    elif found := lines(verdicts):
        show("\n".join(found))
    elif not quiet:
        show(f"All {len(asked):,} gates hold for {len(verdicts):,} numbers." if asked[1:] else "The gate holds.")
    return exit_code(verdicts)
