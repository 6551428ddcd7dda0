"""Opening tables: CSV (also compressed), Parquet and Arrow files as lazy frames, with their columns as they are."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from biasscope.boxes.files.listing import HEAD, head
from biasscope.boxes.files.names import suffix_of
from biasscope.boxes.files.pointers import POINTER, pointed
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.tables.damage import BOXES_NOUN, CONVERT, DAMAGE, SHORT, unreadable
from biasscope.boxes.tables.quotes import opened, sound
from biasscope.core.classlabel import FEATURES, names_stored
from biasscope.core.errors import InputError
from biasscope.core.words import legible

EXTRA = "biasscope_extra"
"""Column that holds the first field that a row of a CSV file has too many."""
TEXT = "biasscope_text_"
"""Before the name of a column of numbers, where the texts of it are kept as well."""
TEXTS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
TABLES = (*TEXTS, ".parquet", ".arrow", ".feather", ".ipc")


def csv_header(path: Path) -> list[str]:
    """Column names of a CSV or TSV file.

    Raises
    ------
    InputError
        The file is empty, or its beginning is no text in UTF-8 or (with a mark) UTF-16.
    """
    line = _header_line(path)
    return next(csv.reader([line], delimiter=separator(path, line)))


def column_names(path: Path) -> list[str]:
    """Column names of a table, of which no more is read."""
    return column_kinds(path).names()


def column_kinds(path: Path) -> pl.Schema:
    """Columns of a table and their types, of which no more is read; those of a CSV file are texts."""
    if suffix_of(path.name) in TEXTS:
        return pl.Schema(dict.fromkeys(csv_header(path), pl.String()))
    return scan(path).collect_schema()


def class_names(path: Path, column: str) -> tuple[str, ...] | None:
    """Names of the classes that the numbers in a column of a Parquet file stand for, where the file says them."""
    if suffix_of(path.name) != ".parquet":
        return None
    with readable(path):
        return names_stored(pl.read_parquet_metadata(_source(path)).get(FEATURES, ""), column)


def _header_line(path: Path) -> str:
    lines = csv_text(path).lstrip("\n\r").splitlines()
    if not lines:
        raise InputError("the file is empty", where=str(path))
    return lines[0]


def separator(path: Path, line: str) -> str:
    """Most likely separator of a header line."""
    if ".tsv" in suffix_of(path.name) and "\t" in line:
        return "\t"
    return max(",;\t|", key=line.count)


def head_of(path: Path, size: int = HEAD) -> bytes:
    """First bytes of a table, decompressed."""
    if path.suffix.lower() != ".gz":
        return head(path, size)
    try:
        with opened(path) as file:
            return file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be decompressed ({error})", where=str(path)) from error


def csv_text(path: Path) -> str:
    """First lines of a CSV file, decoded."""
    data = head_of(path)
    if data.startswith(POINTER):
        raise pointed(path)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data[: len(data) // 2 * 2].decode("utf-16", errors="replace")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", where=str(path), hint=CONVERT) from error


class Scans(NamedTuple):
    """A table, and the same read faster, where a number that is none cannot be told from nothing (or ``None``).

    ``rows`` is how many it says it holds; texts do not say.
    """

    path: Path
    frame: pl.LazyFrame
    fast: pl.LazyFrame | None
    rows: int | None = None


def scans(path: Path, numbers: Sequence[str], log: RowLog) -> Scans:
    """Table with some columns as numbers, what is none being null.

    Of a text, ``frame`` holds these columns as texts too, under names that begin with :data:`TEXT`.
    """
    if suffix_of(path.name) not in TEXTS:
        frame = scan(path)
        return Scans(path, frame, None, rows_held(path, frame))
    if not numbers:
        return Scans(path, scan(path, log=log), None)
    with readable(path):
        made = _csv(path, log)
    texts = {name: pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in numbers}
    return Scans(path, made([]).with_columns(pl.col(*numbers).name.prefix(TEXT), **texts), made(numbers))


def scan(path: Path, log: RowLog | None = None) -> pl.LazyFrame:
    """Lazy frame of a table.

    In CSV all columns are texts, and :data:`EXTRA` holds the first field that is too many. Rows with a quote that is
    not closed go to the log.
    """
    suffix = suffix_of(path.name)
    with readable(path):
        if suffix in (*TEXTS, ".txt"):
            return _csv(path, log)([])
        if suffix == ".parquet":
            frame = pl.scan_parquet(_source(path), glob=False)
        elif head(path, 6) != b"ARROW1":
            frame = pl.read_ipc_stream(_source(path)).lazy()
        else:
            source = _source(path)
            frame = pl.scan_ipc(escape(str(path)) if source is path else source)
        frame.collect_schema()
        return frame


def rows_held(path: Path, frame: pl.LazyFrame) -> int | None:
    """How many rows a table says it holds; no column is read for that. Texts do not say."""
    if suffix_of(path.name) in TEXTS:
        return None
    with readable(path):
        return int(frame.select(pl.len()).collect().item())


@contextmanager
def readable(path: Path, noun: str = BOXES_NOUN) -> Iterator[None]:
    """What polars raises over a file becomes an error that names the file."""
    try:
        yield
    except DAMAGE as error:
        raise unreadable(error, [path], noun) from error


def _source(path: Path) -> Path | io.BytesIO:
    """What polars can read: the file, or its content when polars could not be told its name, which is not UTF-8."""
    return path if legible(str(path)) == str(path) else io.BytesIO(path.read_bytes())


def _csv(path: Path, log: RowLog | None) -> Callable[[Sequence[str]], pl.LazyFrame]:
    """Lazy frame of a CSV file, given the columns to be read as numbers."""
    line, data = _header_line(path), None
    if head_of(path, 2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        with opened(path) as file:
            data = file.read().decode("utf-16", errors="replace").encode()
    elif re.match(rb"[^\r\n]*\r(?!\n)", head_of(path)):
        with opened(path) as file:
            data = file.read().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    source = sound(path, data, separator(path, line), log)
    source = _source(path) if source is path else source
    lenient: dict[str, Any] = {"separator": separator(path, line), "ignore_errors": True}
    lenient |= {"truncate_ragged_lines": True, "glob": False}
    names = pl.scan_csv(source, infer_schema=False, **lenient).collect_schema().names()
    if lost := set(csv_header(path)) - set(names):
        raise InputError(f"the header line cannot be read (column {min(lost)[:SHORT]!r})", where=str(path))
    return partial(_scan_csv, source, names, lenient)


def _scan_csv(
    source: Path | io.BytesIO, names: Sequence[str], lenient: Mapping[str, Any], numbers: Sequence[str]
) -> pl.LazyFrame:
    schema: dict[str, Any] = {name: pl.Float64 if name in numbers else pl.String for name in names}
    # A field more than there are names comes into a column of its own, so that such rows can be told.
    return pl.scan_csv(source, schema={**schema, EXTRA: pl.String}, missing_columns="insert", **lenient)
