"""Gates from a TOML file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from biasscope.core.errors import UsageError
from biasscope.core.toml import from_table, read_table
from biasscope.report.gates.gate import Gate

HINT = "A gate is a table [[gates]] with number and at_least, at_most or may_worsen_by."


class GateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of gates."""

    gates: list[Gate]


def read_gates(path: Path, analysis: str | None = None) -> list[Gate]:
    """Gates of a TOML file, or of the file of a scheduled report, of which nothing else is looked at.

    With the name of an ``analysis`` only the gates that are about it.

    Raises
    ------
    UsageError
        The file cannot be read, is no TOML, has no gates (for the analysis), a gate is wrong, or the scheduled report
        has no such analysis.
    """
    table, names = read_table(path), set[str]()
    if "analyses" in table:  # a scheduled report
        names = _names(table["analyses"])
        table = {"gates": table.get("gates", [])}
    gates = from_table(table, GateFile, where=str(path)).gates
    if not gates:
        raise UsageError("there is no gate in it", where=str(path), hint=HINT)
    if analysis is None:
        return gates
    if names and analysis not in names:
        hint = f"There are: {', '.join(sorted(names))}."
        raise UsageError(f"no analysis in it is called {analysis!r}", where=str(path), hint=hint)
    if not (chosen := [gate for gate in gates if gate.applies(analysis)]):
        hint = f"They are about {', '.join(sorted({gate.analysis for gate in gates}))}."
        raise UsageError(f"no gate in it is about the analysis {analysis!r}", where=str(path), hint=hint)
    return chosen


def _names(analyses: object) -> set[str]:
    """Names of the analyses of a scheduled report: as they are given, else those of their files."""
    items = analyses if isinstance(analyses, list) else []
    tables = [{"file": item} if isinstance(item, str) else item for item in items]
    given = (item.get("name") or Path(str(item.get("file", ""))).stem for item in tables if isinstance(item, dict))
    return {str(name) for name in given if name}
