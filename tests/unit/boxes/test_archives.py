"""An archive is whole, or it is an error: no box is lost silently."""

import io
import tarfile
from pathlib import Path

import pytest

from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import SAMPLES, coco, expected, rows, voc


def archive(folder: Path, mode: str) -> bytes:
    """A tar archive of the sample, with a member that is no annotation at its end."""
    made, (source, _) = io.BytesIO(), voc(folder / "voc")
    with tarfile.open(fileobj=made, mode=f"w:{mode}") as tar:
        for path in sorted(source.iterdir()):
            tar.add(path, path.name)
        last = tarfile.TarInfo("readme.md")
        last.size = 3000
        tar.addfile(last, io.BytesIO(b"x" * 3000))
    return made.getvalue()


@pytest.mark.parametrize("mode", ["", "gz", "xz", "bz2"])
def test_cut_anywhere_is_an_error(tmp_path: Path, mode: str) -> None:
    data, path = archive(tmp_path, mode), tmp_path / f"x.tar{'.' if mode else ''}{mode}"
    path.write_bytes(data)
    assert rows(read_boxes(path).boxes.collect()) == expected()
    end = len(data) if mode else len(data.rstrip(b"\0")) // 512 * 512 + 512
    for cut in sorted({*range(1, end, max(1, end // 60)), *range(0 if mode else 512, end, 512), end - 1, end - 4}):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError):
            read_boxes(path, format="voc", cache=False)


def test_damage_between_members_is_an_error(tmp_path: Path) -> None:
    data, path = bytearray(archive(tmp_path, "")), tmp_path / "x.tar"
    second = data.index(b"b.xml")
    data[second : second + 512] = b"?" * 512
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"invalid header|cut off"):
        read_boxes(path, format="voc")


def test_what_older_parsers_left_in_the_cache_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, path = archive(tmp_path, ""), tmp_path / "x.tar"
    path.write_bytes(data)
    read_boxes(path)
    monkeypatch.setattr("biasscope.boxes.readers.voc.reader._parse", lambda *_: pytest.fail("parsed again"))
    assert rows(read_boxes(path).boxes.collect()) == expected()
    monkeypatch.setattr("biasscope.boxes.files.cache.PARSERS", -1)
    with pytest.raises(pytest.fail.Exception):
        read_boxes(path)


def test_bytes_behind_the_end_do_not_matter_when_they_are_zero(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(archive(tmp_path, "") + b"\0" * 10240)
    assert rows(read_boxes(path).boxes.collect()) == expected()


def packed(path: Path, *folders: Path) -> Path:
    """A tar archive of all files of folders."""
    with tarfile.open(path, "w:gz") as tar:
        for folder in folders:
            tar.add(folder, folder.name)
    return path


@pytest.mark.parametrize("other", ["coco", "yolo", "openimages", "kaggle", "table"])
def test_another_format_beside_the_xml_is_an_error_that_names_it(tmp_path: Path, other: str) -> None:
    (tmp_path / "other").mkdir()
    path, _ = SAMPLES[other](tmp_path / "other")
    first = f"x.tgz!other/{path.relative_to(tmp_path / 'other').as_posix()}"
    archive = packed(tmp_path / "x.tgz", voc(tmp_path / "voc")[0], tmp_path / "other")
    for _ in range(2):  # the second time out of the cache
        with pytest.raises(InputError, match=rf"{first}.*looks like the format {other}, .*--format-in voc"):
            read_boxes(archive)
    named = read_boxes(archive, format="voc")
    assert rows(named.boxes.collect()) == expected()
    assert first in named.notes[-1]
    assert "unpack" in named.notes[-1]
    assert not named.log.counts


def test_files_of_no_known_format_are_named_and_texts_are_not(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for name in ("meta.json", "inner.tar.gz", "boxes.parquet", "train.txt", "readme.md", ".hidden.json"):
        (tmp_path / "other" / name).write_text("2008_000001 -1\n")
    found = read_boxes(packed(tmp_path / "x.tgz", voc(tmp_path / "voc")[0], tmp_path / "other"))
    assert rows(found.boxes.collect()) == expected()
    assert sorted(place for place, _ in found.beside) == [
        f"x.tgz!other/{name}" for name in ("boxes.parquet", "inner.tar.gz", "meta.json")
    ]
    assert all(place in found.notes[-1] for place, _ in found.beside)


def test_without_xml_the_error_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    archive = packed(tmp_path / "x.tgz", coco(tmp_path / "other")[0])
    for chosen in ("auto", "voc"):
        with pytest.raises(InputError, match=r"it holds x\.tgz!boxes\.json"):
            read_boxes(archive, format=chosen)
    with pytest.raises(InputError, match="coco is not read from archives"):
        read_boxes(archive, format="coco")


def test_hidden_members_are_passed_over_as_in_a_folder(tmp_path: Path) -> None:
    """An archive written on a Mac has a hidden file beside each file."""
    folder, _ = voc(tmp_path / "voc")
    for name in ("._a.xml", ".git/b.xml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\0\5\26\7Mac OS X")
    found = read_boxes(packed(tmp_path / "x.tgz", folder))
    assert rows(found.boxes.collect()) == expected()
    assert found.images.collect().height == 3
    assert not found.log.counts


def test_a_folder_of_archives_is_found_out(tmp_path: Path) -> None:
    """ImageNet's boxes come as one archive a class."""
    (tmp_path / "all").mkdir()
    for name in ("n01", "n02"):
        packed(tmp_path / "all" / f"{name}.tar.gz", voc(tmp_path / name)[0])
    found = read_boxes(tmp_path / "all")
    ids = found.boxes.collect()["image_id"]
    assert sorted(ids) == ["n01/a", "n01/a", "n01/b", "n02/a", "n02/a", "n02/b"]


def test_archives_that_are_called_like_splits(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    for name in ("train", "val"):
        packed(tmp_path / "x" / f"{name}.tar.gz", voc(tmp_path / name)[0])
    splits = read_boxes(tmp_path / "x").images.collect()["split"]
    assert splits.to_list() == ["train"] * 3 + ["val"] * 3


def test_members_of_one_name_in_two_archives_are_two_images(tmp_path: Path) -> None:
    data = next(voc(tmp_path / "plain")[0].glob("*.xml"))
    (tmp_path / "x").mkdir()
    for name in ("a.tar", "b.tar.gz"):
        with tarfile.open(tmp_path / "x" / name, "w:gz" if name.endswith("gz") else "w") as made:
            made.add(data, "y/2.xml")
    assert read_boxes(tmp_path / "x").images.collect()["image_id"].n_unique() == 2
    assert read_boxes(tmp_path / "x" / "a.tar").images.collect()["image_id"].to_list() == ["2"]


def test_a_member_whose_name_is_not_text(tmp_path: Path) -> None:
    data = next(voc(tmp_path / "plain")[0].glob("*.xml"))
    with tarfile.open(tmp_path / "x.tar", "w") as made:
        made.add(data, "c\udce9.xml")
        made.add(data, "c\udce9.txt")
    assert read_boxes(tmp_path / "x.tar").images.collect()["image_id"].to_list() == ["c%E9"]
