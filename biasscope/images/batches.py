"""Parquet and Arrow files, batch by batch, so that only what is wanted is read and held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 16 * 2**20
"""Bytes of pictures that are decompressed at a time."""

Rows = NDArray[np.int64]


def parquet_batches(path: Path, column: str, rows: Rows) -> Iterator[tuple[int, Any]]:
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


def arrow_batches(path: Path, column: str, rows: Rows) -> Iterator[tuple[int, Any]]:
    """First row and values of the record batches."""
    start = 0
    for batch in record_batches(path):
        if start > rows[-1]:
            return
        yield start, sound(batch.column(column))
        start += batch.num_rows


def record_batches(path: Path) -> Iterator[Any]:
    """Batches in order; a memory map, so only what is used is read."""
    from pyarrow import ipc, memory_map

    with memory_map(str(path)) as mapped:
        if not is_file_format(path):
            yield from ipc.open_stream(mapped)
            return
        file = ipc.open_file(mapped)
        for number in range(file.num_record_batches):
            yield file.get_batch(number)


def sound(values: Any) -> Any:
    """Check offsets, which are trusted otherwise."""
    values.validate(full=True)
    return values


def is_file_format(path: Path) -> bool:
    """Whether an Arrow file is of the format with an index, not a stream."""
    with path.open("rb") as file:
        return file.read(6) == b"ARROW1"
