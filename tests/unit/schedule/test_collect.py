"""Which reports paths name, and in which order they are run."""

import json
from pathlib import Path

import pytest

from biasscope.commands.due import due
from biasscope.schedule.collect import collect
from biasscope.schedule.words import listed
from tests.unit.schedule.made import NOON, Desk


def test_files_of_a_folder_by_name_and_each_once(desk: Desk) -> None:
    for name in ("b", "a"):
        desk.schedule(name=name)
    folder = desk.folder / "reports"
    (folder / ".hidden.toml").write_text("")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.toml").write_text("")
    (folder / "d.toml").mkdir()
    found = collect([folder, folder / "a.toml", folder / ".." / "reports" / "b.toml"])
    assert [(item.name, item.error) for item in found] == [("a", None), ("b", None)]
    assert {item.output for item in found} == {folder / "output"}
    assert {item.output for item in collect([folder], Path("elsewhere"))} == {Path("elsewhere").absolute()}


def test_a_link_is_a_report_of_its_own(desk: Desk) -> None:
    path = desk.schedule(name="a").path
    path.with_name("b.toml").symlink_to(path)
    assert [item.name for item in collect([path.parent])] == ["a", "b"]


def test_one_that_was_broken_off_comes_last(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        schedule = desk.schedule(name=name)
        desk.run(schedule)
    dead = {"pid": 2**22 + 1, "started": "1", "boot": "x", "since": "2026-03-10T11:00:00+00:00"}
    (desk.output / "a" / ".lock").write_text(json.dumps(dead))
    (desk.output / "b" / ".staging-x").mkdir()
    assert [item.name for item in collect([desk.folder / "reports"], desk.output)] == ["c", "a", "b"]


def test_what_cannot_be_read_is_an_entry_of_its_own(desk: Desk) -> None:
    desk.schedule(name="a")
    (desk.folder / "reports" / "b.toml").write_text("x")
    found = collect([desk.folder / "reports", desk.folder / "none", desk.folder / "none"])
    assert [(item.name, item.error is None) for item in found] == [("a", True), ("b", False), ("none", False)]


def test_a_link_that_leads_nowhere_is_named(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    folder = desk.schedule(name="a").path.parent
    (folder / "b.toml").symlink_to("gone")
    (folder / "loop.toml").symlink_to("loop.toml")
    (folder / ".c.toml").symlink_to("gone")
    assert [(item.name, item.error is None) for item in collect([folder])] == [
        ("a", True),
        ("b", False),
        ("loop", False),
    ]
    assert due(folder, list_=True) == 2
    assert f"{folder / 'b.toml'}: cannot read it" in capsys.readouterr().err


def test_files_of_one_name_write_to_different_folders_or_not_at_all(desk: Desk) -> None:
    desk.schedule(name="a")
    other = desk.folder / "more" / "a.toml"
    other.parent.mkdir()
    other.write_text((desk.folder / "reports" / "a.toml").read_text())
    paths = [desk.folder / "reports", other]
    assert [item.error for item in collect(paths)] == [None, None]
    assert [item.error is None for item in collect(paths, desk.output)] == [True, False]


def test_what_may_not_be_read_is_an_entry_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.schedule().path

    def refused(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refused)
        assert "cannot read it (Permission denied)" in str(collect([path.parent])[0].error)
        home = desk.output / "nightly"
        home.mkdir(parents=True)
        found = collect([path], desk.output)
        assert "cannot be read" in listed(found, NOON)
        outcome = desk.run(found[0].schedule)  # type: ignore[arg-type]
    assert (outcome.state, outcome.exit_code) == ("error", 3)
    assert "cannot read its runs (Permission denied)" in outcome.why
