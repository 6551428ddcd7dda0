"""Running a report: when it is due, what it leaves on disk, and what happens when something goes wrong."""

import errno
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from biasscope.core.errors import InputError, OutputError
from biasscope.core.results import Column, Result, Scalar, Table
from biasscope.report.model import Report, decode, encode
from biasscope.schedule import places, record
from biasscope.schedule.analyses import Settings
from biasscope.schedule.lock import locked
from tests.unit.schedule.made import DAY, GATE, NOON, Desk, report


def test_the_first_run_writes_everything(desk: Desk) -> None:
    outcome = desk.run(desk.schedule())
    assert (outcome.state, outcome.exit_code, outcome.problems) == ("passed", 0, [])
    assert desk.names() == [".lock", "20260310T120000Z", "history.parquet", "index.html", "latest"]
    run = desk.output / "nightly" / "20260310T120000Z"
    assert outcome.folder == run
    assert sorted(path.name for path in run.iterdir()) == ["boxes", "run.json"]
    assert decode((run / "boxes" / "report.json").read_bytes()) == report(0.9)
    assert (run / "boxes" / "report.html").stat().st_size > 1000
    assert os.readlink(desk.output / "nightly" / "latest") == run.name  # noqa: PTH115
    made = record.read(run)
    assert made == outcome.record
    assert (made.name, made.title, made.number, made.status) == ("nightly", "Nightly", 1, "passed")
    assert [(item.name, item.kind, item.folder, item.error) for item in made.analyses] == [
        ("boxes", "dataset", "boxes", None)
    ]


def test_it_runs_once_a_moment_however_many_were_missed(desk: Desk) -> None:
    schedule = desk.schedule()
    assert desk.run(schedule).state == "passed"
    assert desk.run(schedule).state == "not due"
    desk.time += 40 * DAY
    assert desk.run(schedule).state == "passed"
    assert desk.run(schedule).state == "not due"
    assert len(desk.asked) == len(desk.run_names()) == 2


def test_forced_runs_within_one_second_have_names_of_their_own(desk: Desk) -> None:
    schedule = desk.schedule()
    for _ in range(3):
        assert desk.run(schedule, forced=True).state == "passed"
    assert desk.run_names() == ["20260310T120000Z", "20260310T120001Z", "20260310T120002Z"]
    assert (desk.output / "nightly" / "latest" / "run.json").samefile(
        desk.output / "nightly" / "20260310T120002Z" / "run.json"
    )


def test_a_clock_that_was_set_back_runs_once_and_says_so(desk: Desk) -> None:
    schedule = desk.schedule(GATE)
    assert desk.run(schedule, forced=True).record is not None
    desk.time -= 300 * DAY
    outcome = desk.run(schedule)
    assert outcome.record is not None
    assert "the clock was set back" in outcome.record.notes[0]
    assert (outcome.record.number, outcome.record.analyses[0].baseline) == (2, "20260310T120000Z")
    assert desk.run(schedule).state == "not due"
    assert places.latest(desk.output / "nightly") == places.stamp(desk.time)
    desk.time += DAY
    again = desk.run(schedule).record
    assert again is not None
    assert (again.notes, again.analyses[0].baseline) == ([], places.stamp(desk.time - DAY))


def test_gates_are_judged_against_the_previous_run(desk: Desk) -> None:
    schedule = desk.schedule(GATE)
    first = desk.run(schedule)
    assert (first.state, first.exit_code) == ("incomparable", 3)
    assert (
        "there is no baseline yet (the next run is compared with this one)" in first.record.analyses[0].verdicts[0].said
    )  # type: ignore[union-attr]
    for value, state, code in ((0.895, "passed", 0), (0.88, "failed", 1), (0.875, "passed", 0)):
        desk.time += DAY
        desk.answer = lambda name, value=value: report(value)  # type: ignore[misc]
        outcome = desk.run(schedule)
        assert (outcome.state, outcome.exit_code) == (state, code)
        assert outcome.record.analyses[0].baseline == places.stamp(desk.time - DAY)  # type: ignore[union-attr]


@pytest.mark.parametrize(("baseline", "state"), [("previous", "passed"), ("passed", "failed"), ("first", "failed")])
def test_which_run_is_the_baseline(desk: Desk, baseline: str, state: str) -> None:
    schedule = desk.schedule(f'baseline = "{baseline}"\n' + GATE)
    desk.run(schedule, settings=Settings(allow_incomparable=True))
    desk.answer = lambda name: report(0.8)
    for _ in range(2):
        desk.time += DAY
        outcome = desk.run(schedule)
    assert outcome.state == state


