"""What is read: the dataset, and the one that it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from biasscope.boxes import read_boxes
from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.read import check_columns
from biasscope.core.errors import InputError, UsageError
from biasscope.pipeline.definition import DatasetAnalysis


def tables_of(asked: DatasetAnalysis) -> list[BoxTable]:
    """The dataset, and the one it is compared with, if there is one; the embedded scenes when no path is given."""
    convention = asked.box_convention
    read = partial(_read, asked, split_column=asked.split_column)
    tables = [
        read(*asked.paths, format=asked.format_in, box_convention=convention) if asked.paths else _embedded(asked)
    ]
    if asked.compare is not None:
        tables.append(_compared(asked, asked.compare))
        check_columns([name for table in tables for name in _formats(table)], asked.columns, asked.split_column)
    return tables


def _compared(asked: DatasetAnalysis, path: str) -> BoxTable:
    """The second dataset, with the options of the first; it need not have the column of splits."""
    convention = asked.compare_box_convention or asked.box_convention

    def read(*, split_column: str | None) -> BoxTable:
        chosen = {"format": asked.compare_format_in, "box_convention": convention, "split_column": split_column}
        table = _read(asked, path, **chosen)
        check_columns(_formats(table), {}, split_column)
        return table

    try:
        return read(split_column=asked.split_column)
    except (InputError, UsageError):
        if asked.split_column is None:
            raise
        table = _without_splits(read)
        if table is None:
            raise
    note = f"There is no column {asked.split_column!r} in it: --split-column was left out here."
    return replace(table, notes=(*table.notes, note))


def _without_splits(read: Callable[..., BoxTable]) -> BoxTable | None:
    """The same read without a column of splits; None where that is not what was in the way."""
    try:
        return read(split_column=None)
    except (InputError, UsageError):
        return None


def _read(asked: DatasetAnalysis, *paths: str, **options: object) -> BoxTable:
    shared = {name: getattr(asked, name) for name in ("images", "sizes", "columns", "cache", "stream")}
    return read_boxes(*paths, **shared, **options, columns_of_another=asked.compare is not None)  # type: ignore[arg-type]


def _formats(table: BoxTable) -> list[str]:
    return table.format.split(", ")


def _embedded(asked: DatasetAnalysis) -> BoxTable:
    from biasscope.pipeline.dataset.embedded import embedded_boxes

    return embedded_boxes(asked.seed)
