"""The JSON contract: what an analysis found, as frozen, strictly typed structs.

Every analysis answers with :class:`Result`; a report is a list of them. Undefined numbers are ``None``, never NaN: the
constructors :func:`number` and :func:`column` convert, so that arrays with NaN can be handed over as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA_VERSION = 1

Better = Literal["higher", "lower"]
Cell = float | int | str | bool | list[float | int] | None
Kind = Literal["number", "integer", "text", "boolean", "vector"]


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A confidence interval: bounds, level (0.95 by default) and the method that made it."""

    low: float
    high: float
    level: float = 0.95
    method: str = ""


class Scalar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number: value, interval, sample size, unit, direction of better.

    ``name`` is a stable machine name (gates and comparisons refer to it); ``title`` is what people read.
    """

    name: str
    value: float | None
    title: str = ""
    interval: Interval | None = None
    n: int | None = None
    unit: str = ""
    better: Better | None = None
    description: str = ""


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column of a tidy table; ``kind`` says how its values are to be read."""

    name: str
    kind: Kind
    values: list[Cell]
    title: str = ""
    unit: str = ""
    description: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tidy table: columns of equal length, an optional key column, and what one row stands for."""

    name: str
    columns: list[Column]
    title: str = ""
    description: str = ""
    row: str = ""

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values) if self.columns else 0

    def __getitem__(self, name: str) -> list[Cell]:
        """Values of the column called ``name``."""
        for item in self.columns:
            if item.name == name:
                return item.values
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is a column called ``name``."""
        return any(item.name == name for item in self.columns)

    def __iter__(self) -> Iterator[str]:
        """Names of the columns, as of a dictionary."""
        return (item.name for item in self.columns)


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one statistic found: one sentence, scalars, tidy tables, parameters and the source of the method."""

    kind: str
    finding: str
    title: str = ""
    parameters: dict[str, Cell] = {}
    scalars: list[Scalar] = []
    tables: list[Table] = []
    notes: list[str] = []
    source: str = ""
    version: int = SCHEMA_VERSION

    def scalar(self, name: str) -> Scalar:
        """Scalar called ``name``; KeyError when there is none."""
        for item in self.scalars:
            if item.name == name:
                return item
        raise KeyError(name)

    def table(self, name: str) -> Table:
        """Table called ``name``; KeyError when there is none."""
        for item in self.tables:
            if item.name == name:
                return item
        raise KeyError(name)


def number(value: object) -> float | None:
    """Float for the contract: NaN and infinities become ``None``.

    >>> number(float("nan")) is None, number(2)
    (True, 2.0)
    """
    if value is None:
        return None
    real = float(cast(float, value))
    return real if math.isfinite(real) else None


def interval(low: object, high: object, *, level: float = 0.95, method: str = "") -> Interval | None:
    """Interval with finite bounds, or ``None`` when a bound is undefined."""
    bounds = number(low), number(high)
    if bounds[0] is None or bounds[1] is None:
        return None
    return Interval(bounds[0], bounds[1], level, method)


def column(name: str, values: Iterable[object], *, title: str = "", unit: str = "", description: str = "") -> Column:
    """Column from any iterable (list, numpy array, polars series); its kind is read off the values.

    >>> column("p", [0.5, float("nan")]).values
    [0.5, None]
    """
    import numpy as np  # here: reading a report needs none

    cells, kind = _of_array(values) if isinstance(values, np.ndarray) else _of_items(values)
    return Column(name, kind, cells, title, unit, description)


def table(
    name: str,
    columns: Mapping[str, Iterable[object]] | Sequence[Column],
    *,
    title: str = "",
    description: str = "",
    row: str = "",
) -> Table:
    """Table from columns or from a mapping of column name to values; all must have the same length."""
    made = [column(key, value) for key, value in columns.items()] if isinstance(columns, Mapping) else list(columns)
    lengths = {len(item.values) for item in made}
    if len(lengths) > 1:
        raise ValueError(f"table {name!r}: columns of different lengths {sorted(lengths)}")
    return Table(name, made, title, description, row)


def _of_array(values: NDArray[Any]) -> tuple[list[Cell], Kind]:
    """Cells of an array at once: its type says the kind, two dimensions are vectors."""
    import numpy as np

    if values.dtype.kind not in "biuf" or values.ndim > 2:
        return _of_items(values.tolist())
    cells: list[Cell] = values.tolist()
    undefined = np.flatnonzero(~np.isfinite(values)) if values.dtype.kind == "f" else ()
    if values.ndim == 2:
        if len(undefined):
            raise ValueError("a vector holds undefined numbers")
        return cells, "vector"
    for place in undefined:
        cells[place] = None
    return cells, {"b": "boolean", "f": "number"}.get(values.dtype.kind, "integer")  # type: ignore[return-value]


def _of_items(values: Iterable[object]) -> tuple[list[Cell], Kind]:
    cells = [_cell(value) for value in values]
    return cells, _kind(cells)


def _cell(value: object) -> Cell:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case list() | tuple():
            return list(value)
    raise TypeError(f"{type(value).__name__} has no place in a table of the JSON contract")


def _kind(cells: Sequence[Cell]) -> Kind:
    seen = {type(cell) for cell in cells if cell is not None}
    if seen == {bool}:
        return "boolean"
    if seen == {int}:
        return "integer"
    if seen == {str}:
        return "text"
    if seen == {list}:
        return "vector"
    if seen <= {int, float}:
        return "number"
    raise TypeError(f"a column mixes {sorted(kind.__name__ for kind in seen)}")
