"""Datasets of the Hugging Face library: from the hub, from a folder of ``save_to_disk``, or loaded already.

Pictures are taken as the bytes that are stored, so that this package decodes them, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import BiasscopeError, InputError
from biasscope.core.words import counted
from biasscope.images.columns import Columns, find_columns, read_labels
from biasscope.images.encoded import DecodedSource, Item
from biasscope.images.hub import HUB, kind_of, load, reason_of, split_of, undecoded
from biasscope.images.request import Request
from biasscope.images.sampling import choose
from biasscope.images.sources.table import encoded

_MARKS = ("dataset_dict.json", "state.json")


@dataclass
class HuggingFaceSource(DecodedSource):
    """Rows of one split.

    Attributes
    ----------
    data
        The split, with pictures that are not decoded.
    columns
        Which column is what.
    rows
        Wanted rows, or ``None`` for a stream.
    known
        Labels of all rows, where they are names.
    first
        Most rows of a stream.
    """

    data: Any = None
    columns: Columns | None = None
    rows: NDArray[np.int64] | None = None
    known: list[int | None] | None = field(default=None, repr=False)
    first: int | None = None

    @property
    def count(self) -> int | None:
        """Number of rows; not known of a stream, unless it is cut."""
        return None if self.rows is None else len(self.rows)

    def items(self) -> Iterator[Item]:
        """Rows in order."""
        for row, values in self._rows():
            yield self._item(row, values)

    def _rows(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        numbers = None if self.rows is None else self.rows.tolist()
        data = self.data.take(self.first) if numbers is None and self.first is not None else self.data
        rows = enumerate(data) if numbers is None else zip(numbers, data.select(numbers), strict=True)
        try:
            yield from rows
        except BiasscopeError:
            raise
        except Exception as error:  # the library raises whatever its layers raise
            raise InputError(f"a row cannot be read ({reason_of(error)})", where=self.name) from error

    def _item(self, row: int, values: Mapping[str, Any]) -> Item:
        columns = self.columns
        assert columns is not None  # noqa: S101 (set when it is opened)
        label = values[columns.label] if columns.label and self.labels else None
        if self.known is not None:
            label = self.known[row]
        box = tuple(values[name] for name in columns.box) if columns.box else (None,)
        return Item(
            f"row-{row:06d}" if columns.image_id is None else str(values[columns.image_id]),
            _fetched(values[columns.image]),
            None if label is None else int(label),
            None if None in box else box,
        )


def detect(request: Request) -> bool:
    """Addresses of the hub, folders of ``save_to_disk``, and objects of the library."""
    if request.text:
        path = request.path
        known = request.text.startswith((*HUB, "huggingface:"))
        return known or (path is not None and any((path / mark).is_file() for mark in _MARKS))
    return type(request.spec).__module__.split(".")[0] == "datasets"


def open_source(request: Request) -> HuggingFaceSource:
    """Load a dataset, choose its split and columns, and read its labels if they are names.

    Raises
    ------
    InputError
        It cannot be loaded, or has no column of pictures.
    UsageError
        There is no such split or column.
    """
    name = request.text or f"{type(request.spec).__name__} in memory"
    data, notes = split_of(load(request), request.split, name)
    files = _files(data, request)  # a stream does not know them
    if request.stream and hasattr(data, "to_iterable_dataset"):
        data = data.with_format(None).to_iterable_dataset()  # it takes no format that has columns
    features = data.features
    if features is None:
        raise InputError("the dataset does not state its features", where=name)
    columns = find_columns({key: kind_of(feature) for key, feature in features.items()}, request, name)
    source = HuggingFaceSource(name, limits=request.limits, box_convention=request.box_convention)
    source.data, source.columns, source.notes = undecoded(data, columns), columns, [*notes, columns.sentence()]
    source.files = files
    if hasattr(data, "select"):
        source.rows = choose(len(data), request.limit, request.seed)
    elif request.limit is not None:
        source.first = request.limit
        source.notes.append(f"A stream: its first {counted(request.limit, 'row')} were taken, not a sample.")
    _labels(source, features, hasattr(data, "select"))
    _unique_ids(source)
    return source


def _files(data: Any, request: Request) -> list[Path]:
    """Files that a saved dataset, or its split, lies in; none of others."""
    if request.path is None or not request.path.exists():
        return []
    return [Path(file["filename"]) for file in getattr(data, "cache_files", ())]


def _labels(source: HuggingFaceSource, features: Any, whole: bool) -> None:
    """Where labels come from and what they are called; a stream does not tell the names in it beforehand."""
    columns = source.columns
    if columns is None or columns.label is None:
        return
    feature = features[columns.label]
    names = getattr(feature, "names", None)
    if names is not None:
        source.labels, source.class_names, source.highest_label = "integers", tuple(names), len(names) - 1
    elif whole:
        words = list(source.data[columns.names]) if columns.names else None
        found = read_labels(list(source.data[columns.label]), words, source.name)
        found.describe(source, columns.label)
        source.known = found.values
    elif kind_of(feature) == "integer":
        source.labels = "integers"
    else:
        source.notes.append(f"Labels in {columns.label} are names, which a stream does not tell: there are no labels.")


def _unique_ids(source: HuggingFaceSource) -> None:
    columns = source.columns
    if columns is None or columns.image_id is None:
        return
    ids = list(source.data[columns.image_id]) if source.rows is not None else [0, 0]
    if len(set(map(str, ids))) < len(ids):
        source.columns = Columns(columns.image, columns.label, columns.names, None, columns.box)


def _fetched(value: object) -> bytes | Path:
    """Bytes of a picture; one that a stream only names is fetched through the library."""
    data = encoded(value, Path())
    if isinstance(data, Path) and not data.is_file() and isinstance(value, Mapping):
        from datasets.utils.file_utils import xopen

        try:
            with xopen(str(value["path"]), "rb") as file:
                return bytes(file.read())
        except Exception:  # whatever the address leads to; decoding says that there is no such file
            return data
    return data
