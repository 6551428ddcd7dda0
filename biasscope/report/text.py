"""Report as plain text for a terminal or a pipe: the answer, the head numbers, the strongest classes, the problems.

Apart from what comes from the data only ASCII is used, and control characters of the data are replaced, so that a class
name cannot steer a terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from biasscope.core.results import Result, Scalar, Table
from biasscope.figures.labels import visible
from biasscope.report import wording
from biasscope.report.model import Report

WIDTH = 88
MOST = 10
"""Classes that are listed; the report holds all of them."""

_ASCII = {ord(wording.DASH): "-", ord(wording.MINUS): "-", ord(wording.THIN): None}
_MODELS = ("model", "consistency", "accuracy", "worst_case")
_COLUMNS = {
    "position": ("label", "boxes", "effect", "q", "verdict", "verdict_raw"),
    "splits": ("label", "boxes_a", "boxes_b", "distance", "q", "verdict"),
    "comparison": ("label", "boxes_a", "boxes_b", "distance", "q", "verdict"),
}


def summary(report: Report) -> str:
    """Plain text of a report, without a newline at its end.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> print(summary(Report("dataset", "Boxes", "Biased?", ["No."], [], [], Provenance([], 0, {}, {}))))
    Boxes
    =====
    Biased?
    <BLANKLINE>
    No.
    """
    title = visible(report.title)
    said = [sentence for sentence in report.answer if sentence not in report.notes]
    blocks = [f"{title}\n{'=' * min(len(title), WIDTH)}\n{wrapped(report.question)}", *map(wrapped, said)]
    if report.headline:
        blocks.append(aligned([_scalar(item) for item in report.headline]))
    for result in report.results:
        blocks += _result(result, report.answer)
    blocks += [wrapped(f"Note: {note}") for note in report.notes]
    return "\n\n".join(blocks)


def wrapped(sentence: str) -> str:
    """Sentence on lines of :data:`WIDTH`, without control characters."""
    return "\n".join(textwrap.wrap(visible(sentence), WIDTH, break_long_words=False)) or "-"


def _scalar(item: Scalar) -> list[str]:
    value = " ".join(part for part in (wording.scalar(item), wording.unit(item)) if part)
    interval = f"({wording.bounds(item)})" if item.interval else ""
    return [
        f"  {visible(item.title or item.name)}",
        plain(visible(value)),
        plain(interval),
        f"n = {item.n:,}" if item.n is not None and not wording.of_family(item) else "",
    ]


def plain(shown: str) -> str:
    """Text of ours in ASCII: dashes, minus signs and narrow spaces have plain forms."""
    return shown.translate(_ASCII)


def aligned(rows: Sequence[Sequence[str]], numbers: Sequence[bool] = ()) -> str:
    """Rows of cells as lines with aligned columns; those of ``numbers`` are set right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    right = numbers or [False] * len(widths)
    lines = [
        [cell.rjust(width) if end else cell.ljust(width) for cell, width, end in zip(row, widths, right, strict=True)]
        for row in rows
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _result(result: Result, said: Sequence[str]) -> Iterator[str]:
    if result.finding not in said:
        yield wrapped(f"{result.kind.capitalize()}: {result.finding}")
    tables = {item.name: item for item in result.tables}
    if result.kind in _COLUMNS and "classes" in tables and tables["classes"].height:
        yield f"{_heading(result)}:\n" + _classes(tables["classes"], _COLUMNS[result.kind])
    if result.kind == "shifts" and "models" in tables and tables["models"].height:
        protocol = result.parameters.get("protocol")
        named = f"Shifts ({visible(str(protocol))})" if protocol else "Shifts"
        yield f"{named}, model by model:\n" + _classes(tables["models"], _MODELS)
    if result.kind in ("integrity", "images") and "problems" in tables:
        yield from _problems(tables["problems"], result.title.partition(": ")[2])


def _heading(result: Result) -> str:
    """What a table of classes is of, with the names of the two sides of a comparison."""
    sides = [result.parameters.get(side) for side in ("a", "b")]
    named = f", {visible(str(sides[0]))} (a) against {visible(str(sides[1]))} (b)" if all(sides) else ""
    return f"{result.kind.capitalize()}, class by class{named}"


def _classes(table: Table, names: Sequence[str]) -> str:
    kept = [item for item in table.columns if item.name in names]
    kept.sort(key=lambda item: names.index(item.name))
    numbers = [item.kind not in ("text", "boolean") for item in kept]
    columns = []
    for item, number in zip(kept, numbers, strict=True):
        style = wording.style(item.name, item.unit, whole=item.kind == "integer")
        show: Any = wording.STYLES[style] if number else None
        values = item.values[:MOST]
        cells = [plain(show(value)) if show else _short(wording.anything(value)) for value in values]
        columns.append([item.title or item.name.replace("_", " "), *cells])
    rows = [["  " + first, *rest] for first, *rest in zip(*columns, strict=True)]
    more = f"\n  ... and {table.height - MOST:,} more" if table.height > MOST else ""
    return aligned(rows, numbers) + more


def _short(cell: str) -> str:
    shown = plain(visible(cell))
    return shown if len(shown) <= 32 else shown[:29] + "..."


def _problems(table: Table, of: str) -> Iterator[str]:
    """Problems that were found, behind the name of the dataset where it is not the first."""
    found = [(title, count) for title, count in zip(table["title"], table["count"], strict=True) if count]
    if found:
        rows = [[f"  {_short(str(title))}", plain(wording.anything(count))] for title, count in found]
        yield f"Problems{f' of {visible(of)}' if of else ''}:\n" + aligned(rows, [False, True])
