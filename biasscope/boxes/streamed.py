"""Frames that are made a block at a time, as one lazy frame: memory need not hold more than a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source


def streamed(blocks: Callable[[], Iterator[pl.DataFrame]], schema: pl.Schema) -> pl.LazyFrame:
    """Lazy frame of blocks, which are made anew whenever it is collected.

    Parameters
    ----------
    blocks
        Called without arguments, gives the frames in their order.
    schema
        Columns of every frame.

    Examples
    --------
    >>> schema = pl.Schema({"row": pl.Int64()})
    >>> lazy = streamed(lambda: (pl.DataFrame({"row": [first, first + 1]}, schema) for first in (0, 2)), schema)
    >>> lazy.filter(pl.col("row") > 0).head(2).collect()["row"].to_list()
    [1, 2]
    """

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        for block in blocks():
            part = block if left is None else block.head(left)
            left = None if left is None else left - part.height
            part = part if predicate is None else part.filter(predicate)
            yield part if columns is None else part.select(columns)
            if left == 0:
                return

    return register_io_source(source, schema=schema)
