"""What tells the inputs of two reports apart."""

from pathlib import Path

import pytest

from biasscope.boxes.files.listing import Files
from biasscope.boxes.source import Request
from biasscope.core import provenance
from biasscope.core.provenance import input_files, others


def test_every_input_counts_listed_or_not(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(60)]
    for path in paths:
        path.write_text(path.name)
    before = others([paths])
    assert [item.name for item in input_files(paths)] == [path.name for path in paths[:50]]
    assert others([paths[:50], paths[:10]]) == ""
    assert others([[*paths[:50], *reversed(paths[50:])]]) == before
    paths[0].write_text("listed, so it has a hash of its own")
    assert others([paths]) == before
    paths[59].write_text("95.txt")  # as long as before
    assert others([paths]) != before


def test_many_or_large_inputs_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(60)]
    for path in paths:
        path.write_text(path.name)
    monkeypatch.setattr(provenance, "READ_BYTES", 10)
    monkeypatch.setattr(provenance, "sha256", None)
    before = others([paths])
    paths[59].write_text("longer than before")
    assert others([paths]) != before


def test_an_input_that_cannot_be_read_has_no_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    paths = [tmp_path / f"{number}.jpg" for number in range(60)]
    for path in paths:
        path.write_text(path.name)
    monkeypatch.setattr(provenance, "sha256", refused)
    assert {item.sha256 for item in input_files(paths)} == {None}
    assert others([paths]) != others([paths[:59]])


def test_an_input_that_cannot_even_be_looked_at_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("a")
    paths = [tmp_path / "a.jpg", tmp_path / ("b" * 300)]  # refused by the file system, as in a folder without rights
    assert [item.name for item in input_files(paths)] == ["a.jpg"]
    assert others([[tmp_path / "a.jpg"] * 50 + paths]) == others([[tmp_path / "a.jpg"] * 51])


def test_inputs_of_the_same_name_are_named_with_their_folders(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("cat/0.png", "cat/1.png", "dog/0.png")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(path))
    assert [item.name for item in input_files(paths)] == ["cat/0.png", "1.png", "dog/0.png"]


def test_files_that_a_folder_listed_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (tmp_path / f"{number}.xml").write_text(str(number))
    files = Files(Request(tmp_path).files)
    read = others([files])
    assert read == others([list(files)])
    monkeypatch.setattr(provenance, "READ_FILES", 5)
    assert others([files]) == others([list(files)]) != read
