"""COCO JSON: images, categories and annotations with ``bbox`` = [left, top, width, height] in pixels.

Convention
----------
``left, top`` is an edge counted from 0 and ``left + width`` is the opposite edge. Files converted from PASCAL VOC often
keep its numbers; name what they are (``inclusive1``) and the corners ``x, y, x + w, y + h`` are read so.
Segmentations, keypoints and everything else that is not needed is skipped while decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from biasscope.boxes.convention import choose_corners, from_xywh, to_edges
from biasscope.boxes.files import Found, head
from biasscope.boxes.jsonarrays import BadElement, elements, goes_on
from biasscope.boxes.jsonbuffer import BLOCK, Window, open_json
from biasscope.boxes.readers.coco_tables import Annotation, Tables, listed_images, read_tables
from biasscope.boxes.schema import BOXES, CORNERS, FLAGS, IMAGES, BoxTable
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

NAME = "coco"
UNSET = pl.Series([False])
"""A flag that COCO does not know, to be repeated."""


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
    parts = [_File(request, found, convention) for found in files]
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


def image_names(path: Path) -> list[tuple[str, float | None, float | None]]:
    """Name without folder and suffix, width and height of every image a COCO file lists."""
    request = Request(path)
    frame = listed_images(read_tables(path, request.log), request, path.name)
    return frame.select("image_id", "image_width", "image_height").rows()


class _File:
    """One file: its tables in memory, its annotations in blocks."""

    def __init__(self, request: Request, found: Found, convention: str) -> None:
        self.request, self.convention, self.name, self.path = request, convention, found.name, Path(found.path)
        self.tables = read_tables(self.path, request.log)
        self.images = listed_images(self.tables, request, found.name)
        self.logged = 0
        self.look = _Look.up(self.tables, self.images)

    def frame(self) -> pl.DataFrame:
        parts = list(self.blocks())
        return pl.concat(parts) if parts else pl.DataFrame(schema=BOXES)

    def scan(self) -> pl.LazyFrame:
        def source(
            columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            left = rows
            for frame in self.blocks():
                part = frame if left is None else frame.head(left)
                left = None if left is None else left - part.height
                part = part if predicate is None else part.filter(predicate)
                yield part if columns is None else part.select(columns)
                if left == 0:
                    return

        return register_io_source(source, schema=BOXES)

    def blocks(self) -> Iterator[pl.DataFrame]:
        """Frames of some ten thousand boxes in the order of the file."""
        if self.tables.start is None:
            return
        seen = 0
        with open_json(self.path) as file:
            file.seek(self.tables.start)
            window = Window(file, str(self.path), BLOCK)
            for made in elements(window, Annotation):
                if isinstance(made, BadElement):
                    seen = made.index
                    self._log("unreadable annotation", seen, made.detail)
                elif made:
                    yield self._block(made, seen)
                    seen += len(made)
            goes_on(window)
        self.logged = seen

    def _block(self, made: list[Annotation], seen: int) -> pl.DataFrame:
        count, look = len(made), self.look
        images = np.fromiter((look.image.get(item.image_id, -1) for item in made), np.int64, count)
        labels = np.fromiter((look.category.get(item.category_id, -1) for item in made), np.int64, count)
        numbers = np.fromiter(chain.from_iterable(item.bbox for item in made), np.float64, 4 * count).reshape(-1, 4)
        with np.errstate(over="ignore"):  # what overflows becomes infinite, and so is listed
            corners = to_edges(*from_xywh(*numbers.T), self.convention)
        frame = pl.DataFrame(
            {
                "image_id": look.image_id.gather(images),
                "split": look.split.gather(images),
                "label": look.label.gather(labels),
                **dict(zip(CORNERS, corners, strict=True)),
                "image_width": look.width.gather(images),
                "image_height": look.height.gather(images),
                **dict.fromkeys(FLAGS, UNSET.new_from_index(0, count)),
                "crowd": np.fromiter((bool(item.iscrowd) for item in made), np.bool_, count),
                "file": look.file.new_from_index(0, count),
                "row": np.arange(seen + 1, seen + count + 1),
            }
        )
        known = (images >= 0) & (labels >= 0)
        return frame if known.all() else self._known(frame, made, images, known)

    def _known(
        self,
        frame: pl.DataFrame,
        made: list[Annotation],
        images: np.ndarray[tuple[int], np.dtype[np.int64]],
        known: np.ndarray[tuple[int], np.dtype[np.bool_]],
    ) -> pl.DataFrame:
        """Boxes whose image and category are listed; the others go to the log."""
        for place in np.flatnonzero(~known).tolist():
            row = int(frame["row"][place])
            if images[place] < 0:
                self._log("annotation of an unknown image", row, f"image_id {made[place].image_id}")
            else:
                self._log("annotation of an unknown category", row, f"category_id {made[place].category_id}")
        return frame.filter(known)

    def _log(self, reason: str, row: int, detail: str) -> None:
        if row > self.logged:
            self.request.log.add(reason, f"{self.name}:{row}", detail)


@dataclass(frozen=True)
class _Look:
    """Where ids lead: positions, and columns to gather from. The last position, -1, is for ids that are unknown."""

    image: dict[int | str, int]
    category: dict[int | str | None, int]
    image_id: pl.Series
    split: pl.Series
    width: pl.Series
    height: pl.Series
    label: pl.Series
    file: pl.Series

    @classmethod
    def up(cls, tables: Tables, images: pl.DataFrame) -> _Look:
        names = list(tables.categories.values())
        category: dict[int | str | None, int] = {key: place for place, key in enumerate(tables.categories)}
        category[None] = len(names)
        columns = images.cast({"split": pl.Categorical, "file": pl.Categorical})
        columns = pl.concat([columns, columns.clear(1)])
        return cls(
            image=tables.image,
            category=category,
            image_id=columns["image_id"],
            split=columns["split"],
            width=columns["image_width"],
            height=columns["image_height"],
            label=pl.Series([*(name or None for name in names), None, None], dtype=pl.Categorical),
            file=pl.Series([images["file"][0] if images.height else ""], dtype=pl.Categorical),
        )


def _files(request: Request) -> tuple[list[Found], list[str]]:
    found = [one for one in request.of(".json") if _looks(Path(one.path))] if request.path.is_dir() else request.files
    instances = [one for one in found if one.name.rpartition("/")[2].startswith("instances")]
    chosen = instances if instances and request.path.is_dir() else list(found)
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
