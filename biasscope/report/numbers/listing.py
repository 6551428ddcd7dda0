"""All numbers of a report by address, in the order of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from biasscope.core.results import Better, Cell, Column, Interval, Result, Table, interval
from biasscope.report.model import Report
from biasscope.report.numbers.number import Number
from biasscope.report.numbers.rows import key_columns, row_keys

LEVEL = 0.95
"""Level of intervals in tables, unless the parameters of the result say another."""
Directions = Mapping[str, Better | None]


def numbers(report: Report) -> dict[str, Number]:
    """Numbers of a report by address.

    A cell takes its direction from its row's column ``better``, else from the scalar of the same name in its result,
    else from a scalar of that name in any result.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> result = Result("shifts", "Found.", scalars=[Scalar("consistency@a", 0.9, better="higher")])
    >>> report = Report("invariance", "Title", "Question?", [], [], [result], Provenance([], 0, {}, {}))
    >>> numbers(report)["shifts.consistency@a"].value
    0.9
    """
    everywhere = {_stem(item.name): item.better for result in report.results for item in result.scalars if item.better}
    made: dict[str, Number] = {}
    for name, result in named_results(report):
        own = everywhere | {_stem(item.name): item.better for item in result.scalars}
        for number in (*_scalars(name, result), *_cells(name, result, own)):
            made.setdefault(number.address, number)
    return made


def named_results(report: Report) -> Iterator[tuple[str, Result]]:
    """Results with the names that addresses begin with: the kind, and ``kind#2`` for the second of a kind."""
    seen: Counter[str] = Counter()
    for result in report.results:
        seen[result.kind] += 1
        place = seen[result.kind]
        yield (result.kind if place == 1 else f"{result.kind}#{place}"), result


def _stem(name: str) -> str:
    return name.partition("@")[0]


def _scalars(name: str, result: Result) -> Iterator[Number]:
    for item in result.scalars:
        yield Number(
            address=f"{name}.{item.name}",
            result=name,
            name=item.name,
            value=item.value,
            title=item.title or item.name.replace("_", " "),
            interval=item.interval,
            n=item.n,
            unit=item.unit,
            better=item.better,
        )


def _cells(name: str, result: Result, directions: Directions) -> Iterator[Number]:
    level = result.parameters.get("level")
    for table in result.tables:
        if table.height:
            yield from _of_table(name, table, directions, level if isinstance(level, float) else LEVEL)


def _of_table(name: str, table: Table, directions: Directions, level: float) -> Iterator[Number]:
    keys, counts = row_keys(table), table["n"] if "n" in table else [None] * table.height
    for item, ends in measured(table):
        directed = _directions(table, item, directions, led=ends is not None and ends[0].name == "low")
        bounds = zip(*(end.values for end in ends), strict=True) if ends else [(None, None)] * table.height
        cells = zip(keys, item.values, bounds, counts, directed, strict=True)
        for key, value, (low, high), n, better in cells:
            yield Number(
                address=f"{name}.{table.name}[{key}].{item.name}",
                result=name,
                name=item.name,
                value=float(value) if isinstance(value, int | float) else None,
                title=item.title or item.name.replace("_", " "),
                table=table.name,
                key=key,
                interval=_interval(low, high, level),
                n=n if isinstance(n, int) else None,
                unit=item.unit,
                better=better,
                whole=item.kind == "integer",
            )


def measured(table: Table) -> list[tuple[Column, tuple[Column, Column] | None]]:
    """Columns of numbers that are found, not given, each with the columns of its interval.

    The interval of ``x`` is ``x_low`` and ``x_high``; columns ``low`` and ``high`` belong to the column before them.

    >>> from biasscope.core.results import table
    >>> found = table("t", {"label": ["a"], "effect": [0.2], "effect_low": [0.1], "effect_high": [0.3], "n": [5]})
    >>> [(item.name, ends[0].name) for item, ends in measured(found)]
    [('effect', 'effect_low')]
    """
    columns = {item.name: item for item in table.columns}
    names, keys = list(columns), {item.name for item in key_columns(table)}
    plain = names[names.index("low") - 1] if {"low", "high"} <= columns.keys() and names[0] != "low" else ""
    found = []
    for name, item in columns.items():
        if item.kind not in ("number", "integer") or name in keys or name == "n" or _is_end(name, columns, plain):
            continue
        low, high = ("low", "high") if name == plain else (f"{name}_low", f"{name}_high")
        found.append((item, (columns[low], columns[high]) if low in columns and high in columns else None))
    return found


def _is_end(name: str, columns: Mapping[str, Column], plain: str) -> bool:
    if name in ("low", "high"):
        return bool(plain)
    stem, _, end = name.rpartition("_")
    return end in ("low", "high") and stem in columns


def _directions(table: Table, item: Column, directions: Directions, *, led: bool) -> list[Better | None]:
    """Direction of each cell of a column; the column ``better`` speaks of the number that leads the row."""
    general = directions.get(item.name)
    if not led or "better" not in table:
        return [general] * table.height
    return [_better(cell) for cell in table["better"]]


def _better(cell: Cell) -> Better | None:
    return "higher" if cell == "higher" else "lower" if cell == "lower" else None


def _interval(low: Cell, high: Cell, level: float) -> Interval | None:
    return interval(low, high, level=level) if low is not None and high is not None else None