FLOOR = """
[[gates]]
number = "shifts.consistency"
at_least = 0.5
"""


def test_the_first_run_that_fails_no_gate_is_what_later_ones_have_to_pass_by(desk: Desk) -> None:
    schedule = desk.schedule('baseline = "passed"\n' + FLOOR + GATE)
    found = []
    for value in (0.4, 0.9, 0.88, 0.895, 0.887):
        desk.answer = lambda name, value=value: report(value)  # type: ignore[misc]
        outcome = desk.run(schedule)
        assert outcome.record is not None
        found.append((outcome.state, outcome.exit_code, outcome.record.analyses[0].baseline))
        desk.time += DAY
    assert found == [
        ("failed", 1, None),
        ("incomparable", 3, None),
        ("failed", 1, "20260311T120000Z"),
        ("passed", 0, "20260311T120000Z"),
        ("passed", 0, "20260313T120000Z"),
    ]


def test_a_run_on_other_data_is_not_what_later_ones_have_to_pass_by(desk: Desk) -> None:
    schedule = desk.schedule('baseline = "passed"\n' + GATE)
    for data in "abb":
        desk.answer = lambda name, data=data: report(0.9, data=data)  # type: ignore[misc]
        outcome = desk.run(schedule)
        desk.time += DAY
    assert outcome.state == "incomparable"
    (item,) = outcome.record.analyses  # type: ignore[union-attr]
    assert item.baseline == "20260310T120000Z"
    assert "with allow_incomparable = true it is judged all the same" in item.verdicts[0].said


def test_a_run_whose_baseline_cannot_be_read_does_not_take_its_place(desk: Desk) -> None:
    schedule = desk.schedule('baseline = "passed"\n' + GATE)
    before = desk.run(schedule).folder
    assert before is not None
    (before / "boxes" / "report.json").write_bytes(b"")
    for _ in range(2):
        desk.time += DAY
        outcome = desk.run(schedule)
        assert outcome.state == "incomparable"
        assert outcome.record.analyses[0].baseline == before.name  # type: ignore[union-attr]


@pytest.mark.parametrize("place", ["latest", "latest/boxes/report.json", "20260310T120000Z"])
def test_a_baseline_that_is_a_path_is_recorded_by_its_run(desk: Desk, place: str) -> None:
    desk.run(desk.schedule())
    desk.time += DAY
    made = desk.run(desk.schedule(f'baseline = "../output/nightly/{place}"\n' + GATE)).record
    assert made is not None
    assert (made.status, made.analyses[0].baseline) == ("passed", "20260310T120000Z")


@pytest.mark.parametrize("place", ["runs/boxes/report.json", "runs/report.json", "runs"])
def test_a_baseline_of_its_own(desk: Desk, place: str) -> None:
    from biasscope.report.write import write

    path = desk.folder / "reports" / place
    write(report(0.95), path.parent if path.suffix else path, html=False)
    schedule = desk.schedule(f'baseline = "{place if place.endswith("s/report.json") else "runs"}"\n' + GATE)
    outcome = desk.run(schedule)
    assert (outcome.state, outcome.record.analyses[0].verdicts[0].baseline) == ("failed", 0.95)  # type: ignore[union-attr]
    assert outcome.record.analyses[0].baseline == schedule.report.baseline  # type: ignore[union-attr]


def test_other_data_is_incomparable_unless_allowed(desk: Desk) -> None:
    desk.run(desk.schedule(GATE))
    desk.time += DAY
    desk.answer = lambda name: report(0.5, data="b")
    assert desk.run(desk.schedule(GATE)).exit_code == 3
    desk.time += DAY
    desk.answer = lambda name: report(0.3, data="c")
    assert desk.run(desk.schedule("allow_incomparable = true\n" + GATE)).exit_code == 1
    desk.time += DAY
    desk.answer = lambda name: report(0.1, data="d")
    assert desk.run(desk.schedule(GATE), settings=Settings(allow_incomparable=True)).exit_code == 1


