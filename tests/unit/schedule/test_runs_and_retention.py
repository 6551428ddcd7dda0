"""The order of runs, which of them stay, where ``latest`` points, and what removing one leaves."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from biasscope.core.errors import InputError, OutputError
from biasscope.schedule import places, record
from biasscope.schedule.record import AnalysisRun, RunRecord, Status
from biasscope.schedule.retention import retain, surplus
from biasscope.schedule.runs import Run, complete, newest, reference, runs
from tests.unit.schedule.made import NOON

STARTED = "2026-03-10T12:00:00+00:00"


def made(number: int, status: Status = "passed", *, whole: bool = True, started: str = STARTED) -> RunRecord:
    analyses = [AnalysisRun(name="a", folder="a" if whole else "")]
    code = {"passed": 0, "failed": 1}.get(status, 3)
    return RunRecord(
        name="n", number=number, started=started, finished=started, status=status, exit_code=code, analyses=analyses
    )


def put(home: Path, name: str, content: RunRecord | bytes) -> Path:
    folder = home / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_bytes(content if isinstance(content, bytes) else record.encode(content))
    return folder


def test_runs_are_in_the_order_they_were_made_not_in_that_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, "20300101T000000Z", made(1))
    put(tmp_path, "20260310T120000Z", made(2))
    put(tmp_path, "20260311T120000Z", b"{")
    put(tmp_path, "20260312T120000Z", made(3))
    put(tmp_path, ".staging-x", made(9))
    put(tmp_path, "other", made(9))
    (tmp_path / "20260313T120000Z").write_text("a file")
    found = runs(tmp_path)
    assert [run.folder.name[:8] for run in found] == ["20300101", "20260310", "20260311", "20260312"]
    assert "run.json" in found[2].problem
    last = newest(found)
    assert last is not None
    assert last.folder.name == "20260312T120000Z"
    assert last.started == NOON
    assert runs(tmp_path / "none") == []


def test_which_run_is_compared_with() -> None:
    found = [
        Run(Path("1"), made(1, whole=False)),
        Run(Path("2"), made(2, "failed")),
        Run(Path("3"), made(3)),
        Run(Path("4"), made(4, "failed")),
        Run(Path("5"), made(5, "error", whole=False)),
        Run(Path("6"), None, "gone"),
    ]
    names = {kind: reference(found, kind, "a") for kind in ("first", "previous", "passed")}
    assert {kind: run and run.folder.name for kind, run in names.items()} == {
        "first": "2",
        "previous": "4",
        "passed": "3",
    }
    assert reference(found, "previous", "b") is None
    assert [run.folder.name for run in complete(found)] == ["2", "3", "4"]


statuses: st.SearchStrategy[Status] = st.sampled_from(["passed", "failed", "error"])


@given(st.lists(st.tuples(statuses, st.booleans()), max_size=12), st.integers(1, 6), st.sets(st.integers(0, 11)))
def test_what_goes(kinds: list[tuple[Status, bool]], keep: int, needed: set[int]) -> None:
    found = [Run(Path(f"{place}"), made(place, *kind[:1], whole=kind[1])) for place, kind in enumerate(kinds)]
    gone = {int(run.folder.name) for run in surplus(found, keep, {str(place) for place in needed})}
    stay = set(range(len(found))) - gone
    assert stay >= set(range(len(found))[-keep:]) | (needed & set(range(len(found))))
    for test in (lambda run: run.record.status == "passed", lambda run: run in complete(found)):
        last = [place for place, run in enumerate(found) if test(run)][-1:]
        assert stay >= set(last)
    assert len(stay) <= keep + len(needed) + 2


def test_removing_runs(tmp_path: Path) -> None:
    for number in range(1, 5):
        put(tmp_path, f"2026031{number}T120000Z", made(number))
    (tmp_path / ".trash-20260311T120000Z" / "left").mkdir(parents=True)
    assert retain(runs(tmp_path), 2, {"20260312T120000Z"}) == 1
    assert sorted(path.name[:8] for path in tmp_path.iterdir()) == ["20260312", "20260313", "20260314"]


def test_runs_of_a_newer_version_do_not_go_before_older_ones(tmp_path: Path) -> None:
    newer = record.encode(made(3)).replace(b'"version": 1', b'"version": 2')
    for number, content in enumerate([made(1), made(2), newer, newer], 1):
        put(tmp_path, f"2026031{number}T120000Z", content)
    assert retain(runs(tmp_path), 2) == 1
    assert sorted(path.name[:8] for path in tmp_path.iterdir()) == ["20260312", "20260313", "20260314"]


def test_removing_follows_no_links(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "all").write_text("x")
    run = put(tmp_path / "home", "20260310T120000Z", made(1))
    (run / "a").symlink_to(precious)
    (run.parent / ".staging-x").symlink_to(precious)
    places.remove(run)
    places.clean(run.parent)
    assert list(run.parent.iterdir()) == []
    assert (precious / "all").read_text() == "x"


def test_latest_is_a_relative_link_that_is_replaced_at_once(tmp_path: Path) -> None:
    for name in ("20260310T120000Z", "20260311T120000Z"):
        put(tmp_path, name, made(1))
        places.point(tmp_path, name)
        assert (tmp_path / "latest").readlink() == Path(name)
        assert places.latest(tmp_path) == name


def test_latest_is_a_file_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Path, target: str, target_is_directory: bool = False) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(Path, "symlink_to", none)
    put(tmp_path, "20260310T120000Z", made(1))
    for _ in range(2):
        places.point(tmp_path, "20260310T120000Z")
    assert (tmp_path / "latest").read_text() == "20260310T120000Z\n"
    assert places.latest(tmp_path) == "20260310T120000Z"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["20260310T120000Z", "latest"]


@pytest.mark.parametrize("target", ["..", "/etc", "../other", "20200101T000000Z", "20260310T120000Z/a"])
def test_a_pointer_that_leads_elsewhere_is_none(tmp_path: Path, target: str) -> None:
    put(tmp_path, "20260310T120000Z", made(1))
    (tmp_path / "latest").symlink_to(target)
    assert places.latest(tmp_path) is None


def test_a_folder_in_the_place_of_the_pointer_is_told(tmp_path: Path) -> None:
    (tmp_path / "latest" / "x").mkdir(parents=True)
    with pytest.raises(OutputError, match="latest"):
        places.point(tmp_path, "20260310T120000Z")
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_records_of_a_newer_version_are_not_guessed_at(tmp_path: Path) -> None:
    run = put(tmp_path, "20260310T120000Z", record.encode(made(1)).replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(InputError, match="version 2"):
        record.read(run)


def test_a_record_with_keys_that_are_not_known_is_read(tmp_path: Path) -> None:
    run = put(tmp_path, "20260310T120000Z", record.encode(made(1)).replace(b'"version": 1', b'"version": 1, "more": 2'))
    assert record.read(run) == made(1)


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+10:00"])
@pytest.mark.parametrize("which", ["started", "finished"])
def test_a_record_without_a_moment_is_none(tmp_path: Path, which: str, moment: str) -> None:
    run = put(tmp_path, "20260310T120000Z", structs.replace(made(1), **{which: moment}))
    with pytest.raises(InputError, match="no record"):
        record.read(run)
