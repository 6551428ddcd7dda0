"""Annotations of a COCO file as boxes, some ten thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from biasscope.boxes.convention import from_xywh, to_edges
from biasscope.boxes.files import Found
from biasscope.boxes.jsonarrays import BadElement, elements, goes_on
from biasscope.boxes.jsonbuffer import BLOCK, Window, open_json
from biasscope.boxes.readers.coco_images import listed_images
from biasscope.boxes.readers.coco_tables import Id, Tables, read_tables
from biasscope.boxes.schema import BOXES, CORNERS, FLAGS
from biasscope.boxes.sizes import fill_sizes
from biasscope.boxes.source import Request
from biasscope.boxes.streamed import streamed


class Annotation(msgspec.Struct, gc=False):
    """What is needed of an annotation."""

    image_id: Id
    bbox: tuple[float, float, float, float]
    category_id: Id | None = None
    iscrowd: int | bool | None = 0


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
