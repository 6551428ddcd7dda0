"""The verdict on annotations: what an inspection found, as one sentence, numbers, and the rows to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.integrity.problems import PROBLEMS, TOLERANCE
from biasscope.boxes.sizes.unsized import missing_sizes
from biasscope.core.results import Result, Scalar, Table, column, table
from biasscope.core.words import counted

LISTED = 1000
"""Rows of each problem that are listed, at most."""
Row = tuple[str, str | None, str]
"""Where a row stands, its image, and what is odd about it."""


@dataclass(frozen=True)
class Inspected:
    """What was found over all batches; ``counts`` and ``listed`` are by the code of the problem."""

    counts: Counter[str]
    listed: Mapping[str, Sequence[Row]]
    boxes: int
    excluded: int
    images: int
    without: int
    classes: int
    violations: int


def verdict(found: Inspected, source: BoxTable, doubt: str | None) -> Result:
    """Result of kind ``integrity``; ``doubt`` is a note on the box convention."""
    return Result(
        kind="integrity",
        title="Integrity of the annotations",
        finding=_finding(found) + _advice(found, source),
        parameters={
            "tolerance": TOLERANCE,
            "listed": LISTED,
            "format": source.format,
            "convention": source.convention,
        },
        scalars=_scalars(found),
        tables=[_problem_table(found.counts), _row_table(found.listed)],
        notes=[
            f"At most {LISTED} rows of each problem are listed; the counts are complete.",
            *([doubt] if doubt else []),
        ],
    )


def _scalars(found: Inspected) -> list[Scalar]:
    return [
        Scalar("boxes", found.boxes, "Boxes", unit="boxes"),
        Scalar("images", found.images, "Images", unit="images"),
        Scalar("images_without_objects", found.without, "Images without objects", unit="images"),
        Scalar("classes", found.classes, "Classes", unit="classes"),
        Scalar("excluded", found.excluded, "Boxes left out of the statistics", unit="boxes", better="lower"),
        Scalar("violations", found.violations, "Problems that --strict refuses", better="lower"),
    ]


def _finding(found: Inspected) -> str:
    boxes, excluded = found.boxes, found.excluded
    counts = ((problem.title.lower(), found.counts[code]) for code, problem in PROBLEMS.items())
    parts = ", ".join(f"{title} ({count:,})" for title, count in counts if count)
    used = "The one box" if boxes == 1 else f"All {boxes:,} boxes"
    if not boxes and not parts:
        return "The input holds no boxes."
    if not parts:
        return f"{used} can be used: no problem was found."
    if not boxes:
        return f"The input holds no readable boxes; found: {parts}."
    if not excluded:
        return f"{used} can be used; found: {parts}."
    are = "is" if excluded == 1 else "are"
    return f"{excluded:,} of {counted(boxes, 'box')} {are} left out of the statistics; found: {parts}."


def _advice(found: Inspected, source: BoxTable) -> str:
    """What to do when nothing can be used: why rows were unreadable, and where sizes could come from."""
    if found.boxes > found.excluded:
        return ""
    first = "; ".join(f"{reason} ({count:,})" for reason, count in source.log.counts.most_common(3))
    advice = f" Unreadable: {first}." if first else ""
    if 2 * found.counts["unknown_size"] > found.boxes and "fraction" not in (source.convention, source.layout):
        unsized = source.images.filter(pl.col("image_width").is_null() | pl.col("image_height").is_null())
        advice += f" The annotation gives no image sizes: {missing_sizes(source.sizes_from, unsized)}."
        if "table" in source.format.split(", "):
            advice += " Where columns of the table are sizes, name them with --columns image_width=...,image_height=..."
    return advice


def _problem_table(counts: Counter[str]) -> Table:
    return table(
        "problems",
        {
            "code": list(PROBLEMS),
            "title": [problem.title for problem in PROBLEMS.values()],
            "count": [counts[code] for code in PROBLEMS],
            "used": [problem.used for problem in PROBLEMS.values()],
            "explanation": [problem.explanation for problem in PROBLEMS.values()],
        },
        row="one sort of problem",
    )


def _row_table(listed: Mapping[str, Sequence[Row]]) -> Table:
    rows = [(code, *row) for code, found in listed.items() for row in found]
    names = ("code", "where", "image_id", "detail")
    columns = [column(name, [row[place] for row in rows]) for place, name in enumerate(names)]
    return table("rows", columns, row="one problem of one row")
