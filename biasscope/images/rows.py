"""Values of one column of a table for some of its rows, without holding the column in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import InputError

if TYPE_CHECKING:
    import polars as pl

TEXTS = {".csv": ",", ".tsv": "\t", ".csv.gz": ",", ".tsv.gz": "\t"}
ARROW = frozenset((".arrow", ".feather", ".ipc"))
SUFFIXES = frozenset((".parquet", *ARROW, *TEXTS))
CHUNK = 16 * 2**20
"""Bytes of pictures that are decompressed at a time."""

Rows = NDArray[np.int64]


def schema(path: Path) -> pl.Schema:
    """Columns of a table and their types; those of a CSV file are text.

    Raises
    ------
    InputError
        The table cannot be read.
    """
    with _reading(path):
        return _scan(path, None, 0).collect_schema()


def read_columns(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of a table, whole."""
    with _reading(path):
        return _scan(path, columns, None).select(columns).collect()


def count_rows(path: Path) -> int:
    """Number of rows."""
    import polars as pl

    with _reading(path):
        if path.suffix.lower() in ARROW and not _is_file_format(path):
            from pyarrow import ipc, memory_map

            with memory_map(str(path)) as mapped:
                return sum(batch.num_rows for batch in ipc.open_stream(mapped))
        return int(_scan(path, None, None).select(pl.len()).collect().item())


def _scan(path: Path, columns: Sequence[str] | None, rows: int | None) -> pl.LazyFrame:
    import polars as pl

    if separator := _separator(path):
        return pl.read_csv(path, separator=separator, infer_schema=False, columns=columns, n_rows=rows).lazy()
    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path)
    if _is_file_format(path):
        return pl.scan_ipc(path)
    return pl.read_ipc_stream(path, columns=None if columns is None else list(columns), n_rows=rows).lazy()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    import polars as pl
    import pyarrow

    try:
        yield
    except (pl.exceptions.PolarsError, pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"the table cannot be read ({reason})", where=str(path)) from error


def column_values(path: Path, column: str, rows: Rows) -> Iterator[Any]:
    """Give the values of a column in ``rows``, which ascend, as Python objects.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if not len(rows):
        return
    if _separator(path):
        yield from read_columns(path, [column])[column].gather(rows).to_list()
        return
    batches = _parquet_batches if path.suffix.lower() == ".parquet" else _arrow_batches
    found = batches(path, column, rows)
    while True:
        with _reading(path):
            first, values = next(found, (0, None))
        if values is None:
            return
        for row in rows[(rows >= first) & (rows < first + len(values))].tolist():
            yield values[row - first].as_py()


def _parquet_batches(path: Path, column: str, rows: Rows) -> Iterator[tuple[int, Any]]:
    """First row and values of the batches, from row groups in which a row is wanted."""
    import pyarrow.parquet as parquet

    # Buffered, so that a file of one huge row group is not read at once.
    with parquet.ParquetFile(path, buffer_size=2**20, pre_buffer=False) as file:
        start = 0
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            end = start + group.num_rows
            last = rows[rows < end].max(initial=-1)
            if last >= start:
                size = _batch(group, column)
                for batch in file.iter_batches(size, row_groups=[number], columns=[column], use_threads=False):
                    yield start, batch.column(0)
                    start += batch.num_rows
                    if start > last:
                        break
            start = end


def _batch(group: Any, column: str) -> int:
    parts = [group.column(number) for number in range(group.num_columns)]
    size = sum(part.total_uncompressed_size for part in parts if part.path_in_schema.split(".")[0] == column)
    return int(min(max(CHUNK * group.num_rows // max(size, 1), 1), 1024))


def _arrow_batches(path: Path, column: str, rows: Rows) -> Iterator[tuple[int, Any]]:
    """First row and values of the record batches; a memory map, so only what is used is read."""
    import pyarrow
    from pyarrow import ipc

    start = 0
    with ExitStack() as stack:
        mapped = stack.enter_context(pyarrow.memory_map(str(path)))
        for batch in _record_batches(ipc, mapped, path):
            if start > rows[-1]:
                return
            values = batch.column(column)
            values.validate(full=True)  # offsets in the file are trusted otherwise
            yield start, values
            start += batch.num_rows


def _record_batches(ipc: Any, mapped: Any, path: Path) -> Iterator[Any]:
    if not _is_file_format(path):
        yield from ipc.open_stream(mapped)
        return
    file = ipc.open_file(mapped)
    for number in range(file.num_record_batches):
        yield file.get_batch(number)


def _is_file_format(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"ARROW1"


def _separator(path: Path) -> str:
    name = path.name.lower()
    return next((separator for suffix, separator in TEXTS.items() if name.endswith(suffix)), "")
