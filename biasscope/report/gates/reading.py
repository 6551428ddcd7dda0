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
        The file cannot be read, is no TOML, has no gates (for the analysis), or a gate is wrong.
    """
    table = read_table(path)
    if "analyses" in table:  # a scheduled report
        table = {"gates": table.get("gates", [])}
    gates = from_table(table, GateFile, where=str(path)).gates
    if not gates:
        raise UsageError("there is no gate in it", where=str(path), hint=HINT)
    if analysis is None:
        return gates
    if not (chosen := [gate for gate in gates if gate.applies(analysis)]):
        hint = f"They are about {', '.join(sorted({gate.analysis for gate in gates}))}."
        raise UsageError(f"no gate in it is about the analysis {analysis!r}", where=str(path), hint=hint)
    return chosen
