"""Tables with pictures: encoded bytes in Parquet or Arrow files, or paths in any table, also CSV.

Labels, names and boxes of all rows are read at once, pictures a few megabytes at a time, and only from row groups in
which a row is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from biasscope.core.classlabel import FEATURES, names_stored
from biasscope.core.errors import InputError, UsageError
from biasscope.images.columns import Columns, find_columns, read_labels
from biasscope.images.decode import SUFFIXES as PICTURES
from biasscope.images.encoded import Box, DecodedSource, Item
from biasscope.images.request import Request
from biasscope.images.rows import SUFFIXES, TEXTS, column_values, count_rows, kinds, read_columns
from biasscope.images.sampling import choose
from biasscope.images.splits import SPLITS

Cells = dict[str, list[Any]]
"""Columns of a table by name."""

_SHARD = re.compile(r"(.+?)-\d+-of-\d+\.parquet$")


@dataclass
class TableSource(DecodedSource):
    """Rows of one or several files.

    Attributes
    ----------
    columns
        Which column is what.
    rows
        Wanted rows, counted through all files, ascending.
    starts
        First row of every file, and the number of rows at the end.
    known
        Ids, labels and boxes of the wanted rows.
    """

    columns: Columns | None = None
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    starts: list[int] = field(default_factory=list)
    known: list[tuple[str, int | None, Box | None]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def items(self) -> Iterator[Item]:
        """Rows in order."""
        if self.columns is None:
            return
        known = iter(self.known)
        for path, first, end in zip(self.files, self.starts, self.starts[1:], strict=False):
            wanted = self.rows[(self.rows >= first) & (self.rows < end)] - first
            for value in column_values(path, self.columns.image, wanted):
                image_id, label, box = next(known)
                yield Item(image_id, encoded(value, path.parent), label, box)


def encoded(value: object, folder: Path) -> bytes | Path:
    """Bytes or the path of a picture, from bytes, text, or the pair that the ``datasets`` library writes."""
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return folder / value if isinstance(value, str) and value else b""


def detect(request: Request) -> bool:
    """Tables by their suffix, and folders with Parquet files."""
    path = request.path
    return path is not None and (request.text.startswith("table:") or bool(_files(path)))


def open_source(request: Request) -> TableSource:
    """Read everything of a table but its pictures.

    Raises
    ------
    InputError
        The table cannot be read, has no rows, or no column of pictures.
    UsageError
        A column that was named is not there.
    """
    where = str(request.path)
    files = _files(request.path or Path())
    if not files:
        raise InputError("there is no such table", where=where, hint=f"Tables end in {', '.join(sorted(SUFFIXES))}.")
    files, notes = _of_split(files, request.split, where)
    columns = find_columns(kinds(files[0]), request, where)
    wanted = dict.fromkeys(filter(None, [columns.label, columns.names, columns.image_id, *(columns.box or ())]))
    counts = [count_rows(path) for path in files]
    if not sum(counts):
        raise InputError("the table has no rows", where=where)
    table: Cells = {name: [] for name in wanted}
    for path in files:
        for name, values in read_columns(path, list(wanted)).items():
            table[name] += values
    source = TableSource(request.text, limits=request.limits, box_convention=request.box_convention, files=files)
    source.columns, source.starts = columns, [0, *np.cumsum(counts).tolist()]
    source.rows = choose(sum(counts), request.limit, request.seed)
    source.notes += [*notes, columns.sentence()]
    _fill(source, columns, table, _class_label(files[0], columns.label))
    return source


def _fill(source: TableSource, columns: Columns, table: Cells, class_label: tuple[str, ...] | None) -> None:
    """Ids, labels and boxes of the wanted rows; names and highest label of all."""
    labels: list[int | None] = [None] * source.starts[-1]
    if columns.label:
        words = table[columns.names] if columns.names else None
        found = read_labels(_numbers(table[columns.label]), words, source.name)
        labels, source.class_names = found.values, class_label
        found.describe(source, columns.label)
    ids = _ids(table, columns.image_id, source)
    for row in source.rows.tolist():
        corners = [_float(table[name][row]) for name in columns.box or ()]
        box = None if None in corners or not corners else cast(Box, tuple(corners))
        source.known.append((ids[row], labels[row], box))


def _numbers(values: list[Any]) -> list[Any]:
    """Text that is whole numbers throughout, as CSV has it, as numbers."""
    texts = [value for value in values if value is not None]
    if not texts or not all(isinstance(text, str) and text.strip().lstrip("-").isdecimal() for text in texts):
        return values
    return [None if value is None else int(value) for value in values]


def _float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _ids(table: Cells, column: str | None, source: TableSource) -> list[str]:
    rows = source.starts[-1]
    if column is not None:
        ids = [str(value) for value in table[column]]
        if len(set(ids)) == rows:
            return ids
        source.notes.append(f"The column {column} names several pictures alike: rows are counted instead.")
    return [f"row-{row:0{len(str(rows))}d}" for row in range(rows)]


def _class_label(path: Path, column: str | None) -> tuple[str, ...] | None:
    """Names of the classes that the ``datasets`` library writes beside a Parquet table."""
    if path.suffix.lower() != ".parquet" or column is None:
        return None
    import pyarrow.parquet as parquet

    try:
        metadata = parquet.read_schema(path).metadata or {}
    except (ValueError, OSError):
        return None
    return names_stored(metadata.get(FEATURES.encode(), b""), column)


def _of_split(files: list[Path], wanted: str | None, where: str) -> tuple[list[Path], list[str]]:
    """Files of one split, where their names (``test-00000-of-00001.parquet``) say which they belong to."""
    names = {path: found[1] if (found := _SHARD.match(path.name)) else path.stem for path in files}
    if wanted is not None:
        chosen = [path for path in files if names[path] == wanted]
        if not chosen:
            hint = f"There are: {', '.join(sorted(set(names.values())))}."
            raise UsageError(f"there is no split {wanted!r}", where=where, hint=hint)
        return chosen, []
    there = set(names.values())
    if len(there) == 1 or not there <= set(SPLITS):
        return files, []
    taken = min(there, key=SPLITS.index)
    note = f"The split {taken} was taken; there are {', '.join(sorted(there))}."
    return [path for path in files if names[path] == taken], [note]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(path.glob("*.parquet")) or sorted(path.glob("data/*.parquet"))
        return [] if any(other.suffix.lower() in PICTURES for other in path.iterdir()) else found
    known = path.suffix.lower() in SUFFIXES or "".join(path.suffixes[-2:]).lower() in TEXTS
    return [path] if path.is_file() and known else []
