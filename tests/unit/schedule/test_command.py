"""`due` in this process, on analyses that answer at once: lines, exit codes, and what stops nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biasscope.analyze import main
from biasscope.core.errors import InputError
from biasscope.report.model import Report
from tests.unit.schedule.made import GATE, Desk

FAILS = '[[gates]]\nnumber = "shifts.consistency"\nat_least = 0.95\n'
Due = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def due(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Due:
    """Call the command in the desk's folder; gives exit code, lines of stdout, and stderr."""
    monkeypatch.chdir(desk.folder)

    def call(*arguments: str) -> tuple[int, list[str], str]:
        code = main(["due", *arguments])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return call


def test_the_exit_code_is_the_largest(desk: Desk, due: Due) -> None:
    desk.schedule(name="a")
    assert due()[0] == 0
    desk.schedule(FAILS, name="b")
    assert due()[0] == 1
    desk.schedule(GATE, name="c")
    assert due()[0] == 3
    assert due("--now")[0] == 1
    (desk.folder / "reports" / "d.toml").write_text("x = 1")
    assert due()[0] == 2
    desk.answer = lambda name: (_ for _ in ()).throw(ZeroDivisionError("oh"))
    code, lines, errors = due("--now")
    assert (code, lines[0]) == (4, "d: error")
    assert "a: boxes: ZeroDivisionError: oh" in errors
    assert "Traceback" not in errors
    assert "Traceback" in due("--now", "--debug")[2]


def test_a_broken_report_stops_no_other(desk: Desk, due: Due) -> None:
    (desk.folder / "reports").mkdir()
    (desk.folder / "reports" / "a.toml").write_text('title = "T"\nkeeep = 3\n')
    (desk.folder / "reports" / "c.toml").write_text("= [")
    (desk.folder / "reports" / "UPPER.toml").write_text('title = "T"\nevery = "P1D"\nanalyses = ["a.toml"]\n')
    desk.schedule(FAILS, name="b")
    desk.schedule(name="d", analyses=("gone",))
    (desk.folder / "gone.toml").unlink()
    desk.schedule(name="e")
    code, lines, errors = due("reports", "elsewhere")
    assert code == 2
    states = sorted(line.split(",")[0] for line in lines)
    gate = "b: boxes: failed: shifts.consistency is 0.9 (0 to 1)"
    assert states == [
        "UPPER: error",
        "a: error",
        gate,
        "b: failed",
        "c: error",
        "d: error",
        "e: passed",
        "elsewhere: error",
    ]
    near, gone = "a.toml: there is no key 'keeep'. Did you mean 'keep'?", "elsewhere: there is no such file or folder"
    for said in (near, gone, "c.toml: this is no TOML", "gone.toml", "'UPPER' cannot name a folder"):
        assert said in errors


def test_several_gates_give_one_line_each_and_quiet_says_only_those(desk: Desk, due: Due) -> None:
    desk.schedule(FAILS + FAILS.replace("0.95", "0.97") + FAILS.replace("0.95", "0.5"), name="a")
    desk.schedule(name="b")
    code, lines, errors = due("--quiet")
    assert (code, errors) == (1, "")
    assert lines[0].startswith("a: failed, 1 analysis in ")
    assert [line.split(" is ")[0] for line in lines[1:]] == ["a: boxes: failed: shifts.consistency"] * 2
    assert due("--quiet") == (0, [], "")


def test_names_from_the_data_do_not_reach_the_terminal_as_they_are(desk: Desk, due: Due) -> None:
    def answer(name: str) -> Report:
        raise InputError("no class \x1b[31m\nbiasscope: all is well")

    desk.answer = answer
    desk.schedule()
    _, lines, errors = due()
    assert len(lines) == len(errors.splitlines()) == 1
    assert "\x1b" not in errors


def test_a_tiny_run_does_not_stand_among_the_real_ones(desk: Desk, due: Due) -> None:
    desk.schedule()
    code, lines, errors = due("--tiny")
    assert (code, lines) == (2, [])
    assert "--output" in errors
    assert due("--tiny", "--output", "trial")[0] == 0
    assert (desk.folder / "trial" / "nightly" / "latest").is_dir()
    assert not (desk.folder / "reports" / "output").exists()


def test_two_files_that_would_share_a_folder_are_refused(desk: Desk, due: Due) -> None:
    path = desk.schedule().path
    other = desk.folder / "more" / path.name
    other.parent.mkdir()
    other.write_text(path.read_text())
    code, _, errors = due("reports", "reports/nightly.toml", "more", "--output", "out")
    assert code == 2
    assert errors.count("writes to the same folder") == 1
    assert len(list((desk.folder / "out" / "nightly").glob("*Z"))) == 1


def test_no_folder_of_reports_is_a_usage_error(desk: Desk, due: Due) -> None:
    code, lines, errors = due()
    assert (code, lines) == (2, ["reports: error"])
    assert "there is no such file or folder" in errors
    (desk.folder / "reports").mkdir()
    assert "there are no TOML files in it" in due()[2]


def test_the_list_in_the_zone_of_the_report(desk: Desk, due: Due) -> None:
    desk.schedule('at = "03:00"\ntimezone = "Asia/Tokyo"\n', name="a")
    desk.schedule('at = "mon 03:00"\n', name="b")
    due("reports/b.toml")
    code, lines, _ = due("--list")
    assert code == 0
    assert [line.split()[0] for line in lines] == ["report", "a", "b"]
    assert lines[1].split() == ["a", "03:00", "(Asia/Tokyo)", "none", "now", "Nightly"]
    assert " passed  " in lines[2]
    assert " 03:00 UTC" in lines[2]


def test_a_list_of_what_cannot_be_read_says_so_and_ends_as_the_run_would(
    desk: Desk, due: Due, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.schedule(name="a")
    desk.schedule(name="b")
    due()
    closed, iterdir = desk.folder / "reports" / "output" / "b", Path.iterdir

    def refusing(folder: Path) -> Iterator[Path]:
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return iterdir(folder)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refusing)
        code, lines, errors = due("--list")
        assert due()[0] == 3
    assert code == 3
    assert " passed " in lines[1]
    assert " cannot be read " in lines[2]
    assert errors.startswith(f"biasscope: b: {closed}: cannot read its runs (Permission denied). Whoever runs")


def test_a_list_passes_over_one_run_that_cannot_be_read(desk: Desk, due: Due) -> None:
    desk.schedule(name="a")
    due()
    due("--now")
    newest = max((desk.folder / "reports" / "output" / "a").glob("*Z*"))
    (newest / "run.json").write_text("{")
    code, lines, errors = due("--list")
    assert (code, " passed " in lines[1]) == (0, True)
    assert errors.startswith("biasscope: a: a run is passed over: ")
    assert str(newest) in errors
