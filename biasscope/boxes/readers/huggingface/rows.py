"""Rows of a Hugging Face dataset as boxes and images, some thousand at a time; no image is decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from biasscope.boxes.assemble import Raw, finish
from biasscope.boxes.convention import from_xywh
from biasscope.boxes.files.names import without_suffix
from biasscope.boxes.readers.huggingface.features import places_of
from biasscope.boxes.readers.huggingface.ids import ImageIds
from biasscope.boxes.readers.huggingface.labels import class_of
from biasscope.boxes.readers.huggingface.objects import objects_of
from biasscope.boxes.readers.huggingface.sizes import RowSizes, undecoded
from biasscope.boxes.readers.huggingface.splits import split_of
from biasscope.boxes.readers.table.columns import ONE_CLASS
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import ANY, BOXES, IMAGES
from biasscope.boxes.sizes.lookup import Sizes
from biasscope.boxes.source import Request
from biasscope.boxes.streamed import streamed
from biasscope.boxes.tables.fields import word
from biasscope.core.errors import InputError

BATCH = 2000
"""Images that are made into frames together."""
Frames = tuple[pl.DataFrame, pl.DataFrame]


class Split:
    """One split of a dataset, or several that were asked to be one; its rows as frames.

    ``notes`` say what was read; ``logged`` is whether all bad rows are in the log, so that they are not listed again.
    """

    def __init__(self, request: Request, split: str | None, parts: Mapping[str | None, Any]) -> None:
        self.split, self.request = split, request
        folder = request.folder.rstrip("/")
        self.source = folder if folder and request.path.is_dir() else f"{request.folder}{request.path.name}"
        self.parts = [_Part(self.source, name, data, request) for name, data in parts.items()]
        self.logged = False

    @property
    def notes(self) -> list[str]:
        """Sentences on what was read."""
        return [part.places.note(self.request) for part in self.parts]

    @property
    def conventions(self) -> list[str]:
        """What the numbers of boxes mean."""
        return [part.convention for part in self.parts]

    @property
    def own(self) -> str | None:
        """Its name among the splits of a table; ``ANY`` where a column says the splits of the rows."""
        return ANY if any(part.places.split for part in self.parts) else self.split

    @property
    def rows_are_images(self) -> bool:
        """Whether each row is an image of its own."""
        return not any(part.places.single for part in self.parts)

    def scan(self, which: int) -> pl.LazyFrame:
        """Boxes (0) or images (1), made from the rows whenever they are asked for."""
        return streamed(lambda: (pair[which] for pair in self.frames()), (BOXES, IMAGES)[which])

    def frames(self) -> Iterator[Frames]:
        """Boxes and images, some thousand rows at a time."""
        log = RowLog() if self.logged else self.request.log
        ids, sizes = ImageIds(), Sizes(replace(self.request, log=log))
        for part in self.parts:
            for raw, rows in self._raw(part, log):
                yield self._finish(part, raw, rows, ids, sizes)
        self.logged = True

    def _raw(self, part: _Part, log: RowLog) -> Iterator[tuple[Raw, list[int]]]:
        """Raw images and boxes by the batch, and the row of each image."""
        raw, rows, sizes = Raw(), list[int](), RowSizes(part.data, part.places, log)
        for number, row in enumerate(part.rows(), 1):
            self._add(part, raw, row, number, sizes, log)
            rows.append(number)
            if len(rows) == BATCH:
                yield raw, rows
                raw, rows = Raw(), []
        if rows:
            yield raw, rows

    def _finish(self, part: _Part, raw: Raw, rows: list[int], ids: ImageIds, sizes: Sizes) -> Frames:
        images, boxes = raw.frames()
        images = sizes.fill(images)
        names, splits, again = images["image_id"].to_list(), images["split"].to_list(), list[int]()
        if part.places.single:
            made = [without_suffix(name) for name in names]
            again = ids.again(made, splits)
        else:
            made = ids.apart(names, rows, splits)
        images = images.with_columns(image_id=pl.Series(made, dtype=pl.String))
        fraction, log = part.convention == "fraction", sizes.request.log
        found = finish(images, boxes, convention=part.convention, fraction=fraction, log=log)
        listed = found[1].collect()
        return found[0].collect(), listed[sorted({*range(listed.height)} - {*again})] if again else listed

    def _add(self, part: _Part, raw: Raw, row: dict[str, Any], number: int, sizes: RowSizes, log: RowLog) -> None:
        places, where = part.places, f"{part.where}:{number}"
        image = len(raw.images)
        name = row[places.image_id] if places.image_id else None
        raw.images.append(
            (
                word(name) or f"#{number}",
                self.split or part.split_of(row, log),
                *sizes.of(row, number, where),
                self.source,
                None,
            )
        )
        for found in objects_of(row, places):
            if found.wrong:
                log.add(found.wrong, where, f"box {found.box}")
                continue
            try:
                a, b, c, d = (float(value) for value in found.box)
            except (TypeError, ValueError) as error:
                log.add("bbox is not four numbers", where, str(error))
                continue
            corners = from_xywh(a, b, c, d) if part.wide else (a, b, c, d)
            label = ONE_CLASS if places.label is None else class_of(found.label, places.names)
            raw.boxes.append((image, label, *corners, *found.flags, number))


class _Part:
    """Rows of a dataset under one name, and which of their features are read."""

    def __init__(self, source: str, name: str | None, data: Any, request: Request) -> None:
        self.source, self.name, self.where = source, name, f"{source}:{name}" if name else source
        self.data = data.with_format(None)  # a format that was set is stored with the dataset: tensors, fewer columns
        self.places = places_of(data.features, request)
        self.convention = self.places.convention(request.convention)
        self.wide = self.places.wide or self.convention == "xywh"

    def split_of(self, row: Mapping[str, Any], log: RowLog) -> str | None:
        """Split of a row: what its column says, else the name of the split that it is in."""
        column, names = self.places.split, self.places.splits
        return split_of(row[column], names, log.spellings) if column else self.name

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows with the columns that are read; images stay encoded."""
        data, image = self.data, self.places.image
        if image and not self.places.sides:
            data = undecoded(data, image)
        try:
            yield from data.select_columns(self.places.columns)
        except Exception as error:  # the library raises whatever its layers raise
            raise InputError(f"a row cannot be read ({error})", where=self.source) from error
