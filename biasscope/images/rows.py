"""Values of one column of a table for some of its rows, without holding the column in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biasscope.core.errors import InputError
from biasscope.images.batches import Rows, arrow_batches, is_file_format, parquet_batches, record_batches, sound
from biasscope.images.columns import Kind

if TYPE_CHECKING:
    import polars as pl

TEXTS = {".csv": ",", ".tsv": "\t", ".csv.gz": ",", ".tsv.gz": "\t"}
ARROW = frozenset((".arrow", ".feather", ".ipc"))
SUFFIXES = frozenset((".parquet", *ARROW, *TEXTS))


def kinds(path: Path) -> dict[str, Kind]:
    """Columns of a table and what can be in them.

    Raises
    ------
    InputError
        The table cannot be read.
    """
    with _reading(path):
        if _separator(path):
            return {name: _kind_of_texts(values) for name, values in _csv(path).to_dict(as_series=False).items()}
        return {column.name: kind_of(column.type) for column in _schema(path)}


def kind_of(dtype: Any) -> Kind:
    """What can be in a column of this Arrow type."""
    from pyarrow import types

    if types.is_dictionary(dtype):
        return kind_of(dtype.value_type)
    words = str(dtype)
    if "binary" in words.split("<")[0] or (types.is_struct(dtype) and {"bytes", "path"} & {f.name for f in dtype}):
        return "bytes"
    if words in ("string", "large_string", "string_view"):
        return "text"
    if types.is_integer(dtype) or types.is_boolean(dtype):
        return "integer"
    return "float" if types.is_floating(dtype) else "other"


def read_columns(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Some columns of a table, whole, as Python objects."""
    with _reading(path):
        if _separator(path):
            return _csv(path).select(columns).to_dict(as_series=False)
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as parquet

            with parquet.ParquetFile(path) as file:
                table = file.read(list(columns), use_threads=False)
            return {name: table.column(name).to_pylist() for name in columns}
        found: dict[str, list[Any]] = {name: [] for name in columns}
        for batch in record_batches(path):
            for name in columns:
                found[name] += sound(batch.column(name)).to_pylist()
        return found


def count_rows(path: Path) -> int:
    """Number of rows."""
    with _reading(path):
        if _separator(path):
            return _csv(path).height
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as parquet

            with parquet.ParquetFile(path) as file:
                return int(file.metadata.num_rows)
        return sum(batch.num_rows for batch in record_batches(path))


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
        cells = read_columns(path, [column])[column]
        yield from (cells[row] for row in rows.tolist())
        return
    batches = parquet_batches if path.suffix.lower() == ".parquet" else arrow_batches
    found = batches(path, column, rows)
    while True:
        with _reading(path):
            first, values = next(found, (-1, ()))
        if first < 0:
            return
        for row in rows[(rows >= first) & (rows < first + len(values))].tolist():
            yield values[row - first].as_py()


def _csv(path: Path) -> pl.DataFrame:
    import polars as pl

    return pl.read_csv(path, separator=_separator(path), infer_schema=False, glob=False)


def _kind_of_texts(values: Sequence[str | None]) -> Kind:
    given = [value.strip().removeprefix("-") for value in values if value is not None]
    return "integer" if given and all(value.isdecimal() for value in given) else "text"


def _schema(path: Path) -> Any:
    from pyarrow import ipc, memory_map

    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as parquet

        return parquet.read_schema(path)
    with memory_map(str(path)) as mapped:
        return (ipc.open_file if is_file_format(path) else ipc.open_stream)(mapped).schema


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    import polars as pl
    import pyarrow

    try:
        yield
    except (pl.exceptions.PolarsError, pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"the table cannot be read ({reason})", where=str(path)) from error


def _separator(path: Path) -> str:
    name = path.name.lower()
    return next((separator for suffix, separator in TEXTS.items() if name.endswith(suffix)), "")
