"""Object-detection datasets of the Hugging Face library: from the hub, or a folder written by ``save_to_disk``.

Convention
----------
``bbox`` in the objects of a row is ``[left, top, width, height]`` in pixels (COCO's), unless a convention is named:
``edges``, ``inclusive0`` and ``inclusive1`` are two corners, ``fraction`` is two corners as fractions. Sizes come from
the columns ``width`` and ``height`` or from the image's own header; no image is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from biasscope.boxes.assemble import Raw, finish, size_number
from biasscope.boxes.convention import from_xywh
from biasscope.boxes.filenames import stem_of
from biasscope.boxes.schema import BOXES, IMAGES, BoxTable, RowLog
from biasscope.boxes.source import Request
from biasscope.boxes.streamed import streamed
from biasscope.core.errors import InputError, UsageError

NAME = "huggingface"
BATCH = 2000
_OBJECTS = ("objects", "annotations", "faces", "labels")
_BOX = ("bbox", "bboxes", "boxes", "box")
_LABEL = ("category", "categories", "label", "labels", "category_id", "class", "class_label", "class_id", "name")
_ID = ("image_id", "image_name", "file_name", "filename", "id")


def detect(request: Request) -> bool:
    """Folders that ``save_to_disk`` wrote."""
    return any(found.name.rpartition("/")[2] in ("state.json", "dataset_dict.json") for found in request.of(".json"))


def read(request: Request) -> BoxTable:
    """Boxes of a dataset; every split of it. ``stream`` reads rows as they come, also from the hub.

    Raises
    ------
    InputError
        The dataset cannot be loaded or has no feature with boxes.
    """
    convention = request.convention if request.convention != "auto" else "xywh"
    parts = [_Part(request, name, data, convention) for name, data in _load(request).items()]
    if request.stream:
        boxes, images = [part.scan(0) for part in parts], [part.scan(1) for part in parts]
    else:
        made = [list(part.frames()) for part in parts]
        boxes = [pl.concat([pl.DataFrame(schema=BOXES), *(pair[0] for pair in pairs)]).lazy() for pairs in made]
        images = [pl.concat([pl.DataFrame(schema=IMAGES), *(pair[1] for pair in pairs)]).lazy() for pairs in made]
    return BoxTable(
        pl.concat(boxes),
        pl.concat(images),
        format=NAME,
        convention=convention,
        files=tuple(Path(found.path) for found in request.of(".arrow")) if request.path.is_dir() else (),
        log=request.log,
        notes=tuple(dict.fromkeys(part.note for part in parts)),
    )


def _load(request: Request) -> dict[str | None, Any]:
    import datasets

    name = (
        str(request.path).removeprefix("hf:/").lstrip("/") if str(request.path).startswith("hf:") else str(request.path)
    )
    try:
        if request.path.is_dir():
            data: Any = datasets.load_from_disk(str(request.path))
            _validate(data)
        else:
            data = datasets.load_dataset(name, streaming=request.stream)
    except Exception as error:  # the library raises whatever its layers raise
        first = str(error).split("\n")[0]
        raise InputError(f"cannot be loaded as a Hugging Face dataset ({first})", where=name) from error
    if isinstance(data, Mapping):
        return {str(key): value for key, value in data.items()}
    return {request.split or request.split_of("x", stem=False): data}


def _validate(data: Any) -> None:
    """Check offsets and texts of Arrow files, which the library trusts."""
    for part in data.values() if isinstance(data, Mapping) else (data,):
        part.data.table.validate(full=True)


class _Part:
    """One split of a dataset: where its features are, and its rows."""

    def __init__(self, request: Request, split: str | None, data: Any, convention: str) -> None:
        self.split = request.split or split
        self.convention, self.log, self.data = convention, request.log, data
        self.source = request.path.name
        features = data.features
        if features is None:
            raise InputError("the dataset does not state its features", where=self.source)
        _check_columns(request, features)
        self.objects, inner = _objects(features, self.source, request.columns)
        self.box = _choose(inner, _BOX, self.source)
        _check_field(request, "label", inner)
        self.label = request.columns.get("label") or next((name for name in _LABEL if name in inner), None)
        self.names = _class_names(inner.get(self.label)) if self.label else None
        self.id = request.columns.get("image_id") or next((name for name in _ID if name in features), None)
        self.sizes = ("width", "height") if {"width", "height"} <= features.keys() else None
        self.image = next((name for name, kind in features.items() if type(kind).__name__ == "Image"), None)
        self.logged = 0

    @property
    def note(self) -> str:
        sizes = "the columns width and height" if self.sizes else "image headers" if self.image else "nowhere"
        path = f"{self.objects}.{self.box}" if self.objects else self.box
        return f"Boxes are from {path}, read as {self.convention}; image sizes are from {sizes}."

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

        wanted = [self.objects or self.box, self.label if not self.objects else None, self.id, *(self.sizes or ())]
        data = self.data
        if self.image and not self.sizes:
            wanted.append(self.image)
            data = data.cast_column(self.image, datasets.Image(decode=False))
        columns = list(dict.fromkeys(name for name in wanted if name))
        try:
            yield from data.select_columns(columns)
        except Exception as error:  # the library raises whatever its layers raise
            raise InputError(f"a row cannot be read ({error})", where=self.source) from error

    def _finish(self, raw: Raw, log: RowLog) -> tuple[pl.DataFrame, pl.DataFrame]:
        images, boxes = raw.frames()
        fraction = self.convention == "fraction"
        made = finish(images, boxes, convention=self.convention, fraction=fraction, log=log)
        return made[0].collect(), made[1].collect()

    def _add(self, raw: Raw, row: dict[str, Any], number: int, log: RowLog) -> None:
        where = f"{self.source}:{self.split or ''}:{number}"
        image = len(raw.images)
        image_id = stem_of(str(row[self.id])) if self.id and row[self.id] is not None else str(number)
        raw.images.append((image_id, self.split, *self._size(row, where, log), self.source, None))
        for box, label in _pairs(row[self.objects] if self.objects else row, self.box, self.label):
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
        if self.names is not None and isinstance(label, int):
            return self.names[label].strip() or None if 0 <= label < len(self.names) else str(label)
        return str(label).strip() or None

    def _size(self, row: dict[str, Any], where: str, log: RowLog) -> tuple[int | None, int | None]:
        if self.sizes:
            return size_number(row["width"]), size_number(row["height"])
        if not self.image or row[self.image] is None:
            return None, None
        try:
            return _header_size(row[self.image])
        except (OSError, ValueError, SyntaxError, InputError) as error:
            log.add("unreadable image", where, str(error))
            return None, None


def _header_size(image: Mapping[str, Any]) -> tuple[int, int]:
    from biasscope.boxes.sizes import image_size

    data = image.get("bytes")
    return image_size(io.BytesIO(data) if data else Path(str(image["path"])))


def _pairs(objects: Any, box: str, label: str | None) -> Iterator[tuple[Any, Any]]:
    """Boxes and labels of one row: a dict of lists or a list of dicts, both are usual."""
    if objects is None:
        return
    if isinstance(objects, list):
        for item in objects:
            yield item.get(box), item.get(label) if label else None
        return
    boxes = objects.get(box) or []
    labels = (objects.get(label) if label else None) or [None] * len(boxes)
    yield from zip(boxes, labels, strict=False)


def _objects(features: Any, source: str, columns: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    for name in (*((columns["objects"],) if "objects" in columns else ()), *_OBJECTS, *features):
        inner = _inner(features.get(name))
        if inner is not None and any(box in inner for box in _BOX):
            return name, inner
    if any(box in features for box in _BOX):
        return "", features
    raise InputError(
        f"no feature with boxes ({', '.join(_BOX)}) was found among: {', '.join(features)}",
        where=source,
        hint="An object-detection dataset has a feature like objects = {bbox, category}.",
    )


def _check_columns(request: Request, features: Any) -> None:
    """Columns that were named exist; here they can be the image's name, the objects, and the label among these."""
    if request.split_column:
        raise UsageError(
            "a column of splits cannot be named for a Hugging Face dataset",
            where="--split-column",
            hint="Its splits have names.",
        )
    for key in request.columns:
        if key not in ("image_id", "objects", "label"):
            raise UsageError(
                f"there is no target column {key!r}", where="--columns", hint="There are: image_id, objects, label."
            )
    for key in ("image_id", "objects"):
        _check_field(request, key, features)


def _check_field(request: Request, key: str, fields: Mapping[str, Any]) -> None:
    name = request.columns.get(key)
    if name is not None and name not in fields:
        raise UsageError(
            f"there is no column {name!r} (wanted for {key})",
            where="--columns",
            hint=f"There are: {', '.join(fields)}.",
        )


def _inner(feature: Any) -> Mapping[str, Any] | None:
    """Fields of a feature that is a list of dicts or a dict of lists."""
    while feature is not None and not isinstance(feature, Mapping):
        feature = feature[0] if isinstance(feature, list) and feature else getattr(feature, "feature", None)
    return feature


def _class_names(feature: Any) -> list[str] | None:
    while feature is not None and not hasattr(feature, "names"):
        feature = feature[0] if isinstance(feature, list) and feature else getattr(feature, "feature", None)
    return None if feature is None else list(feature.names)


def _choose(inner: Mapping[str, Any], options: tuple[str, ...], source: str) -> str:
    found = next((name for name in options if name in inner), None)
    if found is None:
        raise InputError(f"none of {', '.join(options)} is a feature of the objects", where=source)
    return found
