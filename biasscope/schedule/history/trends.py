"""Numbers over the runs: one trend a number, with the bounds that its gates had in each run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biasscope.core.results import Interval, Scalar
from biasscope.figures.trend import Course, Vector
from biasscope.report import wording
from biasscope.report.gates import Verdict
from biasscope.schedule.history.numbers import MOST, Number, name_in
from biasscope.schedule.history.runs import Run
from biasscope.schedule.record import instant


@dataclass(frozen=True)
class Trend:
    """One number of one analysis: its row in each run (None where it is missing) and the verdicts on it."""

    analysis: str
    number: str
    runs: list[Run]
    rows: list[Number | None]
    gates: list[list[Verdict | None]]

    @property
    def newest(self) -> Number:
        """Latest row there is."""
        return next(row for row in reversed(self.rows) if row)

    @property
    def before(self) -> Number | None:
        """Row before the latest that has a value."""
        place = next(place for place in reversed(range(len(self.rows))) if self.rows[place])
        return next((row for row in reversed(self.rows[:place]) if row and row.value is not None), None)


def trends(runs: Sequence[Run]) -> dict[str, list[Trend]]:
    """Trends by analysis, in the order of the newest run; what only older runs have comes last."""
    rows = {run.id: {(row.analysis, row.number): row for row in run.numbers} for run in runs}
    found: dict[str, list[Trend]] = {}
    for analysis, number in dict.fromkeys(key for run in reversed(runs) for key in rows[run.id]):
        among = [run for run in runs if _has(run, analysis)]
        gates = _gates(among, analysis, number)
        trend = Trend(analysis, number, among, [rows[run.id].get((analysis, number)) for run in among], gates)
        found.setdefault(analysis, []).append(trend)
    return found


def course(trend: Trend) -> Course:
    """What is drawn of a trend: runs in the order of their times."""
    times = [instant(run.record.started) for run in trend.runs if run.record]
    order = sorted(range(len(times)), key=times.__getitem__)
    rows = [trend.rows[place] for place in order]
    return Course(
        times=[times[place] for place in order],
        value=_vector([row.value if row else None for row in rows]),
        low=_vector([row.low if row else None for row in rows]),
        high=_vector([row.high if row else None for row in rows]),
        said=[(row.status if row else None) or "" for row in rows],
        bounds=[_vector([_bound(verdicts[place]) for place in order]) for verdicts in trend.gates],
        style=wording.scalar_style(scalar(trend.newest)),
    )


def scalar(row: Number) -> Scalar:
    """Row as the scalar it was made from, so that it is shown as the report shows it."""
    ends = Interval(row.low, row.high) if row.low is not None and row.high is not None else None
    return Scalar(name_in(row.number), row.value, row.title, interval=ends, n=row.n, unit=row.unit, better=row.better)


def _has(run: Run, analysis: str) -> bool:
    return run.record is not None and any(item.name == analysis for item in run.record.analyses)


def _gates(runs: Sequence[Run], analysis: str, number: str) -> list[list[Verdict | None]]:
    """Verdicts on a number in every run, one list a bound; bounds of the newest run only."""
    by_run = [_verdicts(run, analysis, number) for run in runs]
    names = list(by_run[-1]) if by_run else []
    return [[said.get(name) for said in by_run] for name in names[:MOST]]


def _verdicts(run: Run, analysis: str, number: str) -> dict[tuple[str, int], Verdict]:
    """Verdicts on a number in a run, by their gate and which of its bounds they are about."""
    items = run.record.analyses if run.record else []
    said = [one for item in items if item.name == analysis for one in item.verdicts if one.number == number]
    seen: Counter[str] = Counter()
    found = {}
    for one in said:
        seen[one.gate] += 1
        found[one.gate, seen[one.gate]] = one
    return found


def _bound(verdict: Verdict | None) -> float | None:
    return verdict.bound if verdict else None


def _vector(values: Sequence[float | None]) -> Vector:
    return np.array([np.nan if value is None else value for value in values], float)
