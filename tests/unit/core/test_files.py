"""Reports are complete or absent: a failing write leaves what was there, and no litter."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from biasscope.core.errors import OutputError
from biasscope.core.files import check_folder, write_files


@contextmanager
def tiny_disk() -> Iterator[None]:
    """No file may grow beyond 4 kB, as if the disk were full; nor may the one that pytest writes its report to."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_files_can_be_for_the_user_alone(tmp_path: Path) -> None:
    modes = [write_files(tmp_path, {"a": b"1"}, **given)[0].stat().st_mode & 0o777 for given in ({}, {"mode": 0o600})]
    assert modes == [0o644, 0o600]


def test_files_are_written_and_replace_older_ones(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write_files(folder, {"a.json": b"1"})
    paths = write_files(folder, {"a.json": b"2", "b.html": b"3"})
    assert [path.read_bytes() for path in paths] == [b"2", b"3"]
    assert sorted(path.name for path in folder.iterdir()) == ["a.json", "b.html"]
    assert (folder / "a.json").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_the_old_report(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.json": b"old", "b.html": b"old"})
    with pytest.raises(OutputError, match="cannot write"), tiny_disk():
        write_files(tmp_path, {"a.json": b"new", "b.html": b"x" * 100_000})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.json": b"old", "b.html": b"old"}


def test_a_file_goes_when_the_others_come_or_stays_with_them(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()  # cannot be replaced by a file
    (tmp_path / "b.html").write_bytes(b"old")
    with pytest.raises(OutputError):
        write_files(tmp_path, {"a.json": b"new"}, without=["b.html"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.html"]
    assert (tmp_path / "b.html").read_bytes() == b"old"
    (tmp_path / "a.json").rmdir()
    write_files(tmp_path, {"a.json": b"new"}, without=["b.html"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    with pytest.raises(OutputError, match="--output"):
        write_files(occupied, {"a": b""})


def test_nothing_is_changed_where_a_folder_stands_in_the_way(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": b"old"})
    (tmp_path / "b").mkdir()
    with pytest.raises(OutputError, match="Nothing was changed there"):
        write_files(tmp_path, {"a": b"new", "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_is_looked_at_and_left_as_it_was(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="Choose another folder"):
            check_folder(place)
    with pytest.raises(OutputError):
        check_folder(Path("/proc/report"))
