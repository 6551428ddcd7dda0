"""A scheduled report whose analysis answers at once with the numbers that it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biasscope.core.provenance import InputFile, Provenance
from biasscope.core.results import Interval, Result, Scalar
from biasscope.report.model import Report
from biasscope.schedule.definition import Schedule, read_schedule
from biasscope.schedule.runner import Outcome, perform

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GATE = """
[[gates]]
number = "shifts.consistency"
may_worsen_by = 0.01
"""


def report(value: float | None, data: str = "a") -> Report:
    """Report with one number; ``data`` stands in its provenance."""
    scalar = Scalar("consistency", value, interval=Interval(0.0, 1.0), n=10, better="higher")
    provenance = Provenance(["python"], 0, {}, {}, [InputFile("data.csv", 1, data * 64)], 1)
    return Report(
        "dataset",
        "Title",
        "Question?",
        ["Answer."],
        [scalar],
        [Result("shifts", "Found.", scalars=[scalar])],
        provenance,
    )


@dataclass
class Desk:
    """A folder with scheduled reports, what their analyses answer, and a clock."""

    folder: Path
    answer: Callable[[str], Report]
    time: datetime = NOON
    asked: list[str] = field(default_factory=list)

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def analysis(self, name: str, text: str = "") -> None:
        (self.folder / f"{name}.toml").write_text(f'title = "{name}"\nquestion = "dataset"\nsource = "us"\n{text}')

    def schedule(self, text: str = "", *, name: str = "nightly", analyses: tuple[str, ...] = ("boxes",)) -> Schedule:
        for item in analyses:
            self.analysis(item)
        files = [f"{item}.toml" for item in analyses]
        path = self.folder / "reports" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        when = "" if "every" in text or "at =" in text else 'every = "P1D"\n'
        path.write_text(f'title = "Nightly"\nanalyses = {[f"../{file}" for file in files]}\n{when}{text}')
        return read_schedule(path)

    def run(self, schedule: Schedule, **options: object) -> Outcome:
        return perform(schedule, self.output, now=lambda: self.time, **options)  # type: ignore[arg-type]

    def names(self, name: str = "nightly") -> list[str]:
        """Everything in the folder of a report."""
        return sorted(path.name for path in (self.output / name).iterdir())

    def run_names(self, name: str = "nightly") -> list[str]:
        return [item for item in self.names(name) if item.endswith("Z")]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Desk whose analyses all answer .9."""
    made = Desk(tmp_path, lambda name: report(0.9))

    def run_analysis(file: object, **options: object) -> Report:
        name = file.path.stem  # type: ignore[attr-defined]
        made.asked.append(name)
        return made.answer(name)

    monkeypatch.setattr("biasscope.pipeline.file.run_analysis", run_analysis)
    return made
