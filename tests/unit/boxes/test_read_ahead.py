"""Many small files read several at a time, as from a slow disk: the same boxes, sizes, bad rows, in order."""

import os
from pathlib import Path
from zlib import crc32

import pytest
from PIL import Image

from biasscope.boxes import BoxTable, read_boxes
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.lookup import ImageFiles, read_sizes
from biasscope.core import ahead
from biasscope.core.errors import InputError

COUNT = ahead.TOGETHER * 3 + 5
SIDE = 12_000
"""Pixels of each side of a picture that Pillow warns of, without an error yet."""
HEADER = b"IHDR" + SIDE.to_bytes(4, "big") * 2 + b"\x08\0\0\0\0"
BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\r" + HEADER + crc32(HEADER).to_bytes(4, "big") + b"\0\0\0\0IDAT" + b"\0" * 8


def voc(folder: Path) -> None:
    for place in range(COUNT):
        box = f"<bndbox><xmin>{place + 1}</xmin><ymin>2</ymin><xmax>{place + 9}</xmax><ymax>7</ymax></bndbox>"
        text = f"<annotation><size><width>900</width><height>9</height></size><object><name>a</name>{box}</object>"
        (folder / f"{place:04}.xml").write_text(text + ("</annotation>" if place % 90 != 70 else ""))


def yolo(folder: Path) -> None:
    for place in range(COUNT):
        data = f"0 .5 .5 {(place + 1) / 1000} .25\n".encode() if place % 90 != 70 else b"\xff\xfe\xff"
        (folder / f"{place:04}.txt").write_bytes(data)
        Image.new("L", (place + 1, 4)).save(folder / f"{place:04}.png")


def read(folder: Path, monkeypatch: pytest.MonkeyPatch, waiting: float) -> BoxTable:
    with monkeypatch.context() as patch:
        patch.setattr(ahead, "WAITING", waiting)
        return read_boxes(folder, cache=False)


@pytest.mark.parametrize("write", [voc, yolo])
def test_the_same_is_read(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    slow, fast = (read(tmp_path, monkeypatch, waiting) for waiting in (-1, 2))
    assert slow.boxes.collect().equals(fast.boxes.collect())
    assert slow.images.collect().equals(fast.images.collect())
    assert slow.boxes.collect().height == COUNT - 2
    assert slow.log.rows == fast.log.rows
    assert sum(slow.log.counts.values()) == 2
    assert list(slow.files.sizes(0)) == list(fast.files.sizes(0))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voc(tmp_path)
    open_file, name = os.open, f"{COUNT - 20:04}.xml"

    def refused(path: str, flags: int) -> int:
        if path.endswith(name):
            raise PermissionError(13, "Permission denied")
        return open_file(path, flags)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(InputError, match="cannot be read") as caught:
        read(tmp_path, monkeypatch, -1)
    assert caught.value.where == str(tmp_path / name)


def test_improbable_sizes_are_told_from_every_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(COUNT):
        Image.new("L", (place + 1, 4)).save(tmp_path / f"{place}.png")
    for place in (3, COUNT - 3):
        (tmp_path / f"{place}.png").write_bytes(BOMB)
    monkeypatch.setattr(ahead, "WAITING", -1)
    log = RowLog()
    sizes = read_sizes(ImageFiles(tmp_path), [(str(place), None) for place in range(COUNT)], log)
    assert sizes == [(None, None) if place in (3, COUNT - 3) else (place + 1, 4) for place in range(COUNT)]
    assert [Path(row.where).stem for row in log.rows] == ["3", str(COUNT - 3)]
    assert {row.detail for row in log.rows} == {"claims an improbable size"}
