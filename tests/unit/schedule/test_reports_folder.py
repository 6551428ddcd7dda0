"""The reports that come with biasscope: they can be read, their analyses are there, and the schema knows their keys."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from biasscope.core.results import Result, Scalar, table
from biasscope.pipeline.file import read_analysis
from biasscope.report.model import Report
from biasscope.schedule.definition import read_schedule
from biasscope.schedule.schema import FILE, schema
from tests.unit.schedule.made import DAY, Desk, report

REPORTS = Path(__file__).parents[3] / "reports"
FILES = sorted(REPORTS.glob("*.toml"))


def test_there_are_some() -> None:
    assert {"nightly-boxes", "weekly-model"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_can_be_read_and_so_can_their_analyses(path: Path) -> None:
    schedule = read_schedule(path)
    for part in schedule.report.parts:
        for tiny in (False, True):
            read_analysis(schedule.beside(part.file), part.set, tiny=tiny, base=path.parent)
    assert path.read_text().startswith(f"#:schema {FILE}\n")


def test_the_file_in_the_readme_can_be_read(tmp_path: Path) -> None:
    text = (REPORTS / "README.md").read_text().split("```toml\n")[1].split("```")[0]
    path = tmp_path / "nightly.toml"
    path.write_text(text)
    report = read_schedule(path).report
    assert [part.name for part in report.parts] == ["boxes", "small"]
    known = set(tomllib.loads(text)) | {"every"}
    assert known == set(report.__struct_fields__), "the README names every key"


def test_the_report_in_the_readme_of_the_project_is_judged_every_week(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new checkpoint each time, of which every protocol is compared with the last that passed."""
    blocks = (REPORTS.parent / "README.md").read_text().split("```toml\n")[1:]
    (text,) = [block.split("```")[0] for block in blocks if "on_failure" in block]
    path = desk.folder / "reports" / "weekly.toml"
    (path.parent / "analyses").mkdir(parents=True)
    path.write_text(text)
    desk.analysis("reports/analyses/shifts")
    schedule = read_schedule(path)
    told: list[str] = []
    monkeypatch.setattr("biasscope.schedule.notify.notify", lambda made, *_: told.append(made.status))
    states = []
    for week, embedded in enumerate((0.9, 0.89, 0.85)):
        desk.answer = lambda name, week=week, embedded=embedded: checkpoint(week, 0.9, embedded)  # type: ignore[misc]
        outcome = desk.run(schedule)
        states.append((outcome.state, outcome.exit_code))
        desk.time += 7 * DAY
    assert states == [("passed", 0), ("passed", 0), ("failed", 1)]
    assert told == ["passed", "passed", "failed"]
    made = outcome.record
    assert made is not None
    assert [(item.number, item.status) for item in made.analyses[0].verdicts] == [
        ("shifts.consistency@net", "passed"),
        ("shifts#2.consistency@net", "failed"),
    ]


def checkpoint(week: int, *consistency: float) -> Report:
    """Report on a model of other weights every week, with a result for each protocol."""
    weights = table("models", {"model": ["net"], "sha256": [f"{week}" * 64]})
    shifts = [
        Result("shifts", "Found.", scalars=[Scalar("consistency@net", value, better="higher")]) for value in consistency
    ]
    return replace(report(0.9), results=[*shifts, Result("models", "One.", tables=[weights])])


def test_the_schema_is_that_of_the_code() -> None:
    assert (REPORTS / FILE).read_bytes() == schema(), "run python -m biasscope.schedule.schema"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_schema_takes_them_and_refuses_keys_that_are_unknown(path: Path) -> None:
    made = json.loads((REPORTS / FILE).read_bytes())
    table = tomllib.loads(path.read_text())
    jsonschema.validate(table, made)
    with pytest.raises(jsonschema.ValidationError, match="unknown"):
        jsonschema.validate(table | {"unknown": 1}, made)
