import io
import os
import re
import tarfile
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import read_boxes
from biasscope.boxes.documents.xmlsafe import RefusedXmlError, parse
from biasscope.boxes.files import cache
from biasscope.boxes.files.listing import Files
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import expected, rows, voc

BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>
<annotation><name>&y;</name></annotation>"""
EXTERNAL = """<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation><name>&x;</name></annotation>"""


def archive(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w:gz" if path.suffix == ".tgz" else "w") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            file.addfile(info)
    return path


def test_ilsvrc_files_count_from_zero(tmp_path: Path) -> None:
    path, _ = voc(tmp_path / "Annotations", database="ILSVRC_2012", first=0, last=-1)
    table = read_boxes(path)
    assert rows(table.boxes.collect()) == expected()
    assert table.convention == "inclusive0"


def test_both_conventions_in_one_folder(tmp_path: Path) -> None:
    voc(tmp_path / "one")
    voc(tmp_path / "two", database="ILSVRC_2013", first=0, last=-1)
    table = read_boxes(tmp_path)
    frame = table.boxes.collect().with_columns(pl.col("image_id").str.split("/").list.last())
    assert rows(frame) == sorted(expected() * 2)
    assert table.convention == "inclusive0, inclusive1"
    assert len(table.notes) == 2


@pytest.mark.parametrize("first", [b"", b"<annot", b"<project/>", b"\xff\xfe<\0"])
def test_the_first_file_may_be_no_annotation(tmp_path: Path, first: bytes) -> None:
    path, _ = voc(tmp_path / "voc")
    (path / "_.xml").write_bytes(first)
    found = read_boxes(path)
    assert rows(found.boxes.collect()) == expected()
    assert [row.where for row in found.log.rows] == ["_.xml"]


def test_what_an_element_given_twice_says_is_listed(tmp_path: Path) -> None:
    def corners(first: int) -> str:
        return "".join(
            f"<{name}>{first + 10 * (name[1:] == 'max')}</{name}>" for name in ("xmin", "ymin", "xmax", "ymax")
        )

    size = "<size><width>100</width><height>80</height></size>"
    (tmp_path / "x.xml").write_text(
        f"<annotation><size/>{size}{size}<size><width>50</width><height>40</height></size>"
        f"<object><name>cat</name><name>dog</name><bndbox>{corners(1)}</bndbox><bndbox>{corners(21)}</bndbox></object>"
        f"<object><name/><name>cow</name><bndbox>{corners(5)}<xmin>7</xmin><ymax>15</ymax></bndbox></object></annotation>"
    )
    found = read_boxes(tmp_path)
    frame = found.boxes.collect().select(pl.col("label").cast(pl.String), "x0", "y1", "image_width", "image_height")
    assert frame.rows() == [("cat", 0.0, 11.0, 100, 80), ("cow", 4.0, 15.0, 100, 80)]
    assert found.log.counts == {"element given twice": 4}
    assert {(row.where, row.detail.partition(";")[0]) for row in found.log.rows} == {
        ("x.xml", "<size> again, as 50 40"),
        ("x.xml:1", "<name> again, as dog"),
        ("x.xml:1", "<bndbox> again, as 21 21 31 31"),
        ("x.xml:2", "<xmin> again, as 7"),
    }


def test_flags_decimals_parts_and_missing_boxes(tmp_path: Path) -> None:
    box = "<bndbox><xmin>1.5</xmin><ymin>2</ymin><xmax>3.25</xmax><ymax>9</ymax></bndbox>"
    (tmp_path / "x.xml").write_text(
        "<annotation><size><width>500.0</width><height>0</height></size>"
        f"<object><name> cat </name><truncated>1</truncated><occluded>0</occluded><difficult>1</difficult>{box}"
        "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object>"
        "<object><name>dog</name></object>"
        f"<object><name>cow</name>{box.replace('9', 'nine')}</object>"
        f"<object><name/>{box}</object></annotation>"
    )
    table = read_boxes(tmp_path)
    frame = table.boxes.collect()
    columns = ("label", "x0", "x1", "image_width", "image_height", "truncated", "occluded", "difficult", "row")
    assert frame.select(columns).rows() == [
        ("cat", 0.5, 3.25, 500, None, True, False, True, 1),
        (None, 0.5, 3.25, 500, None, False, False, False, 4),
    ]
    assert table.log.counts == {"object without a box": 1, "coordinate is not a number": 1}
    assert [row.where for row in table.log.rows] == ["x.xml:2", "x.xml:3"]


@pytest.mark.parametrize("text", [BOMB, EXTERNAL], ids=["bomb", "external"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk"])
def test_document_types_are_refused(tmp_path: Path, text: str, encoding: str) -> None:
    data = text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding)
    with pytest.raises(RefusedXmlError):
        parse(data)
    folder, _ = voc(tmp_path / "x")
    (folder / "bad.xml").write_bytes(data)
    table = read_boxes(folder)
    assert rows(table.boxes.collect()) == expected()
    assert [(row.reason, row.where) for row in table.log.rows] == [("refused XML", "bad.xml")]


def test_a_million_levels_do_not_crash(tmp_path: Path) -> None:
    folder, _ = voc(tmp_path / "x")
    (folder / "deep.xml").write_bytes(b"<annotation>" + b"<a>" * 10**6 + b"</a>" * 10**6 + b"</annotation>")
    (folder / "open.xml").write_bytes(b"<annotation>" + b"<a>" * 10**6)
    table = read_boxes(folder)
    assert rows(table.boxes.collect()) == expected()
    assert [row.where for row in table.log.rows] == ["open.xml"]
    assert table.images.collect().height == 4


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "big5", "shift_jis", "euc-kr", "utf-16", "utf-8"])
def test_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """Also those of several bytes a character, which expat does not know."""
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
    text = f"<annotation><object><name>日本</name>{box}</object></annotation>"
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    (tmp_path / "b.xml").write_bytes(text.replace("日本", "<!-- odd -->").encode(encoding) + b"\xff\xff")
    table = read_boxes(tmp_path)
    assert table.boxes.collect()["label"].to_list() == ["日本"]
    assert [(row.reason, row.where) for row in table.log.rows] == [("unreadable XML", "b.xml")]


def test_other_encodings_are_read(tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0" encoding="{0}"?><annotation><object><name>café</name><bndbox><xmin>1</xmin>'
        "<ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>"
    )
    for name in ("utf-16", "iso-8859-1", "utf-8-sig"):
        (tmp_path / f"{name}.xml").write_bytes(text.format(name.removesuffix("-sig")).encode(name))
        assert read_boxes(tmp_path / f"{name}.xml", cache=False).format == "voc"
    table = read_boxes(tmp_path, format="voc")
    assert table.boxes.collect()["label"].to_list() == ["café"] * 3
    assert not table.log.counts


@pytest.mark.parametrize("suffix", ["tar", "tar.xz", "tgz"])
def test_archives_are_read_without_writing(tmp_path: Path, suffix: str) -> None:
    folder, _ = voc(tmp_path / "x")
    members = {f"Annotations/val/{one.name}": one.read_bytes() for one in folder.iterdir()}
    good = members["Annotations/val/a.xml"]
    evil = {"../../evil.xml": good, "/tmp/absolute_evil.xml": good}  # noqa: S108 (never written)
    (tmp_path / "y").mkdir()
    path = archive(tmp_path / "y" / f"x.{suffix}", members | evil, {"Annotations/val/link.xml": "/etc/passwd"})
    before = sorted(tmp_path.rglob("*"))
    table = read_boxes(path, cache=False)
    assert sorted(tmp_path.rglob("*")) == before
    frame = table.boxes.collect()
    assert rows(frame.filter(pl.col("split") == "val")) == [
        (f"Annotations/val/{row[0]}", *row[1:]) for row in expected()
    ] or (rows(frame.filter(pl.col("split") == "val")) == expected())
    assert frame.height == len(expected()) + 4
    assert [(row.reason, row.where) for row in table.log.rows] == [
        ("link or device in an archive", f"x.{suffix}!Annotations/val/link.xml")
    ]
    assert not Path("/tmp/absolute_evil.xml").exists()  # noqa: S108


def test_a_damaged_archive(tmp_path: Path) -> None:
    folder, _ = voc(tmp_path / "x")
    path = archive(tmp_path / "x.tar.xz", {one.name: one.read_bytes() for one in folder.iterdir()})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match="tar archive"):
        read_boxes(path)


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "FEW", 1)
    folder, _ = voc(tmp_path / "x")
    (folder / "bad.xml").write_text("<annotation>")
    return folder


def test_the_cache_gives_the_same_and_forgets_what_changed(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_boxes(many)
    monkeypatch.setattr("biasscope.boxes.readers.voc.tree.parse", lambda _: pytest.fail("parsed again"))
    second = read_boxes(many)
    assert first.boxes.collect().equals(second.boxes.collect())
    assert first.images.collect().equals(second.images.collect())
    assert first.log.counts == second.log.counts == {"unreadable XML": 1}
    assert first.log.rows == second.log.rows
    named = read_boxes(many, box_convention="inclusive0").boxes.collect()
    assert (named["x0"] - second.boxes.collect()["x0"]).unique().to_list() == [1.0]
    monkeypatch.undo()
    (many / "b.xml").unlink()
    assert read_boxes(many).images.collect().height == 2


def test_a_touched_file_is_read_again(many: Path) -> None:
    read_boxes(many)
    path = many / "a.xml"
    text, stat = path.read_text(), path.stat()
    path.write_text(text.replace("dog", "cow"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert "cow" in read_boxes(many).boxes.collect()["label"].cast(pl.String).to_list()


def test_a_damaged_or_unwritable_cache_is_no_matter(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_boxes(many)
    stored = list(cache.folder().glob("*.cache"))
    assert len(stored) == 1
    for damage in (b"", b"\x95" + b"\xc4\x01a" * 5, stored[0].read_bytes()[:-100]):
        stored[0].write_bytes(damage)
        assert rows(read_boxes(many).boxes.collect()) == expected()
    whole = stored[0].read_bytes()
    for place in range(0, len(whole), 61):  # one bit of a frame, of its schema, of a count
        stored[0].write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        found = read_boxes(many)
        assert (rows(found.boxes.collect()), found.log.counts) == (expected(), {"unreadable XML": 1})
    blocked = many.parent / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert rows(read_boxes(many).boxes.collect()) == expected()


def test_no_cache(many: Path) -> None:
    assert rows(read_boxes(many, cache=False).boxes.collect()) == expected()
    assert not cache.folder().exists()


def test_files_are_as_large_as_they_are_however_they_were_read(many: Path) -> None:
    expected = [(path.name, path.stat().st_size) for path in sorted(many.glob("*.xml"))]
    for options in ({"cache": False}, {}, {}):  # read, read and kept, taken from the cache
        files = read_boxes(many, **options).files
        assert isinstance(files, Files)
        assert files.sizes(0) == expected
        assert files.sizes(1) == expected[1:]


def test_a_root_with_attributes_as_labelimg_writes_it(tmp_path: Path) -> None:
    path, _ = voc(tmp_path / "voc")
    for file in path.iterdir():
        file.write_text(file.read_text().replace("<annotation>", '<annotation verified="yes">'))
    assert rows(read_boxes(path).boxes.collect()) == expected()


def test_lists_of_splits_that_are_not_used_are_told_of(tmp_path: Path) -> None:
    path, _ = voc(tmp_path / "Annotations")
    assert len(read_boxes(path).notes) == 1
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    for name in ("train", "val", "trainval", "cat_train"):
        (tmp_path / "ImageSets" / "Main" / f"{name}.txt").write_text("a\n")
    said = read_boxes(tmp_path).notes[1]
    assert said.startswith("The splits of ImageSets/Main/train.txt, ImageSets/Main/val.txt were not read")
    assert len(read_boxes(tmp_path, split="all").notes) == 1
    for root in ("", "VOC2012/"):
        with tarfile.open(tmp_path / "x.tar", "w") as archive:
            for folder in ("Annotations", "ImageSets"):
                archive.add(tmp_path / folder, f"{root}{folder}")
        found = read_boxes(tmp_path / "x.tar")
        assert rows(found.boxes.collect()) == expected()
        names = {f"x.tar!{root}ImageSets/Main/{name}.txt" for name in ("train", "val")}
        assert [name in found.notes[1] for name in sorted(names)] == [True, True]
        assert len(found.notes) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_of_two_pictures_of_a_name_the_one_beside_the_annotation_is_meant(tmp_path: Path, packed: bool) -> None:
    (tmp_path / "Annotations").mkdir()
    path, _ = voc(tmp_path / "Annotations" / "x")
    for file in path.iterdir():
        file.write_text(re.sub("<size>.*</size>", "", file.read_text()))
    for folder, size in (("x", (100, 80)), ("y", (50, 40))):
        (tmp_path / "JPEGImages" / folder).mkdir(parents=True)
        Image.new("L", size).save(tmp_path / "JPEGImages" / folder / "a.png")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(tmp_path / "Annotations", "VOC/Annotations")
    source = tmp_path / "x.tar" if packed else tmp_path / "Annotations"
    found = read_boxes(source, images=tmp_path / "JPEGImages").images.collect()
    known = {image: width for image, _, width, _ in found.rows()}
    assert known == {"a": 100, "b": None, "c": None}


@pytest.mark.parametrize("name", ["x.tar", "train.tar.gz", "X.TGZ"])
@pytest.mark.parametrize("folder", ["", "VOC/Annotations/"])
def test_pictures_of_files_in_an_archive_give_their_sizes(tmp_path: Path, name: str, folder: str) -> None:
    path, _ = voc(tmp_path / "x")
    unsized = {
        f"{folder}{file.name}": re.sub("<size>.*</size>", "", file.read_text()).encode() for file in path.iterdir()
    }
    source = archive(tmp_path / name, unsized)
    (tmp_path / "images").mkdir()
    Image.new("L", (100, 80)).save(tmp_path / "images" / "a.png")
    (tmp_path / "sizes.csv").write_text("image,width,height\na.png,100,80\n")
    for options in ({"images": tmp_path / "images"}, {"sizes": tmp_path / "sizes.csv"}):
        found = read_boxes(source, **options).images.collect()
        assert dict(found.select("image_id", "image_width").rows()) == {"a": 100, "b": None, "c": None}
