"""Numbers in the tables of a result: which columns are found and not given, their intervals and directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from biasscope.core.results import Better, Cell, Column, Interval, Result, Table, interval, number
from biasscope.report import wording
from biasscope.report.numbers.number import Number
from biasscope.report.numbers.rows import facets, key_columns, noun, row_keys

LEVEL = 0.95
"""Level of intervals in tables, unless the parameters of the result say another."""
PICTURES = "_pictures"
"""How the name of a column ends that says how many pictures the column before this end was counted on."""
Ends = tuple[Column, Column] | None


def cells(name: str, result: Result, directions: Mapping[str, Better | None]) -> Iterator[Number]:
    """Numbers of all tables of a result called ``name``; ``directions`` are those of its scalars."""
    level = result.parameters.get("level")
    for table in result.tables:
        if table.height:
            yield from _of_table(name, table, directions, level if isinstance(level, float) else LEVEL)


def measured(table: Table) -> list[tuple[Column, Ends]]:
    """Columns of numbers that are found, not given, each with the columns of its interval.

    The interval of ``x`` is ``x_low`` and ``x_high``; columns ``low`` and ``high`` belong to the column before them.
    The pictures that ``x`` was counted on are ``x_pictures`` where there is that column, otherwise ``n``.

    >>> from biasscope.core.results import table
    >>> found = table("t", {"label": ["a"], "effect": [0.2], "effect_low": [0.1], "effect_high": [0.3], "n": [5]})
    >>> [(item.name, ends[0].name) for item, ends in measured(found)]
    [('effect', 'effect_low')]
    """
    columns = {item.name: item for item in table.columns}
    names, keys = list(columns), {item.name for item in key_columns(table)}
    plain = names[names.index("low") - 1] if {"low", "high"} <= columns.keys() and names[0] != "low" else ""
    found: list[tuple[Column, Ends]] = []
    for name, item in columns.items():
        if item.kind not in ("number", "integer") or name in keys or _is_end(name, columns, plain):
            continue
        if _is_size(name, columns):
            continue
        low, high = ("low", "high") if name == plain else (f"{name}_low", f"{name}_high")
        found.append((item, (columns[low], columns[high]) if low in columns and high in columns else None))
    return found


def _is_end(name: str, columns: Mapping[str, Column], plain: str) -> bool:
    if name in ("low", "high"):
        return bool(plain)
    stem, _, end = name.rpartition("_")
    return end in ("low", "high") and stem in columns


def _is_size(name: str, columns: Mapping[str, Column]) -> bool:
    """Whether a column says how many another one was counted on."""
    return (name == "n" and "n_low" not in columns) or (
        name.endswith(PICTURES) and name.removesuffix(PICTURES) in columns
    )


def _of_table(name: str, table: Table, directions: Mapping[str, Better | None], level: float) -> Iterator[Number]:
    about = noun(table)
    sizes = [None] * table.height if "n" in {item.name for item in key_columns(table)} else column(table, "n")
    rows = list(zip(row_keys(table), *facets(table), strict=True))
    for item, ends in measured(table):
        own = column(table, f"{item.name}{PICTURES}") if f"{item.name}{PICTURES}" in table else sizes
        bounds = zip(*(end.values for end in ends), strict=True) if ends else [(None, None)] * table.height
        told = _told(table, item, directions, leads=ends is not None and ends[0].name == "low")
        for (key, facet, row), n, value, (low, high), (better, unit, title) in zip(
            rows, own, item.values, bounds, told, strict=True
        ):
            yield Number(
                address=f"{name}.{table.name}[{key}].{item.name}",
                result=name,
                name=item.name,
                value=number(value) if isinstance(value, int | float) else None,
                title=title,
                table=table.name,
                key=key,
                facet=facet,
                row=row,
                noun=about,
                interval=_interval(low, high, level),
                n=n if isinstance(n, int) else None,
                unit=unit,
                better=better,
                whole=item.kind == "integer",
            )


def column(table: Table, name: str) -> Sequence[Cell]:
    """Values of a column, or nothing for every row of a table that lacks it."""
    return table[name] if name in table else [None] * table.height


def _told(
    table: Table, item: Column, directions: Mapping[str, Better | None], *, leads: bool
) -> Sequence[tuple[Better | None, str, str]]:
    """Direction, unit and title of each cell of a column; the number that leads a row takes them from the row."""
    title = _capital(item.title or _words(item.name))
    if not leads:
        return [(directions.get(item.name), item.unit, title)] * table.height
    own, about = "better" in table, "title" in table and item.name == "value"
    which = (facet.rpartition(",")[2] or item.name for facet in facets(table)[0])
    cells = zip(column(table, "better"), column(table, "unit"), column(table, "title"), which, strict=True)
    return [
        (
            _better(way) if own else directions.get(name),
            str(unit or item.unit),
            _capital(str(said or title)) if about else title,
        )
        for way, unit, said, name in cells
    ]


def _words(name: str) -> str:
    """Words for a column without a title; an effect is one of many sorts."""
    return name if name == "effect" else wording.measure(name)


def _capital(title: str) -> str:
    """Title that begins with a capital, unless it is a short symbol."""
    return title[0].upper() + title[1:] if len(title) > 3 and title[:2].islower() else title


def _better(cell: Cell) -> Better | None:
    return "higher" if cell == "higher" else "lower" if cell == "lower" else None


def _interval(low: Cell, high: Cell, level: float) -> Interval | None:
    known = isinstance(low, int | float) and isinstance(high, int | float)
    return interval(low, high, level=level) if known else None
