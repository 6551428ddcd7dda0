"""Gates from a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from biasscope.core.errors import UsageError
from biasscope.report.gates.gate import Gate

HINT = "A gate is a table [[gates]] with number and at_least, at_most or may_worsen_by."


class GateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of gates."""

    gates: list[Gate]


def read_gates(path: Path) -> list[Gate]:
    """Gates of a TOML file: its tables ``[[gates]]``; other tables are left alone when it is a scheduled report.

    Raises
    ------
    UsageError
        The file cannot be read, is no TOML, has no gates, or a gate is wrong.
    """
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read the gates: {reason}", where=str(path), hint=HINT) from error
    if "analyses" in tables:  # a scheduled report holds more than its gates
        tables = {"gates": tables.get("gates", [])}
    gates = _converted(tables, path)
    if not gates:
        raise UsageError("there is no gate in it", where=str(path), hint=HINT)
    return gates


def _converted(tables: dict[str, Any], path: Path) -> list[Gate]:
    try:
        return msgspec.convert(tables, GateFile).gates
    except msgspec.ValidationError as error:
        raise UsageError(str(error), where=str(path), hint=HINT) from error
