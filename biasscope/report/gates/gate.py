"""A gate and the verdict on one number."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from biasscope.core.errors import UsageError
from biasscope.core.results import Better, Interval

Status = Literal["passed", "failed", "incomparable"]


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bound, or several, that a number must keep.

    Attributes
    ----------
    number
        Address of the number: ``kind.name`` or ``kind.table[key].column``; ``*`` and ``?`` are wildcards, and then all
        that match must pass, in every result of the kind: ``kind``, ``kind#2`` and so on, unless one is named.
    analysis
        Which analyses of a scheduled report are meant: name of the analysis, with wildcards.
    at_least, at_most
        Smallest and largest value that passes.
    may_worsen_by
        How much worse than in the baseline the number may be, in its own unit; not below 0.
    certain
        Fail only when the whole interval is past the bound, not when its value alone is.
    better
        Which direction is better, for a number that declares none.

    Raises
    ------
    UsageError
        No bound is given, a bound is not finite, or ``at_least`` is above ``at_most``.

    Examples
    --------
    >>> str(Gate(number="shifts.consistency@resnet", at_least=0.9))
    'shifts.consistency@resnet at least 0.9'
    """

    number: str
    analysis: str = "*"
    at_least: float | None = None
    at_most: float | None = None
    may_worsen_by: float | None = None
    certain: bool = False
    better: Better | None = None

    def __post_init__(self) -> None:
        """Refuse a gate that cannot be judged."""
        bounds = [bound for bound in (self.at_least, self.at_most, self.may_worsen_by) if bound is not None]
        where, hint = f"gate {self.number!r}", "Say at_least, at_most or may_worsen_by, each a finite number."
        if not self.number:
            raise UsageError("a gate names no number", hint='Say number = "kind.name".')
        if not bounds:
            raise UsageError("no bound is given", where=where, hint=hint)
        if not all(map(math.isfinite, bounds)):
            raise UsageError("a bound is not a finite number", where=where, hint=hint)
        if (self.may_worsen_by or 0) < 0:
            raise UsageError("may_worsen_by is below 0", where=where, hint="Say how much worse it may be, 0 or more.")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise UsageError("at_least is above at_most", where=where, hint="No number can pass.")

    def __str__(self) -> str:
        """One line: the number, its bounds, and how they are taken."""
        bounds = {"at least": self.at_least, "at most": self.at_most, "may worsen by": self.may_worsen_by}
        said = " and ".join(f"{name} {bound:g}" for name, bound in bounds.items() if bound is not None)
        return f"{self.number} {said}{' (certain)' if self.certain else ''}"

    def applies(self, analysis: str) -> bool:
        """Whether an analysis of this name is meant."""
        return fnmatchcase(analysis, self.analysis)


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a gate says of one number: passed, failed, or incomparable with the baseline.

    ``gate`` is the gate in one line, ``number`` the address, ``bound`` the value that was not to be passed,
    ``baseline`` the number's value there, ``said`` one line for people.
    """

    gate: str
    number: str
    status: Status
    value: float | None = None
    interval: Interval | None = None
    bound: float | None = None
    baseline: float | None = None
    said: str = ""
