"""COCO JSON: images, categories and annotations with ``bbox`` = [left, top, width, height] in pixels.

Convention
----------
``left, top`` is an edge counted from 0 and ``left + width`` is the opposite edge. Files converted from PASCAL VOC often
keep its numbers; name what they are (``inclusive1``) and the corners ``x, y, x + w, y + h`` are read so.
Segmentations, keypoints and everything else that is not needed is skipped while decoding.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.files.listing import HEAD, Found, head
from biasscope.boxes.readers.coco.annotations import File
from biasscope.boxes.schema import IMAGES
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

NAME = "coco"
KEYS = (b'"images"', b'"annotations"')
BLOCK, OVERLAP = 1 << 22, 64
_LISTS = re.compile(rb'"(?:images|annotations)"\s*:\s*\[')
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_WORDS = re.compile(rb'"(?:info|licenses|categories|image_id|file_name|bbox)"\s*:')
"""What else COCO files speak of."""


def detect(request: Request) -> bool:
    """A JSON object that speaks of images and annotations."""
    return any(_looks(Path(found.path)) for found in request.of(".json")[:8])


def read(request: Request) -> BoxTable:
    """Boxes of COCO files; see the module for the convention.

    In a folder with ``instances_*.json`` only those are read. Annotations that lack ``image_id`` or a ``bbox`` of four
    numbers, or that refer to an image or category that is not listed, are bad rows; without a category they are
    unlabelled boxes. Boxes of an image come with that image's size as listed.
    """
    convention = choose_corners(request.convention, "xywh", "COCO JSON")
    files, skipped = _files(request)
    parts = [File(request, found, convention) for found in files]
    frames = [part.scan() if request.stream else part.frame().lazy() for part in parts]
    return BoxTable(
        pl.concat(frames),
        pl.concat([part.images.lazy().select(IMAGES.names()).cast(IMAGES) for part in parts]),
        format=NAME,
        convention=convention,
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=(f"Only instances_*.json was read; skipped: {', '.join(skipped)}.",) if skipped else (),
    )


def _files(request: Request) -> tuple[list[Found], list[str]]:
    found = list(request.files)
    if request.path.is_dir():
        found = [one for one in request.of(".json") if _looks(Path(one.path))]
    instances = [one for one in found if one.name.rpartition("/")[2].startswith("instances")]
    chosen = instances if instances and request.path.is_dir() else found
    if not chosen:
        raise InputError("no COCO JSON file is here", where=str(request.path))
    return chosen, [one.name for one in found if one not in chosen]


def _looks(path: Path) -> bool:
    """Whether it is a JSON object that speaks of images or annotations near its beginning or its end.

    Long descriptions or many categories may fill its beginning, and boxes its end: a file that otherwise speaks like
    COCO is searched up to the first of these keys. One in UTF-16 is one of COCO too, and then refused as that.
    """
    begin = head(path).replace(b"\0", b"")
    if begin.lstrip(_MARKS)[:1] != b"{":
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - HEAD))
        both = begin + file.read().replace(b"\0", b"")
        return _keyed(both) or (_alike(both) and _keyed_between(file))


def _keyed(data: bytes) -> bool:
    return any(key in data for key in KEYS)


def _alike(data: bytes) -> bool:
    """Whether other words are those of COCO files with boxes, not of those with captions or panoptic segments."""
    if b'"segments_info"' in data or (b'"caption"' in data and b'"bbox"' not in data):
        return False
    return _WORDS.search(data) is not None


def _keyed_between(file: BinaryIO) -> bool:
    """Whether one of the keys begins a list further on."""
    file.seek(HEAD - OVERLAP)
    end = b""
    while block := file.read(BLOCK):
        if _LISTS.search(end + block):
            return True
        end = block[-OVERLAP:]
    return False
