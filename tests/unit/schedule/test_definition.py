"""What a scheduled report may say, and what is refused before anything runs."""

from pathlib import Path

import msgspec
import pytest

from biasscope.core.errors import UsageError
from biasscope.report.gates import Gate
from biasscope.schedule.definition import Part, Schedule, read_schedule

START = 'title = "T"\n'
WHOLE = """
title = "T"
at = "mon,thu 03:00"
timezone = "Europe/Berlin"
analyses = ["../a/boxes.toml", { file = "../a/model.toml", name = "new-model", set = { limit = 5 } }]
baseline = "passed"
keep = 7
allow_incomparable = true
on_failure = ["mail", "-s", "worse"]
junit = true
summary = true
[set]
limit = 3
seed = 1
[[gates]]
analysis = "new-*"
number = "shifts.consistency@*"
at_least = 0.9
"""


def read(folder: Path, text: str, name: str = "nightly") -> Schedule:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return read_schedule(path)


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    schedule = read(tmp_path, WHOLE)
    assert (schedule.name, schedule.path) == ("nightly", tmp_path / "nightly.toml")
    report = schedule.report
    assert report.parts == [
        Part(file="../a/boxes.toml", name="boxes", set={"limit": 3, "seed": 1}),
        Part(file="../a/model.toml", name="new-model", set={"limit": 5, "seed": 1}),
    ]
    assert report.gates == [Gate(number="shifts.consistency@*", analysis="new-*", at_least=0.9)]
    assert schedule.beside(report.parts[0].file) == tmp_path / "../a/boxes.toml"


def test_what_is_left_out(tmp_path: Path) -> None:
    report = read(tmp_path, START + 'every = "P1D"\nanalyses = ["a.toml"]').report
    assert (report.baseline, report.keep, report.timezone, report.gates) == ("previous", 30, "UTC", [])
    assert not any((report.allow_incomparable, report.junit, report.summary, report.on_failure))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (START + 'analyses = ["a.toml"]', "says every or at"),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\nat = "03:00"', "says every or at"),
        (START + 'analyses = ["a.toml"]\nevery = "daily"', "no ISO 8601 duration"),
        (START + 'analyses = ["a.toml"]\nat = "daily"', "no time"),
        (START + 'analyses = ["a.toml"]\nat = "03:00"\ntimezone = "Mars/Olympus"', "no time zone"),
        ('title = "A"\nquestion = "dataset"\nsource = "S"', "this is an analysis, not a scheduled report. Keep it in"),
        (START + 'analyses = []\nevery = "P1D"', "there is no analysis"),
        (START + 'analyses = ["a.toml", "b/a.toml"]\nevery = "P1D"', "two analyses are called 'a'"),
        (START + 'analyses = ["A B.toml"]\nevery = "P1D"', "cannot name a folder"),
        (START + 'analyses = [{ file = "a.toml", name = "../../etc" }]\nevery = "P1D"', "cannot name a folder"),
        (START + 'analyses = [{ file = "a.toml", name = "" }]\nevery = "P1D"', "cannot name a folder"),
        (START + 'analyses = [{ file = "a.toml", name = ".." }]\nevery = "P1D"', "cannot name a folder"),
        (START + 'analyses = [{ file = "a.toml", nmae = "b" }]\nevery = "P1D"', "Did you mean 'name'?"),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\nkeep = 0', "keep: 0 is out of range. It is at least 1."),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\nbaseline = "previus"', "Did you mean 'previous'? A path"),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\nbaseline = "Passed"', "Did you mean 'passed'? A path"),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\nallow_python = true', "there is no key 'allow_python'"),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\non_failure = "mail"', "on_failure"),
        (START + 'analyses = ["a.toml"]\nevery = "P1D"\n[[gates]]\nnumber = "a.b"', "no bound is given"),
        (
            START + 'analyses = ["a.toml"]\nevery = "P1D"\n[[gates]]\nnumber = "a.b"\nat_least = 0\nanalysis = "b"',
            "gates[0]: analysis: no analysis is called 'b'. There are: a.",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert str(tmp_path / "nightly.toml") in str(error.value)


@pytest.mark.parametrize("name", ["Nightly", "a b", ".hidden", "-x", "a.b", "a" * 65, "\u00e4", "a\nb"])
def test_names_that_are_no_plain_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a folder"):
        read(tmp_path, START + 'analyses = ["a.toml"]\nevery = "P1D"', name)


def test_a_definition_is_checked_without_a_file_too() -> None:
    from biasscope.schedule.definition import ScheduledReport

    with pytest.raises(UsageError, match="every or at"):
        ScheduledReport(title="T", analyses=["a.toml"])
    made = ScheduledReport(title="T", analyses=["a.toml"], every="P1D")
    assert msgspec.convert(msgspec.to_builtins(made), ScheduledReport) == made


@pytest.mark.parametrize(
    "baseline", ["previous", "first", "./previus", "golden", "passed.json", "first-run", "passed2", "../kept/a.json"]
)
def test_a_baseline_is_a_run_or_a_path(tmp_path: Path, baseline: str) -> None:
    text = START + f'analyses = ["a.toml"]\nevery = "P1D"\nbaseline = "{baseline}"'
    assert read(tmp_path, text).report.baseline == baseline
