"""An archive is whole, or it is an error: no box is lost silently."""

import io
import tarfile
from pathlib import Path

import pytest

from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import expected, rows, voc


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
    monkeypatch.setattr("biasscope.boxes.readers.voc._parse", lambda *_: pytest.fail("parsed again"))
    assert rows(read_boxes(path).boxes.collect()) == expected()
    monkeypatch.setattr("biasscope.boxes.cache.PARSERS", -1)
    with pytest.raises(pytest.fail.Exception):
        read_boxes(path)


def test_bytes_behind_the_end_do_not_matter_when_they_are_zero(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(archive(tmp_path, "") + b"\0" * 10240)
    assert rows(read_boxes(path).boxes.collect()) == expected()
