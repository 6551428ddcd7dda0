"""Rows of a Hugging Face dataset as boxes and images, some thousand at a time; no image is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from biasscope.boxes.assemble import Raw, finish, size_number
from biasscope.boxes.convention import from_xywh
from biasscope.boxes.filenames import stem_of
from biasscope.boxes.readers.huggingface_features import places_of
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import BOXES, IMAGES
from biasscope.boxes.sizes import image_size
from biasscope.boxes.source import Request
from biasscope.boxes.streamed import streamed
from biasscope.core.errors import InputError

BATCH = 2000
"""Images that are made into frames together."""
UNEQUAL = object()
"""Label of boxes that cannot be told which of a different number of labels is theirs."""


class Split:
    """One split of a dataset, its rows as frames.

    ``note`` says what was read; ``logged`` rows have been in the log before, and are not listed again.
    """

    def __init__(self, request: Request, split: str | None, data: Any, convention: str) -> None:
        self.split = request.split or split
        self.convention, self.log, self.data = convention, request.log, data
        self.source = request.path.name
        self.places = places_of(data.features, request)
        self.logged = 0

    @property
    def note(self) -> str:
        """Sentence on what was read."""
        return self.places.note(self.convention)

    def scan(self, which: int) -> pl.LazyFrame:
        """Boxes (0) or images (1), made from the rows whenever they are asked for."""
        return streamed(lambda: (pair[which] for pair in self.frames()), (BOXES, IMAGES)[which])

    def frames(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Boxes and images, some thousand rows at a time."""
        log = RowLog() if self.logged else self.log
        raw, number = Raw(), 0
        for number, row in enumerate(self._rows(), 1):
            self._add(raw, row, number, log)
            if len(raw.images) == BATCH:
                yield self._finish(raw, log)
                raw = Raw()
        if raw.images:
            yield self._finish(raw, log)
        self.logged = number

    def _rows(self) -> Iterator[dict[str, Any]]:
        import datasets

        data, image = self.data, self.places.image
        if image and not self.places.sized:
            data = data.cast_column(image, datasets.Image(decode=False))
        try:
            yield from data.select_columns(self.places.columns)
        except Exception as error:  # the library raises whatever its layers raise
            raise InputError(f"a row cannot be read ({error})", where=self.source) from error

    def _finish(self, raw: Raw, log: RowLog) -> tuple[pl.DataFrame, pl.DataFrame]:
        images, boxes = raw.frames()
        fraction = self.convention == "fraction"
        made = finish(images, boxes, convention=self.convention, fraction=fraction, log=log)
        return made[0].collect(), made[1].collect()

    def _add(self, raw: Raw, row: dict[str, Any], number: int, log: RowLog) -> None:
        places, where = self.places, f"{self.source}:{self.split or ''}:{number}"
        image = len(raw.images)
        name = row[places.image_id] if places.image_id else None
        image_id = str(number) if name is None else stem_of(str(name))
        raw.images.append((image_id, self.split, *self._size(row, where, log), self.source, None))
        for box, label in _pairs(row[places.objects] if places.objects else row, places.box, places.label):
            if label is UNEQUAL:
                log.add("as many labels as boxes were expected", where, f"box {box}")
                continue
            try:
                a, b, c, d = (float(value) for value in box)
            except (TypeError, ValueError) as error:
                log.add("bbox is not four numbers", where, str(error))
                continue
            corners = from_xywh(a, b, c, d) if self.convention == "xywh" else (a, b, c, d)
            raw.boxes.append((image, self._name(label), *corners, False, False, False, False, number))

    def _name(self, label: object) -> str | None:
        if label is None:
            return None
        names = self.places.names
        if names is not None and isinstance(label, int):
            return names[label].strip() or None if 0 <= label < len(names) else str(label)
        return str(label).strip() or None

    def _size(self, row: dict[str, Any], where: str, log: RowLog) -> tuple[int | None, int | None]:
        if self.places.sized:
            return size_number(row["width"]), size_number(row["height"])
        image = row[self.places.image] if self.places.image else None
        if image is None:
            return None, None
        try:
            return _header_size(image)
        except (OSError, ValueError, SyntaxError, InputError) as error:
            log.add("unreadable image", where, str(error))
            return None, None


def _header_size(image: Mapping[str, Any]) -> tuple[int, int]:
    data = image.get("bytes")
    return image_size(io.BytesIO(data) if data else Path(str(image["path"])))


def _pairs(objects: Any, box: str, label: str | None) -> Iterator[tuple[Any, Any]]:
    """Boxes and labels of one row: a dict of lists or a list of dicts, both are usual."""
    if objects is None:
        return
    if isinstance(objects, list):
        for item in objects:
            given = item or {}
            yield given.get(box), given.get(label) if label else None
        return
    boxes = objects.get(box) or []
    labels = (objects.get(label) if label else None) or [None] * len(boxes)
    yield from zip(boxes, labels if len(labels) == len(boxes) else [UNEQUAL] * len(boxes), strict=True)
