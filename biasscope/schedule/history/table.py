"""``history.parquet``: one row a number and run. It also spares reading runs that did not change."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec
import polars as pl

from biasscope.schedule.history.numbers import Number
from biasscope.schedule.history.runs import Known, Run

FILE = "history.parquet"
STAMPS = "biasscope.runs"
"""Key of the metadata of the file: stamps of the runs that its rows come from."""

SCHEMA = {
    **dict.fromkeys(("run", "started", "analysis", "number", "title"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    "n": pl.Int64,
    **dict.fromkeys(("unit", "better", "status"), pl.String),
    "bound": pl.Float64,
    "head": pl.Boolean,
}
"""Columns of the table; ``started`` is an ISO 8601 time in UTC."""


def write(runs: Sequence[Run]) -> bytes:
    """Parquet of the numbers of all runs, oldest first."""
    rows = [msgspec.structs.astuple(number) for run in runs for number in run.numbers]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    stamps = {run.id: run.stamp for run in runs if run.stamp}
    buffer = io.BytesIO()
    frame.write_parquet(buffer, metadata={STAMPS: msgspec.json.encode(stamps).decode()})
    return buffer.getvalue()


def read(folder: Path) -> Known:
    """Numbers by run as they were written the last time; nothing when the file is missing or is another's."""
    path = folder / FILE
    try:
        stamps = msgspec.json.decode(pl.read_parquet_metadata(path)[STAMPS], type=dict[str, str])
        frame = pl.read_parquet(path, glob=False)
    except (OSError, KeyError, msgspec.DecodeError, pl.exceptions.PolarsError):
        return {}
    if dict(frame.schema) != SCHEMA:
        return {}
    rows = [Number(**dict(zip(SCHEMA, row, strict=True))) for row in frame.iter_rows()]
    found = {run: list(group) for run, group in groupby(rows, key=lambda row: row.run)}
    return {run: (stamp, found.get(run, [])) for run, stamp in stamps.items()}
