"""A run as Markdown for the summary of a CI job."""

from __future__ import annotations

import os
import re
from pathlib import Path

from biasscope.core.errors import OutputError
from biasscope.figures.labels import visible
from biasscope.report.gates import Verdict
from biasscope.schedule.record import AnalysisRun, RunRecord
from biasscope.schedule.said import ORDER, outcome

VARIABLE = "GITHUB_STEP_SUMMARY"
"""Environment variable with the file that GitHub Actions shows as the summary of a step."""
MOST = 50
"""Checks of one analysis that are listed, the ones that did not pass first."""
LIMIT = 900_000
"""Bytes beyond which nothing is appended: GitHub refuses a summary above one mebibyte as a whole."""
MARKS = {
    "passed": "\N{WHITE HEAVY CHECK MARK}",
    "failed": "\N{CROSS MARK}",
    "incomparable": "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
    "error": "\N{COLLISION SYMBOL}",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&@:-])")


def step_summary(record: RunRecord) -> str:
    """Markdown of a run: how it ended, and a table of the checks of every analysis.

    Every text of the data is escaped, so that a name can neither make a link nor a picture, nor mention anybody.

    Examples
    --------
    >>> made = AnalysisRun(name="boxes", kind="dataset", verdicts=[])
    >>> record = RunRecord(name="nightly", started="", finished="", status="passed", exit_code=0, analyses=[made])
    >>> print(step_summary(record).splitlines()[0])
    ## ✅ nightly went through; no gate is set
    """
    head = f"## {MARKS[record.status]} {plain(record.title or record.name)} {outcome(record)}"
    parts = [head, *(_analysis(item) for item in record.analyses), *(plain(note) for note in record.notes)]
    return "\n\n".join(parts) + "\n"


def append(record: RunRecord) -> None:
    """Append the summary of a run to the file that CI names; nothing happens where it names none.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return
    path, text = Path(name), step_summary(record).encode()
    try:
        if (path.stat().st_size if path.exists() else 0) + len(text) > LIMIT:
            text = f"## {MARKS[record.status]} {plain(record.name)} {outcome(record)}\n\n".encode()
        with path.open("ab") as file:
            file.write(text + b"\n")
    except OSError as error:
        hint = "CI names the file; unset the variable to go without."
        raise OutputError(f"cannot write the summary ({error.strerror})", where=f"${VARIABLE}", hint=hint) from error


def plain(text: str) -> str:
    r"""Text as Markdown that shows just this text, on one line.

    >>> plain("a|b <script> [x](y) @all")
    'a\\|b \\<script\\> \\[x\\]\\(y\\) \\@\u2060all'
    """
    shown = _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))
    return shown.replace("\\@", "\\@\N{WORD JOINER}").replace("www.", "www\N{WORD JOINER}.")


def _analysis(item: AnalysisRun) -> str:
    head = f"### {plain(item.name)}"
    lines = [f"{MARKS['error']} {plain(item.error)}"] if item.error else []
    if not item.verdicts:
        return "\n\n".join([head, *lines, *([] if lines else [f"{MARKS['passed']} It runs; no gate is set."])])
    shown = sorted(item.verdicts, key=lambda verdict: ORDER.index(verdict.status))
    table = ["| | check | what was found |", "|---|---|---|", *map(_row, shown[:MOST])]
    more = [f"and {len(shown) - MOST:,} more"] if len(shown) > MOST else []
    return "\n\n".join([head, *lines, "\n".join(table), *more])


def _row(verdict: Verdict) -> str:
    return f"| {MARKS[verdict.status]} {verdict.status} | {plain(verdict.gate)} | {plain(verdict.said)} |"
