"""The column cache knows files by their names, sizes and times: any change of them is seen, nothing else is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from biasscope.boxes.files.cache import fingerprint
from biasscope.boxes.files.listing import listed

TIME = 1_700_000_000_123_456_789


def folder(place: Path) -> Path:
    (place / "sub").mkdir(parents=True)
    for name, text in (("a.xml", "1"), ("b.xml", "22"), ("sub/c.xml", ""), ("\udcff.xml", "4")):
        (place / name).write_text(text)
        os.utime(place / name, ns=(TIME, TIME))
    return place


def resized(place: Path) -> None:
    (place / "a.xml").write_text("12")
    os.utime(place / "a.xml", ns=(TIME, TIME))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a name": lambda place: (place / "a.xml").rename(place / "aa.xml"),
    "a file more": lambda place: (place / "d.xml").touch(),
    "a file less": lambda place: (place / "b.xml").unlink(),
    "a file moved": lambda place: (place / "b.xml").rename(place / "sub" / "b.xml"),
    "a size": resized,
    "a nanosecond": lambda place: os.utime(place / "a.xml", ns=(TIME, TIME + 1)),
    "a time before 1970": lambda place: os.utime(place / "a.xml", ns=(TIME, -1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(tmp_path: Path, change: str) -> None:
    place = folder(tmp_path / "x")
    before = fingerprint(listed(place))
    CHANGES[change](place)
    assert fingerprint(listed(place)) != before


def test_the_same_files_elsewhere_are_the_same(tmp_path: Path) -> None:
    one, other = (fingerprint(listed(folder(tmp_path / name))) for name in ("x", "y"))
    assert one == other


def test_sizes_and_names_that_change_places_are_seen(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "x"), folder(tmp_path / "y")
    (other / "a.xml").rename(other / "t")
    (other / "b.xml").rename(other / "a.xml")
    (other / "t").rename(other / "b.xml")
    assert fingerprint(listed(one)) != fingerprint(listed(other))
