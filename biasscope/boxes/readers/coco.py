"""COCO JSON: images, categories and annotations with ``bbox`` = [left, top, width, height] in pixels.

Convention
----------
``left, top`` is an edge counted from 0 and ``left + width`` is the opposite edge. Files converted from PASCAL VOC often
keep its numbers; name what they are (``inclusive1``) and the corners ``x, y, x + w, y + h`` are read so.
Segmentations, keypoints and everything else that is not needed is skipped while decoding.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.files import Found, head
from biasscope.boxes.readers.coco_annotations import File
from biasscope.boxes.schema import IMAGES
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

NAME = "coco"


def detect(request: Request) -> bool:
    """A JSON object that speaks of images and annotations near its beginning or its end."""
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
    begin = head(path)
    if begin.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        both = begin + file.read()
    return b'"images"' in both or b'"annotations"' in both
