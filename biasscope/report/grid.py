"""Tables for people: which columns of a table are shown, how each is written, and what it is sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from biasscope.core.results import Cell, Column, Table
from biasscope.report import thumbnails, wording

BY_MEASURE = "by measure"
NUMBERS = (*wording.STYLES, BY_MEASURE)


@dataclass(frozen=True)
class Field:
    """One column to show: name in the table, heading, style of its cells, and what hovering the heading tells.

    ``style`` is one of ``NUMBERS`` or label, measure, text, code, digest, verdict, map, bars, vector. Columns called
    ``name_low`` and ``name_high`` are the interval of a number.
    """

    name: str
    title: str
    style: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One cell: its text, what it is sorted by, the line below it (an interval), a picture.

    ``rank`` is "leads" for a value told apart from the others of its row, "ahead" for the best that is not.
    """

    text: str
    sort: str = ""
    below: str = ""
    picture: str = ""
    rank: str = ""


@dataclass(frozen=True)
class Grid:
    """A table ready to be printed."""

    name: str
    caption: str
    fields: Sequence[Field]
    rows: Sequence[Sequence[Shown]]
    row: str = "row"
    left_out: int = 0
    verdicts: Sequence[str] = field(default=())


def grid(table: Table, fields: Sequence[Field], *, caption: str, row: str = "", most: int | None = None) -> Grid:
    """Those columns of ``fields`` that the table has, at most ``most`` rows."""
    kept = [item for item in fields if item.name in table]
    shown = [_cells(table, item, most) for item in kept]
    verdicts = sorted(
        {cell.text for item, cells in zip(kept, shown, strict=True) if item.name == "verdict" for cell in cells}
    )
    rows = list(zip(*shown, strict=True))
    return Grid(table.name, caption, kept, rows, row or table.row or "row", table.height - len(rows), verdicts)


def every_column(table: Table) -> list[Field]:
    """Fields for a table nobody wrote a view for: all its columns, intervals folded into their number."""
    names = {item.name for item in table.columns}
    folded = {f"{name}{end}" for name in names for end in ("_low", "_high") if {f"{name}_low", f"{name}_high"} <= names}
    return [_guess(item) for item in table.columns if item.name not in folded]


def _guess(item: Column) -> Field:
    title = item.title or item.name.replace("_", " ")
    if item.kind in ("text", "boolean"):
        named = item.name in ("label", "verdict")
        return Field(item.name, title, item.name if named else "text", item.description)
    if item.kind == "vector":
        return Field(item.name, title, "map" if item.name.startswith("map") else "bars", item.description)
    shown = wording.style(item.name, item.unit, whole=item.kind == "integer")
    suffix = f" ({item.unit})" if item.unit and shown == "real" else ""
    return Field(item.name, title + suffix, shown, item.description)


def _cells(table: Table, item: Field, most: int | None) -> list[Shown]:
    values = table[item.name][:most]
    if item.style in NUMBERS:
        return _numbers(table, item, values, most)
    return [_SHOW[item.style](value) for value in values]


def _numbers(table: Table, item: Field, values: Sequence[Cell], most: int | None) -> list[Shown]:
    shows: list[Any] = [wording.STYLES[name] for name in _styles(table, item, len(values))]
    nothing: list[Cell] = [None] * len(values)
    ends = [table[name][:most] if name in table else nothing for name in (f"{item.name}_low", f"{item.name}_high")]
    return [
        Shown(
            show(value),
            "" if value is None else f"{value:.5g}",
            "" if value is None else wording.span(show, low, high),
        )
        for show, value, low, high in zip(shows, values, *ends, strict=True)
    ]


def _styles(table: Table, item: Field, height: int) -> list[str]:
    """Style of each row: that of the column, or that of the measure which the row is about."""
    if item.style != BY_MEASURE:
        return [item.style] * height
    return [wording.style(str(name)) for name in table["measure"][:height]]


def _text(value: Cell) -> Shown:
    return Shown(wording.anything(value))


def _digest(value: Cell) -> Shown:
    text = wording.anything(value)
    return Shown(text if len(text) <= 20 else f"{text[:16]}\N{HORIZONTAL ELLIPSIS}")


def _measure(value: Cell) -> Shown:
    return Shown(wording.measure(value))


def _label(value: Cell) -> Shown:
    return Shown(str(value or "") or "(no name)")


def _map(value: Any) -> Shown:
    picture = thumbnails.address(value)
    return Shown(thumbnails.says(value) if picture else "", picture=picture)


def _bars(value: Any) -> Shown:
    path = thumbnails.bars(value)
    return Shown("histogram" if path else "", picture=path)


_SHOW = {
    "measure": _measure,
    "text": _text,
    "code": _text,
    "digest": _digest,
    "label": _label,
    "verdict": _text,
    "map": _map,
    "bars": _bars,
    "vector": _text,
}
