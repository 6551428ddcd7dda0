"""Published numbers that an analysis is held against: read from ``expected/<name>.toml`` beside the analysis."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from biasscope.core.errors import UsageError
from biasscope.core.toml import read_toml

Grade = Literal["P", "S", "D"]
FOLDER = "expected"


class ExpectedNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One published number.

    Attributes
    ----------
    figure
        What the number is of, in the words of the source.
    value
        As published, in the unit in which the report measures it.
    unit
        Empty for a share or a ratio.
    tolerance
        How far the measured number may be away and still agree, in the same unit. None for a number that stands beside
        it for orientation: another network, other pictures.
    grade
        ``P`` read in the publication's own figure, table or code; ``S`` second-hand; ``D`` derived or digitised.
    setting
        How it was measured there.
    measured
        Address of the number in the report, ``kind.name`` or ``kind.table[key].column``. None where the report cannot
        measure it.
    source
        Where it was published, if not where the others were.

    Raises
    ------
    UsageError
        The value is not finite or the tolerance is negative; or a second-hand or derived number without an address
        would be judged.
    """

    figure: str
    value: float
    grade: Grade
    unit: str = ""
    tolerance: float | None = None
    setting: str = ""
    measured: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        """Refuse a number that nothing can be held against."""
        if not math.isfinite(self.value):
            raise UsageError(f"the value of {self.figure!r} is not finite")
        if self.tolerance is not None and not 0 <= self.tolerance < math.inf:
            raise UsageError(f"the tolerance of {self.figure!r} is no distance", hint="Give 0 or more.")
        if self.tolerance is not None and self.grade == "S":
            hint = "Leave the tolerance out: it is for orientation."
            raise UsageError(f"{self.figure!r} is second-hand, and nothing hangs on it", hint=hint)
        if self.tolerance is not None and self.measured is None:
            raise UsageError(f"{self.figure!r} has a tolerance, but nothing is measured", hint="Name the number.")


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Published numbers of one source, and what differs between it and the measurement here."""

    source: str
    numbers: list[ExpectedNumber]
    differs: str = ""


def read_expected(name: str, folder: Path, *, where: str) -> Expected:
    """Published numbers called ``name``, from ``expected/`` in ``folder``.

    Raises
    ------
    UsageError
        The name is no plain name, or the file cannot be read or does not conform.
    """
    if not name or Path(name).name != name or name in (".", ".."):
        hint = f"Name a file in {FOLDER}/ beside the analysis, without .toml."
        raise UsageError(f"{name!r} is no name of published numbers", where=where, hint=hint)
    return read_toml(folder / FOLDER / f"{name}.toml", Expected)