RAGGED = replace(
    report(0.9),
    results=[Result("t", "", tables=[Table("t", [Column("a", "text", ["x"]), Column("b", "number", [])])])],
)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"kind": 1}', b"[" * 100_000, encode(RAGGED)])
def test_an_unreadable_old_report_is_no_baseline_and_that_is_said(desk: Desk, damage: bytes) -> None:
    schedule = desk.schedule(GATE)
    before = desk.run(schedule).folder
    assert before is not None
    (before / "boxes" / "report.json").write_bytes(damage)
    desk.time += DAY
    outcome = desk.run(schedule)
    assert (outcome.state, outcome.exit_code) == ("incomparable", 3)
    assert "the baseline cannot be read" in outcome.record.notes[0]  # type: ignore[union-attr]
    assert "the baseline cannot be read" in outcome.record.analyses[0].verdicts[0].said  # type: ignore[union-attr]
    assert (before / "boxes" / "report.json").read_bytes() == damage


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"version": 1}'])
def test_an_unreadable_old_record_is_passed_over_and_that_is_said(desk: Desk, damage: bytes) -> None:
    schedule = desk.schedule(GATE)
    desk.run(schedule)
    desk.time += DAY
    newer = desk.run(schedule).folder
    assert newer is not None
    (newer / "run.json").write_bytes(damage)
    outcome = desk.run(schedule)  # of the last moment it knows nothing any more
    assert outcome.record is not None
    assert outcome.record.analyses[0].baseline == "20260310T120000Z"
    assert "an earlier run is passed over" in outcome.record.notes[0]
    assert (newer / "run.json").read_bytes() == damage


def test_an_analysis_that_fails_stops_no_other(desk: Desk) -> None:
    def answer(name: str) -> Report:
        if name == "bad":
            raise InputError("no pictures", where="x")
        if name == "worse":
            raise ZeroDivisionError("oh")
        return report(0.9)

    desk.answer = answer
    outcome = desk.run(desk.schedule(GATE, analyses=("bad", "boxes", "worse")))
    assert (outcome.state, outcome.exit_code) == ("error", 4)
    made = outcome.record
    assert made is not None
    assert [item.error for item in made.analyses] == ["x: no pictures", None, "ZeroDivisionError: oh"]
    assert [item.folder for item in made.analyses] == ["", "boxes", ""]
    assert desk.run(desk.schedule()).state == "not due"


def test_latest_stays_at_the_last_run_that_has_every_report(desk: Desk) -> None:
    desk.run(desk.schedule())
    desk.time += DAY
    desk.answer = lambda name: (_ for _ in ()).throw(InputError("gone"))
    assert desk.run(desk.schedule()).exit_code == 3
    assert places.latest(desk.output / "nightly") == "20260310T120000Z"
    desk.time += DAY
    desk.answer = lambda name: report(0.9)
    made = desk.run(desk.schedule(GATE)).record
    assert made is not None
    assert made.analyses[0].baseline == "20260310T120000Z"
    assert places.latest(desk.output / "nightly") == "20260312T120000Z"


def test_a_gate_that_cannot_be_judged_is_an_error_beside_the_report(desk: Desk) -> None:
    outcome = desk.run(desk.schedule('[[gates]]\nnumber = "shifts.consistency"\nat_least = 0\nbetter = "lower"\n'))
    assert (outcome.state, outcome.exit_code) == ("error", 2)
    assert outcome.record.analyses[0].folder == "boxes"  # type: ignore[union-attr]
    assert "contradicts" in (outcome.record.analyses[0].error or "")  # type: ignore[union-attr]


def test_a_strict_analysis_with_violations_is_an_error_beside_the_report(desk: Desk) -> None:
    found = replace(report(0.9), results=[Result("integrity", "", scalars=[Scalar("violations", 2.0)])])
    desk.answer = lambda name: found
    schedule = desk.schedule()
    assert desk.run(schedule).exit_code == 0
    desk.analysis("boxes", "strict = true\n")
    outcome = desk.run(schedule, forced=True)
    assert (outcome.exit_code, outcome.record.analyses[0].folder) == (3, "boxes")  # type: ignore[union-attr]


def test_a_full_disk_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = desk.schedule()
    desk.run(schedule)
    before = {path: path.read_bytes() for path in desk.output.rglob("*") if path.is_file()}
    desk.time += DAY

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        outcome = desk.run(schedule)
    assert (outcome.state, outcome.exit_code, outcome.record) == ("error", 3, None)
    assert "No space left on device" in outcome.why
    assert {path: path.read_bytes() for path in desk.output.rglob("*") if path.is_file()} == before
    assert desk.run(schedule).state == "passed"


