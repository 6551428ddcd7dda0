"""Folders as they are walked: links, circles, depth, and names that are no text."""

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from biasscope.boxes import read_boxes
from biasscope.boxes.files.listing import listed
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import (
    SAMPLES,
    expected,
    rows,
    table_frame,
    voc,
)


def names(folder: Path) -> list[str]:
    return listed(folder).names


def files(folder: Path, *below: str) -> Path:
    for name in below:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def test_linked_folders_are_read_as_if_they_lay_there(tmp_path: Path) -> None:
    place = files(tmp_path / "x", "train/a.txt")
    elsewhere = files(tmp_path / "elsewhere", "b.txt", "deep/c.txt")
    (place / "val").symlink_to(elsewhere)
    assert names(place) == ["train/a.txt", "val/b.txt", "val/deep/c.txt"]
    assert names(place / "val") == ["b.txt", "deep/c.txt"]


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    place = files(tmp_path / "x", "a.txt", "train/b.txt")
    (place / "train" / "up").symlink_to("..")
    (place / "val").symlink_to(".")
    (place / "round").symlink_to("round")
    (place / "nowhere").symlink_to("not there")
    outside = files(tmp_path / "outside", "c.txt")
    (outside / "back").symlink_to(place)
    (place / "out").symlink_to(outside)
    assert names(place) == ["a.txt", "out/c.txt", "train/b.txt"]


def test_a_folder_is_read_again_only_under_the_name_of_another_split(tmp_path: Path) -> None:
    place = files(tmp_path / "x", "train/a.txt")
    for name in ("val", "also_train", "val_again", "current"):
        (place / name).symlink_to("train")
    files(place, "shards/b.txt")
    (place / "test").symlink_to("shards")
    assert names(place) == ["shards/b.txt", "train/a.txt", "val/a.txt"]


def test_many_links_between_folders_end(tmp_path: Path) -> None:
    place = files(tmp_path / "x", *(f"{number}/a.txt" for number in range(12)))
    for one in range(12):
        for other in range(12):
            (place / str(one) / f"to{other}").symlink_to(place / str(other))
    assert len(names(place)) == 12


def test_boxes_behind_links_are_read(tmp_path: Path) -> None:
    voc(tmp_path / "elsewhere")
    (tmp_path / "x").mkdir()
    for split in ("train", "val"):
        (tmp_path / "x" / split).symlink_to(tmp_path / "elsewhere")
    frame = read_boxes(tmp_path / "x").boxes.collect()
    assert frame["split"].cast(pl.String).to_list() == ["train"] * 3 + ["val"] * 3


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder with a file 1200 folders below, which are gone afterwards: pytest could not remove them."""
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.txt").write_text("")
    yield tmp_path
    Path("a.txt").unlink()
    for _ in range(1200):
        os.chdir("..")
        Path("d").rmdir()


def test_folders_may_be_nested_more_deeply_than_functions(deep: Path) -> None:
    assert names(deep) == ["d/" * 1200 + "a.txt"]


@pytest.mark.parametrize("name", ["voc", "cvat", "coco", "yolo", "openimages", "kaggle", "table"])
@pytest.mark.parametrize("folder", [False, True])
def test_files_whose_name_is_not_utf8_are_read(tmp_path: Path, name: str, folder: bool) -> None:
    path, options = SAMPLES[name](tmp_path)
    path = next(path.glob("a.*")) if path.is_dir() else path
    odd = tmp_path / "odd" / f"\udcff{path.suffix}"
    odd.parent.mkdir()
    path.rename(odd)
    frame = read_boxes(odd.parent if folder else odd, **options).boxes.collect()
    assert frame["label"].n_unique() == 2
    assert set(frame["file"].cast(pl.String)) == {f"%FF{path.suffix}"}


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "arrow", "ipc"])
def test_tables_whose_name_is_not_utf8_are_read(tmp_path: Path, suffix: str) -> None:
    frame, plain = table_frame(), tmp_path / "x"
    write: dict[str, Callable[[Path], object]] = {
        "csv": frame.write_csv,
        "csv.gz": lambda path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
        "parquet": frame.write_parquet,
        "arrow": frame.write_ipc,
        "ipc": frame.write_ipc_stream,
    }
    write[suffix](plain)
    odd = plain.rename(tmp_path / f"\udcff.{suffix}")
    found = read_boxes(odd, stream=True)
    assert rows(pl.concat(found.batches())) == rows(found.boxes.collect()) == expected()


def test_names_that_differ_in_bytes_only_are_two(tmp_path: Path) -> None:
    data = next(voc(tmp_path / "plain")[0].glob("*.xml")).read_bytes()
    (tmp_path / "x").mkdir()
    for name in ("caf\udce9.xml", "caf\udce8.xml"):
        (tmp_path / "x" / name).write_bytes(data)
    found = read_boxes(tmp_path / "x").images.collect()["image_id"]
    assert sorted(found) == ["caf%E8", "caf%E9"]


def test_links_to_nothing_are_bad_rows_where_they_may_stand_for_annotations(tmp_path: Path) -> None:
    place, *_ = voc(tmp_path / "x")
    for name in ("gone.xml", "gone.jpg", "val", "deep/also.XML"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).symlink_to(tmp_path / "annex" / name)
    elsewhere = files(tmp_path / "elsewhere", "readme.md")
    (elsewhere / "there.xml").symlink_to("nowhere")
    (place / "linked").symlink_to(elsewhere)
    found = read_boxes(place)
    assert rows(found.boxes.collect()) == expected()
    assert [(row.reason, row.where) for row in found.log.rows] == [
        ("link to a file that is not there", name) for name in ("deep/also.XML", "gone.xml", "linked/there.xml", "val")
    ]


@pytest.mark.parametrize("named", ["auto", "voc"])
def test_a_folder_of_links_to_nothing_is_not_called_empty(named: str, tmp_path: Path) -> None:
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(InputError, match=r"only links to files that are not there: a\.xml, b\.xml") as caught:
        read_boxes(tmp_path, format=named)
    assert "git annex get" in (caught.value.hint or "")
