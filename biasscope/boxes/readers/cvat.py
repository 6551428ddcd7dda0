"""CVAT XML, in its form for images (``<image><box/></image>``) and for video (``<track><box frame=""/></track>``).

Convention
----------
``xtl, ytl, xbr, ybr`` are pixel edges. In the video form a box with ``outside="1"`` says that the object is not in the
frame, so it is no box; every frame the task speaks of is an image. Boxes with a ``rotation`` are no upright boxes: they
are bad rows, as other shapes are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers.expat import ExpatError

import polars as pl

from biasscope.boxes.assemble import Raw, finish, size_number
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.filenames import unique_ids
from biasscope.boxes.files import Found, head
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import BoxTable
from biasscope.boxes.sizes import fill_sizes
from biasscope.boxes.source import Request
from biasscope.boxes.xmlsafe import CHUNK, stream
from biasscope.core.errors import InputError

NAME = "cvat"
SHAPES = frozenset({"polygon", "polyline", "points", "cuboid", "ellipse", "mask", "skeleton"})
_META = ("meta", "task", "job", "original_size", "width", "height", "size", "start_frame", "stop_frame")


def detect(request: Request) -> bool:
    """XML files whose root is ``<annotations>``."""
    return any(_looks(found) for found in request.of(".xml")[:4])


def read(request: Request) -> BoxTable:
    """Boxes of CVAT files; see the module for the convention. Shapes that are no boxes are bad rows."""
    convention = choose_corners(request.convention, "edges", "CVAT XML")
    files = [found for found in request.of(".xml") if _looks(found)]
    if not files:
        raise InputError("no CVAT XML file is here", where=str(request.path))
    boxes, images, video = [], [], False
    for found in files:
        parser = _parse(found, request)
        video = video or bool(parser.tracks)
        raw_images, raw_boxes = parser.frames()
        made = finish(
            fill_sizes(raw_images, request), raw_boxes, convention=convention, fraction=False, log=request.log
        )
        boxes.append(made[0])
        images.append(made[1])
    note = "Boxes of a video track follow each other frame by frame, so neighbouring frames are near copies."
    return BoxTable(
        pl.concat(boxes),
        pl.concat(images),
        format=NAME,
        convention=convention,
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=(note,) if video else (),
    )


def _looks(found: Found) -> bool:
    """Whether the root is ``<annotations>``, also behind comments, and in UTF-16, of which every other byte is left."""
    return re.search(rb"<annotations[\s>]", head(found.path).replace(b"\0", b"")) is not None


def _parse(found: Found, request: Request) -> _Parser:
    parser = _Parser(found.name, request.split_of(found.name), request.log)
    try:
        stream(_pieces(Path(found.path)), parser.start, parser.end, parser.text)
    except (ExpatError, ValueError, LookupError) as error:
        raise InputError(f"cannot be read as XML ({error})", where=found.path, hint="Is it complete?") from error
    return parser


@dataclass
class _Parser:
    """Takes elements as they come; keeps images and boxes only."""

    file: str
    split: str | None
    log: RowLog
    raw: Raw = field(default_factory=Raw)
    tracks: int = 0
    row: int = 0
    path: list[str] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    label: str | None = None
    image: int | None = None
    frame_images: dict[int, int] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag)
        if tag == "image" and len(self.path) == 2:
            width, height = size_number(attributes.get("width")), size_number(attributes.get("height"))
            name = attributes.get("name") or attributes.get("id", "")
            self.image = len(self.raw.images)
            self.raw.images.append((name, self.split, width, height, self.file, None))
        elif tag == "track" and len(self.path) == 2:
            self.tracks += 1
            self.label = attributes.get("label")
        elif tag == "box" and len(self.path) == 3:
            self._box(attributes)
        elif tag in SHAPES and len(self.path) == 3:
            self.row += 1
            self.log.add("shape is not a box", f"{self.file}:{self.row}", tag)

    def end(self, tag: str) -> None:
        self.path.pop()

    def text(self, data: str) -> None:
        if len(self.path) <= 5 and self.path[:2] == ["annotations", "meta"] and self.path[-1] in _META and data.strip():
            self.meta.setdefault(self.path[-1], data.strip())

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Raw frames, once everything was taken."""
        if self.tracks:
            self._list_frames()
        names = unique_ids([image[0] for image in self.raw.images])
        self.raw.images = [(name, *image[1:]) for name, image in zip(names, self.raw.images, strict=True)]
        return self.raw.frames()

    def _box(self, attributes: dict[str, str]) -> None:
        self.row += 1
        where = f"{self.file}:{self.row}"
        try:
            x0, y0, x1, y1 = (float(attributes[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
            turned = float(attributes.get("rotation") or 0) % 180 != 0
            image = self.image if self.path[1] == "image" else self._frame(int(attributes["frame"]))
        except KeyError as missing:
            return self.log.add("box without a corner", where, f"{missing.args[0]} is missing")
        except ValueError as error:
            return self.log.add("coordinate is not a number", where, str(error))
        if turned:  # its corners are those before it was turned, so it lies elsewhere
            return self.log.add("box is turned", where, f"by {attributes['rotation']} degrees; upright ones are read")
        if attributes.get("outside") == "1" or image is None:
            return None
        label = self.label if self.path[1] == "track" else attributes.get("label")
        occluded = attributes.get("occluded") == "1"
        label = (label or "").strip() or None
        self.raw.boxes.append((image, label, x0, y0, x1, y1, False, False, occluded, False, self.row))
        return None

    def _frame(self, number: int) -> int:
        if number not in self.frame_images:
            self.frame_images[number] = len(self.raw.images)
            width, height = size_number(self.meta.get("width")), size_number(self.meta.get("height"))
            self.raw.images.append((f"frame_{number:06d}", self.split, width, height, self.file, None))
        return self.frame_images[number]

    def _list_frames(self) -> None:
        """Frames of the task that no track speaks of are images without objects."""
        first, last = size_number(self.meta.get("start_frame")) or 0, size_number(self.meta.get("stop_frame"))
        if last is not None and last - first < 10_000_000:
            for number in range(first, last + 1):
                self._frame(number)


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
