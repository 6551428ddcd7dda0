"""Box tables of several paths as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from biasscope.boxes.boxtable import BoxTable, joined_both
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import ANY, APART

_KEY = ("image_id", "split")


def joined(tables: Sequence[BoxTable], log: RowLog) -> BoxTable:
    """Put tables one after the other; images that cannot be the same ones get names that tell them apart."""
    tables, notes = _told_apart(_of_rows(tables))
    empties = [table.empty for table in tables if table.empty is not None]
    both, again, rows = joined_both(tables)
    return BoxTable(
        pl.concat([table.boxes for table in tables]),
        pl.concat([table.images for table in tables]),
        format=", ".join(dict.fromkeys(table.format for table in tables)),
        convention=", ".join(dict.fromkeys(table.convention for table in tables)),
        files=tuple(file for table in tables for file in table.files),
        log=log,
        notes=tuple(dict.fromkeys([*(note for table in tables for note in table.notes), *notes])),
        empty=_empty(tables) if empties else None,
        both=both,
        again=again,
        rows=rows,
        parts=tables if len({(table.pixels, table.rows is None) for table in tables}) > 1 else (),
    )


def _empty(tables: Sequence[BoxTable]) -> pl.LazyFrame:
    """Images without objects of all parts; those of a part that lists its images are its images without boxes."""
    parts = []
    for table in tables:
        if table.empty is not None:
            parts.append(table.empty)
        else:
            parts.append(table.images.join(table.boxes, on=_KEY, how="anti", nulls_equal=True))
    return pl.concat(parts)


def _of_rows(tables: Sequence[BoxTable]) -> list[BoxTable]:
    """Tables in which images that are rows have ids of their own, where several tables have a split of such."""
    known = Counter(split for table in tables for split in table.own)
    several = sum(bool(table.own) for table in tables) > 1
    made = []
    for table in tables:
        for split, name in table.own.items():
            if known[split] > 1 or (split == ANY and several):
                there = pl.col("split").cast(pl.String).eq_missing(pl.lit(split, pl.String)) | pl.lit(split == ANY)
                named = pl.when(there).then(pl.lit(f"{name}/") + pl.col("image_id")).otherwise("image_id")
                boxes, images = (frame.with_columns(image_id=named) for frame in (table.boxes, table.images))
                table = replace(table, boxes=boxes, images=images)
        made.append(table)
    return made


def _told_apart(tables: Sequence[BoxTable]) -> tuple[Sequence[BoxTable], list[str]]:
    """Tables in which images have their other name where their id is that of an image of another table, and a note."""
    owners = [_owned(table) for table in tables]
    shared = pl.concat(owners).group_by(_KEY).agg(pl.col(APART).n_unique()).filter(pl.col(APART) > 1)
    if not shared.height:
        return tables, []
    renamed = [names.join(shared, on=_KEY, how="semi", nulls_equal=True) for names in owners]
    count = sum(names.height for names in renamed)
    note = f"{count:,} images have a name that an image of another path has too; they are told apart by their files."
    made = [_renamed(table, names) if names.height else table for table, names in zip(tables, renamed, strict=True)]
    return made, [note]


def _owned(table: BoxTable) -> pl.DataFrame:
    """Images of a table that can be of no other one, each once: id, split, and the other name."""
    if table.apart is None:
        return pl.DataFrame(schema={"image_id": pl.String(), "split": pl.Categorical(), APART: pl.String()})
    both = pl.concat([table.images.select(_KEY), table.apart.select(APART)], how="horizontal").collect()
    return both.filter(pl.col(APART).is_not_null()).unique(_KEY, keep="first", maintain_order=True)


def _renamed(table: BoxTable, names: pl.DataFrame) -> BoxTable:
    return replace(table, boxes=_with(table.boxes, names), images=_with(table.images, names))


def _with(frame: pl.LazyFrame, names: pl.DataFrame) -> pl.LazyFrame:
    found = frame.join(names.lazy(), on=_KEY, how="left", nulls_equal=True, maintain_order="left")
    return found.with_columns(image_id=pl.coalesce(APART, "image_id")).drop(APART)
