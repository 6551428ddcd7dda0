"""What all verdicts together come to: an exit code, and one line for each gate that did not hold."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.figures.labels import visible
from biasscope.report.gates.gate import Verdict

FAILED, INCOMPARABLE = 1, 3


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 1 when any gate failed, else 3 when any was incomparable, else 0.

    >>> exit_code([Verdict("a", "a", "passed"), Verdict("b", "b", "failed"), Verdict("c", "c", "incomparable")])
    1
    """
    statuses = {verdict.status for verdict in verdicts}
    return FAILED if "failed" in statuses else INCOMPARABLE if "incomparable" in statuses else 0


def lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line for each gate that failed or could not be compared: the first number it fell over, and how many more.

    >>> lines([Verdict("g at least 1", "g", "failed", said="g is 0.5, must be at least 1")])
    ['failed: g is 0.5, must be at least 1']
    """
    grouped: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status != "passed":
            grouped.setdefault((verdict.status, verdict.gate), []).append(verdict)
    return [visible(f"{status}: {found[0].said}{_more(found)}") for (status, _), found in sorted(grouped.items())]


def _more(found: Sequence[Verdict]) -> str:
    return f"; and {len(found) - 1:,} more of {found[0].gate}" if found[1:] else ""
