"""CVAT XML, in its form for images (``<image><box/></image>``) and for video (``<track><box frame=""/></track>``).

Convention
----------
``xtl, ytl, xbr, ybr`` are pixel edges. In the video form a box with ``outside="1"`` says that the object is not in the
frame, so it is no box; every frame the task speaks of is an image. Boxes with a ``rotation`` are no upright boxes: they
are bad rows, as other shapes are. In the export of a project ``subset`` is the split, and images of different tasks
(``task_id``) are different ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers.expat import ExpatError

import polars as pl

from biasscope.boxes.assemble import finish
from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.documents.xmlsafe import CHUNK, stream
from biasscope.boxes.files.listing import Found, head
from biasscope.boxes.readers.cvat.elements import Annotations, Parser
from biasscope.boxes.schema import APART
from biasscope.boxes.sizes.lookup import fill_sizes
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

NAME = "cvat"


def detect(request: Request) -> bool:
    """XML files whose root is ``<annotations>``."""
    return any(_looks(found) for found in request.of(".xml")[:4])


def read(request: Request) -> BoxTable:
    """Boxes of CVAT files; see the module for the convention. Shapes that are no boxes are bad rows."""
    convention = choose_corners(request.convention, "edges", "CVAT XML")
    files = [found for found in request.of(".xml") if _looks(found)]
    if not files:
        raise InputError("no CVAT XML file is here", where=str(request.path))
    parts = [_parse(found, request) for found in files]
    videos = sum(part.video for part in parts)
    boxes, images, apart = [], [], []
    for part in parts:
        other = pl.lit(part.file[: -len(".xml")] + "/") + pl.col("image_id")
        listed = part.images.with_columns(pl.when(part.frames).then(other).alias(APART))
        if videos > 1:
            listed = listed.with_columns(image_id=pl.coalesce(APART, "image_id"))
        filled = fill_sizes(listed, request)
        made = finish(filled, part.boxes, convention=convention, fraction=False, log=request.log)
        boxes.append(made[0])
        images.append(made[1])
        apart.append(listed.lazy().select(APART))
    note = "Boxes of a video track follow each other frame by frame, so neighbouring frames are near copies."
    return BoxTable(
        pl.concat(boxes),
        pl.concat(images),
        format=NAME,
        convention=convention,
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=(note,) if any(part.tracks for part in parts) else (),
        apart=pl.concat(apart),
    )


def _looks(found: Found) -> bool:
    """Whether the root is ``<annotations>``, also behind comments, and in UTF-16, of which every other byte is left."""
    return re.search(rb"<annotations[\s>]", head(found.path).replace(b"\0", b"")) is not None


def _parse(found: Found, request: Request) -> Annotations:
    parser = Parser(found.name, request.split_of(found.name), request.log, asked=request.split)
    try:
        stream(_pieces(Path(found.path)), parser.start, parser.end, parser.text)
    except (ExpatError, ValueError, LookupError) as error:
        raise InputError(f"cannot be read as XML ({error})", where=found.path, hint="Is it complete?") from error
    return parser.annotations()


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
