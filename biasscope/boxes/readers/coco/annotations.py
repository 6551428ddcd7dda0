"""Annotations of a COCO file as boxes, some ten thousand at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.boxes.convention import from_xywh, to_edges
from biasscope.boxes.documents.jsonarrays import BadElement, elements, further_keys, goes_on
from biasscope.boxes.documents.jsonbuffer import BLOCK, Window, open_json
from biasscope.boxes.files.listing import Found
from biasscope.boxes.readers.coco.ids import Key, Places, flags, floats, unknown_id
from biasscope.boxes.readers.coco.images import listed_images
from biasscope.boxes.readers.coco.tables import SECOND, Id, Skipped, Tables, read_tables
from biasscope.boxes.schema import BOXES, CORNERS, FLAGS
from biasscope.boxes.sizes.lookup import fill_sizes
from biasscope.boxes.source import Request
from biasscope.boxes.streamed import streamed

AT_ONCE = 1 << 16
"""Boxes of a frame at least, but for the last: making one costs as much as decoding a thousand boxes."""


class Annotation(msgspec.Struct, gc=False):
    """What is needed of an annotation."""

    image_id: Id
    bbox: tuple[float, float, float, float]
    category_id: Id | None = None
    iscrowd: int | bool | float | None = 0


class Decoded(NamedTuple):
    """Annotations as arrays: places of their images and labels, bounding boxes, whether of a crowd, rows."""

    image: NDArray[np.int64]
    label: NDArray[np.int64]
    bbox: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    row: NDArray[np.int64]


UNSET = pl.Series([False])
"""A flag that COCO does not know, to be repeated."""


class File:
    """One file: its tables in memory, its annotations in blocks."""

    def __init__(self, request: Request, found: Found, convention: str) -> None:
        self.request, self.convention, self.name, self.path = request, convention, found.name, Path(found.path)
        self.tables = read_tables(self.path, request.log)
        self.images = fill_sizes(listed_images(self.tables, request, found.name), request)
        self.logged = 0
        self.look = _Look.up(self.tables, self.images)

    def frame(self) -> pl.DataFrame:
        """All boxes of the file."""
        parts = list(self.blocks())
        return pl.concat(parts) if parts else pl.DataFrame(schema=BOXES)

    def scan(self) -> pl.LazyFrame:
        """Boxes of the file, decoded whenever they are asked for."""
        return streamed(self.blocks, BOXES)

    def blocks(self) -> Iterator[pl.DataFrame]:
        """Frames of some ten thousand boxes in the order of the file."""
        yield from map(self._frame, _together(self._decoded()))

    def _decoded(self) -> Iterator[Decoded]:
        """Boxes whose image and category are listed, some thousands at a time; the others go to the log."""
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
                    yield self._known(made, self._arrays(made, seen))
                    seen += len(made)
            if goes_on(window):
                _pass_over(window)
        self.logged = seen

    def _arrays(self, made: list[Annotation], seen: int) -> Decoded:
        count, look, corners = len(made), self.look, list[float]()
        for item in made:
            corners += item.bbox
        return Decoded(
            look.image.of([item.image_id for item in made]),
            look.category.of([item.category_id for item in made]),
            floats(corners).reshape(-1, 4),
            flags([item.iscrowd for item in made]),
            np.arange(seen + 1, seen + count + 1),
        )

    def _known(self, made: list[Annotation], found: Decoded) -> Decoded:
        known = (found.image >= 0) & (found.label >= 0)
        if known.all():
            return found
        for place in np.flatnonzero(~known).tolist():
            row = int(found.row[place])
            if found.image[place] < 0:
                self._log(
                    "annotation of an unknown image",
                    row,
                    unknown_id("image_id", made[place].image_id, self.tables.image),
                )
            else:
                detail = unknown_id("category_id", made[place].category_id, self.tables.categories)
                self._log("annotation of an unknown category", row, detail)
        return Decoded._make(column[known] for column in found)

    def _frame(self, found: Decoded) -> pl.DataFrame:
        count, look = len(found.row), self.look
        with np.errstate(over="ignore"):  # what overflows becomes infinite, and so is listed
            corners = to_edges(*from_xywh(*found.bbox.T), self.convention)
        image = look.images[pl.Series(found.image)].to_dict()  # one gathering for all columns
        return pl.DataFrame(
            {
                **{name: image[name] for name in ("image_id", "split")},
                "label": look.label.gather(pl.Series(found.label)),
                **dict(zip(CORNERS, corners, strict=True)),
                **{name: image[name] for name in ("image_width", "image_height")},
                **dict.fromkeys(FLAGS, UNSET.new_from_index(0, count)),
                "crowd": found.crowd,
                "file": look.file.new_from_index(0, count),
                "row": found.row,
            }
        )

    def _log(self, reason: str, row: int, detail: str) -> None:
        if row > self.logged:
            self.request.log.add(reason, f"{self.name}:{row}", detail)


def _pass_over(window: Window) -> None:
    """What follows the annotations has to be sound, and no more of them."""
    for key in further_keys(window):
        if key == "annotations":
            raise window.error(SECOND)
        if window.peek() == b"[":
            deque(elements(window, Skipped), maxlen=0)
        else:
            window.value()


def _together(parts: Iterable[Decoded]) -> Iterator[Decoded]:
    """Parts joined until they hold ``AT_ONCE`` boxes."""
    waiting, count = list[Decoded](), 0
    for part in parts:
        waiting.append(part)
        count += len(part.row)
        if count >= AT_ONCE:
            yield _joined(waiting)
            waiting, count = [], 0
    if count:
        yield _joined(waiting)


def _joined(parts: list[Decoded]) -> Decoded:
    return Decoded._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


@dataclass(frozen=True)
class _Look:
    """Where ids lead: places in columns to gather from."""

    image: Places
    category: Places
    images: pl.DataFrame
    label: pl.Series
    file: pl.Series

    @classmethod
    def up(cls, tables: Tables, images: pl.DataFrame) -> _Look:
        names = list(tables.categories.values())
        category: dict[Key, int] = {key: place for place, key in enumerate(tables.categories)}
        category[None] = len(names)
        return cls(
            image=Places(tables.image),
            category=Places(category),
            images=images.select("image_id", pl.col("split").cast(pl.Categorical), "image_width", "image_height"),
            label=pl.Series([*(name or None for name in names), None], dtype=pl.Categorical),
            file=pl.Series([images["file"][0] if images.height else ""], dtype=pl.Categorical),
        )
