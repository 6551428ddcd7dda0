"""One number of a report and what is known about it."""

from __future__ import annotations

import msgspec

from biasscope.core.results import Better, Interval


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A scalar, or a cell of a table: where it stands, its value, and how it is read.

    ``result`` is the kind of its result (``kind#2`` for the second); ``table``, ``key``, ``facet`` and ``row`` are
    empty for a scalar. ``key`` names the row; where the row is about a measure or metric, ``facet`` is that one and
    ``row`` is what else names the row. ``whole`` says that the number is a whole one by its kind.
    """

    address: str
    result: str
    name: str
    value: float | None
    title: str = ""
    table: str = ""
    key: str = ""
    facet: str = ""
    row: str = ""
    noun: str = ""
    interval: Interval | None = None
    n: int | None = None
    unit: str = ""
    better: Better | None = None
    whole: bool = False
