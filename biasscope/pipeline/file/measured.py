"""Published numbers and those that were measured here, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from biasscope.core.results import Cell, Result, Scalar, column, table
from biasscope.pipeline.file.expected import Expected, ExpectedNumber
from biasscope.report.model import Report
from biasscope.report.numbers import Number, numbers

AGREES, DIFFERS, BESIDE, MISSING = "agrees", "differs", "for orientation", "not measured"
"""What is said of a published number."""
RULE = (
    "A number agrees where its interval, or its value if it has none, comes within the tolerance of the published one. "
    "One without a tolerance stands beside it for orientation: the network, the pictures or the protocol differ."
)
TITLES = {
    "figure": "What",
    "published": "Published",
    "tolerance": "Tolerance",
    "measured": "Measured here",
    "difference": "Difference",
    "verdict": "Verdict",
    "grade": "How the published number is known",
    "setting": "How it was measured there",
    "source": "Source",
    "address": "Number of this report",
}
Row = dict[str, Any]


def side_by_side(expected: Expected, report: Report, unjudged: str = "") -> Result:
    """Result of kind ``expected``: every published number beside the number of the report that it is about.

    Where ``unjudged`` says why, all stand beside it for orientation.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> found = Result("leakage", "", scalars=[Scalar("accuracy", 0.4)])
    >>> report = Report("dataset", "Title", "Question?", [], [], [found], Provenance([], 0, {}, {}))
    >>> told = ExpectedNumber(figure="Accuracy", value=0.41, tolerance=0.02, grade="P", measured="leakage.accuracy")
    >>> side_by_side(Expected(source="A paper", numbers=[told]), report).finding
    'The one published number that can be judged agrees with what was measured here.'
    """
    found = numbers(report)
    rows = [_row(item, found, expected.source, judged=not unjudged) for item in expected.numbers]
    verdicts = [row["verdict"] for row in rows]
    judged = [verdict for verdict in verdicts if verdict in (AGREES, DIFFERS)]
    return Result(
        kind="expected",
        finding=_finding(verdicts, unjudged),
        title="Published and measured",
        parameters=_parameters(expected),
        scalars=[
            Scalar("agreeing", float(judged.count(AGREES)), "published numbers that agree", n=len(judged)),
            Scalar("missing", float(verdicts.count(MISSING)), "published numbers not measured", n=len(rows)),
        ],
        tables=[_table(rows)],
        notes=[RULE, *([expected.differs] if expected.differs else [])],
        source=expected.source,
    )


def verdict(item: ExpectedNumber, found: Number | None, *, judged: bool = True) -> str:
    """What is said of a published number, given the number of the report if there is one.

    >>> told = ExpectedNumber(figure="a", value=1.0, tolerance=0.1, grade="P", measured="k.a")
    >>> verdict(told, Number(address="k.a", result="k", name="a", value=1.05)), verdict(told, None)
    ('agrees', 'not measured')
    """
    if found is None or found.value is None:
        return MISSING
    if item.tolerance is None or not judged:
        return BESIDE
    low, high = (found.interval.low, found.interval.high) if found.interval else (found.value, found.value)
    slack = item.tolerance + 1e-9 * (abs(item.value) + item.tolerance)  # numbers that are exact, after a few steps
    return AGREES if low - slack <= item.value <= high + slack else DIFFERS


def _row(item: ExpectedNumber, numbers_: Mapping[str, Number], source: str, *, judged: bool) -> Row:
    found = numbers_.get(item.measured or "")
    value = found.value if found else None
    bounds = found.interval if found else None
    return {
        "figure": item.figure,
        "published": item.value,
        "tolerance": item.tolerance,
        "measured": value,
        "measured_low": bounds.low if bounds else None,
        "measured_high": bounds.high if bounds else None,
        "n": found.n if found else None,
        "difference": None if value is None else value - item.value,
        "unit": item.unit,
        "verdict": verdict(item, found, judged=judged),
        "grade": item.grade,
        "setting": item.setting,
        "source": item.source or source,
        "address": item.measured or "",
    }


def _table(rows: Sequence[Row]) -> Any:
    columns = (
        [column(name, [row[name] for row in rows], title=TITLES.get(name, "")) for name in rows[0]] if rows else []
    )
    return table("numbers", columns, title="Published and measured numbers", row="number")


def _parameters(expected: Expected) -> dict[str, Cell]:
    return {"numbers": len(expected.numbers)}


def _finding(verdicts: Sequence[str], unjudged: str) -> str:
    """One sentence: how many agree, of those that can be judged, and what of the others."""
    agree, differ = verdicts.count(AGREES), verdicts.count(DIFFERS)
    if unjudged:
        first = f"No published number is judged here, since {unjudged}"
    elif agree + differ == 0:
        first = "No published number can be judged here"
    elif agree + differ == 1:
        first = f"The one published number that can be judged {'agrees' if agree else 'does not agree'} with what was "
        first += "measured here"
    else:
        first = f"{agree} of {agree + differ} published numbers that can be judged agree with what was measured here"
    others = [f"{count} {words}" for count, words in _others(verdicts) if count]
    return f"{'; '.join([first, *others])}."


def _others(verdicts: Sequence[str]) -> list[tuple[int, str]]:
    beside, missing = verdicts.count(BESIDE), verdicts.count(MISSING)
    return [
        (beside, "stands beside for orientation" if beside == 1 else "stand beside for orientation"),
        (missing, "was not measured" if missing == 1 else "were not measured"),
    ]