def test_a_disk_that_takes_the_record_and_not_the_report_leaves_the_report_due(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(report: Report, folder: Path) -> None:
        raise OutputError("cannot write the report (No space left on device)", where=str(folder))

    with monkeypatch.context() as patch:
        patch.setattr("biasscope.report.write.write", full)
        outcome = desk.run(desk.schedule())
    assert (outcome.state, outcome.exit_code, desk.run_names()) == ("error", 3, [])
    assert "No space left" in outcome.why
    assert desk.run(desk.schedule()).state == "passed"


def test_what_went_wrong_after_a_run_is_told_and_undoes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("biasscope.schedule.history.update", full)
    outcome = desk.run(desk.schedule())
    assert (outcome.state, outcome.exit_code) == ("passed", 3)
    assert "No space left" in outcome.problems[0]
    assert desk.names() == [".lock", "20260310T120000Z", "latest"]


def test_files_and_folders_are_readable_by_all_and_writable_by_the_owner(desk: Desk) -> None:
    for mask in (0o000, 0o077):
        before = os.umask(mask)
        try:
            outcome = desk.run(desk.schedule(name=f"n{mask}"))
        finally:
            os.umask(before)
        assert outcome.state == "passed"
        for path in (desk.output / f"n{mask}").rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert (path, mode) == (path, 0o755 if path.is_dir() else 0o644)
        assert stat.S_IMODE((desk.output / f"n{mask}").stat().st_mode) == 0o755


def test_a_link_in_the_place_of_a_reports_folder_is_refused(desk: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    desk.output.mkdir()
    (desk.output / "nightly").symlink_to(elsewhere)
    outcome = desk.run(desk.schedule())
    assert outcome.exit_code == 3
    assert "symbolic link" in outcome.why
    assert list(elsewhere.iterdir()) == []


def test_links_in_the_place_of_runs_are_no_runs(desk: Desk, tmp_path: Path) -> None:
    schedule = desk.schedule("keep = 1\n")
    desk.run(schedule)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "run.json").write_text("{}")
    (desk.output / "nightly" / "20200101T000000Z").symlink_to(elsewhere)
    for _ in range(3):
        desk.time += DAY
        assert desk.run(schedule).record.notes == []  # type: ignore[union-attr]
    assert (elsewhere / "run.json").read_text() == "{}"


def test_a_lock_that_is_held_leaves_the_report_alone(desk: Desk) -> None:
    with locked(places.home(desk.output, "nightly")):
        outcome = desk.run(desk.schedule())
    assert (outcome.state, outcome.exit_code) == ("busy", 0)
    assert f"process {os.getpid()}" in outcome.why
    assert desk.asked == []
    assert outcome.problems == []


def test_a_run_that_is_still_going_on_when_it_is_due_again_is_told(desk: Desk) -> None:
    desk.time = datetime.now(UTC) + DAY
    with locked(places.home(desk.output, "nightly")):
        outcome = desk.run(desk.schedule())
    assert (outcome.state, outcome.exit_code) == ("busy", 0)
    assert "due again" in outcome.problems[0]


def test_what_a_dead_process_left_is_removed_and_told(desk: Desk) -> None:
    schedule = desk.schedule()
    desk.run(schedule)
    home = desk.output / "nightly"
    (home / ".staging-dead" / "boxes").mkdir(parents=True)
    (home / ".trash-20250101T000000Z").mkdir()
    dead = {"pid": 2**22 + 1, "started": "1", "boot": "x", "since": "2026-03-10T11:00:00+00:00"}
    (home / ".lock").write_text(json.dumps(dead))
    places.point(home, "20200101T000000Z")  # as if it had died before it could point to its run
    outcome = desk.run(schedule)
    assert (outcome.state, len(outcome.problems)) == ("not due", 1)
    assert f"process {dead['pid']}, which no longer runs, was broken off" in outcome.problems[0]
    assert desk.names() == [".lock", "20260310T120000Z", "history.parquet", "index.html", "latest"]
    assert places.latest(home) == "20260310T120000Z"
    assert desk.run(schedule).problems == []


@pytest.mark.parametrize(("since", "times"), [("2026-03-10T11:00:00+00:00", 2), ("2026-03-10T12:00:01+00:00", 1)])
def test_a_failure_that_nobody_may_have_been_told_of_is_told_again(desk: Desk, since: str, times: int) -> None:
    hook = ["sh", "-c", f"echo $BIASSCOPE_STATUS $BIASSCOPE_EXIT_CODE >> {desk.folder}/told"]
    schedule = desk.schedule(f"on_failure = {json.dumps(hook)}\n" + GATE)
    desk.run(schedule)
    dead = {"pid": 2**22 + 1, "started": "1", "boot": "x", "since": since}
    (desk.output / "nightly" / ".lock").write_text(json.dumps(dead))
    assert desk.run(schedule).state == "not due"
    assert (desk.folder / "told").read_text() == "incomparable 3\n" * times


def test_whoever_asked_is_told_when_nothing_can_be_written(desk: Desk) -> None:
    desk.output.write_text("a file in the place of the folder")
    hook = ["sh", "-c", f"echo $BIASSCOPE_REPORT $BIASSCOPE_EXIT_CODE >> {desk.folder}/told"]
    outcome = desk.run(desk.schedule(f"on_failure = {json.dumps(hook)}\n"))
    assert (outcome.state, outcome.exit_code) == ("error", 3)
    assert (desk.folder / "told").read_text() == "nightly 3\n"


@pytest.mark.parametrize("command", ["./tell.sh", "../reports/tell.sh", "tell.sh"])
def test_a_command_with_a_slash_lies_beside_the_file_and_one_without_in_the_path(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    schedule = desk.schedule(f'on_failure = ["{command}", "./as-it-is"]\n' + GATE)
    hook = schedule.path.with_name("tell.sh")
    hook.write_text(f'#!/bin/sh\necho "$1" > "{desk.folder}/told"\n')
    hook.chmod(0o755)
    if "/" not in command:
        monkeypatch.setenv("PATH", f"{hook.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(desk.folder)
    assert desk.run(schedule).state == "incomparable"
    assert (desk.folder / "told").read_text() == "./as-it-is\n"


def test_outputs_for_ci(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step"))
    outcome = desk.run(desk.schedule("junit = true\nsummary = true\n"))
    assert outcome.folder is not None
    assert sorted(path.name for path in outcome.folder.iterdir()) == ["boxes", "junit.xml", "run.json", "summary.md"]
    assert (tmp_path / "step").read_text().strip() == (outcome.folder / "summary.md").read_text().strip()


def test_interrupting_leaves_nothing_behind(desk: Desk) -> None:
    desk.answer = lambda name: (_ for _ in ()).throw(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        desk.run(desk.schedule())
    assert desk.names() == [".lock"]
    assert (desk.output / "nightly" / ".lock").read_bytes() == b""


def test_settings_of_the_report_stand_over_those_of_the_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def run_analysis(file: object, **options: object) -> Report:
        asked = file.asked  # type: ignore[attr-defined]
        seen.append((asked.minimum, asked.alpha, asked.leakage, asked.paths))
        return report(0.9)

    monkeypatch.setattr("biasscope.pipeline.file.run_analysis", run_analysis)
    schedule = desk.schedule('[set]\nminimum = 20\nleakage = false\npaths = ["x.csv"]\n')
    desk.analysis("boxes", "[dataset]\nminimum = 10\nalpha = 0.01\n")
    desk.run(schedule)
    assert seen == [(20, 0.01, False, [str(schedule.path.with_name("x.csv"))])]


def test_a_checkpoint_is_offered_and_goes_with_the_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_analysis(file: object, *, checkpoint: Path, **options: object) -> Report:
        assert checkpoint.parent.parent == desk.output / "nightly"
        checkpoint.mkdir(parents=True)
        return report(0.9)

    monkeypatch.setattr("biasscope.pipeline.file.run_analysis", run_analysis)
    assert desk.run(desk.schedule()).exit_code == 0
    assert ".checkpoint" not in desk.names()


def test_old_runs_go_but_not_those_that_are_needed(desk: Desk) -> None:
    schedule = desk.schedule('keep = 2\nbaseline = "first"\n' + GATE)
    for _ in range(5):
        desk.run(schedule, settings=Settings(allow_incomparable=True))
        desk.time += DAY
    assert desk.run_names() == ["20260310T120000Z", "20260313T120000Z", "20260314T120000Z"]
    schedule = desk.schedule('keep = 1\nbaseline = "../output/nightly/20260313T120000Z"\n' + GATE)
    for _ in range(2):
        desk.run(schedule)
        desk.time += DAY
    assert desk.run_names() == ["20260313T120000Z", "20260316T120000Z"]


def test_a_run_that_starts_just_before_its_moment_is_followed_by_one_at_it(desk: Desk) -> None:
    schedule = desk.schedule('at = "12:00"\n')
    desk.time = NOON - timedelta(seconds=1)
    desk.run(schedule)
    desk.time = NOON
    assert desk.run(schedule).state == "passed"
    assert desk.run(schedule).state == "not due"
