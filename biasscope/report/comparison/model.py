"""The comparison of two reports: what was compared, what changed, what only one of them has. A JSON contract."""

from __future__ import annotations

from typing import Literal

import msgspec

from biasscope.core.provenance import Provenance
from biasscope.core.results import Better, Interval

SCHEMA_VERSION = 1
Status = Literal["better", "worse", "changed", "unclear", "same", "unjudged", "undefined"]
STATUSES: tuple[Status, ...] = ("worse", "better", "changed", "unclear", "unjudged", "undefined", "same")
"""Worse, better, or changed without a direction, beyond the interval; not told from chance; differing without an
interval to judge by; defined in one report only; the same."""
BEYOND: tuple[Status, ...] = ("worse", "better", "changed")


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two reports: what it is called here, its title and where it came from."""

    name: str
    kind: str
    title: str
    provenance: Provenance


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One number in both reports: value, interval and sample size in A and in B, and the difference, B minus A.

    ``p`` says how surprising the difference is; ``q`` is p corrected over the family (for a scalar, p itself). ``row``
    names the row of a table; it is empty for a scalar.
    """

    address: str
    name: str
    title: str
    status: Status
    a: float | None
    b: float | None
    row: str = ""
    interval_a: Interval | None = None
    interval_b: Interval | None = None
    n_a: int | None = None
    n_b: int | None = None
    unit: str = ""
    better: Better | None = None
    whole: bool = False
    difference: float | None = None
    interval: Interval | None = None
    p: float | None = None
    q: float | None = None


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers of one column of a table, or of one measure in it, over all rows: one family of tests.

    ``counts`` says how many of each status there are; ``changes`` lists those with an interval that are not the same,
    the most surprising first. Of at most 50 rows it lists whole numbers, too.
    """

    table: str
    name: str
    title: str
    row: str
    counts: dict[Status, int]
    changes: list[Change]
    facet: str = ""
    unit: str = ""
    better: Better | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one result: one sentence, its scalars, its tables, and what only one report has.

    ``only_a`` and ``only_b`` hold addresses, those of whole rows without their column.
    """

    result: str
    finding: str
    scalars: list[Change]
    families: list[Family]
    only_a: list[str] = []
    only_b: list[str] = []


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two reports side by side.

    ``reasons`` says why they cannot be compared; ``answer`` holds the sentences of the first screen, ``headline`` the
    head numbers, ``counts`` the number of numbers of each status, ``method`` how differences were judged.
    """

    question: str
    a: Side
    b: Side
    comparable: bool
    reasons: list[str]
    answer: list[str]
    headline: list[Change]
    parts: list[Part]
    counts: dict[Status, int]
    only_a: list[str] = []
    only_b: list[str] = []
    method: list[str] = []
    schema_version: int = SCHEMA_VERSION


def encode(comparison: Comparison) -> bytes:
    """JSON of a comparison: UTF-8, no indentation, ends with a newline."""
    return msgspec.json.encode(comparison) + b"\n"


def decode(data: bytes) -> Comparison:
    """Comparison from its JSON; raises ``msgspec.ValidationError`` when it does not conform."""
    return msgspec.json.decode(data, type=Comparison)
