"""Where two reports come from, fact by fact."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from biasscope.core.provenance import Provenance
from biasscope.report import wording
from biasscope.report.comparison.model import Side

NO_INPUT = "not an input"
LISTED = 12
"""Input files that are listed."""


@dataclass(frozen=True)
class Origin:
    """One fact about both reports."""

    title: str
    a: str
    b: str
    code: bool = False

    @property
    def same(self) -> bool:
        """Whether both reports say the same."""
        return self.a == self.b


def origin(a: Side, b: Side) -> list[Origin]:
    """Facts about both reports: titles, commands, seeds, times, versions, machines and inputs."""
    ours, theirs = a.provenance, b.provenance
    versions = {name: (ours.versions.get(name, "none"), theirs.versions.get(name, "none")) for name in _names(a, b)}
    return [
        Origin("Title", a.title, b.title),
        Origin("Command", shlex.join(ours.command), shlex.join(theirs.command), code=True),
        Origin("Seed", str(ours.seed), str(theirs.seed)),
        Origin("Started", ours.started, theirs.started),
        *(Origin(name, one, other) for name, (one, other) in versions.items() if one != other),
        Origin(_heading(versions), _versions(versions), _versions(versions)),
        Origin("Machine", ", ".join(ours.machine.values()), ", ".join(theirs.machine.values())),
        Origin("Input files", wording.count(ours.input_count), wording.count(theirs.input_count)),
        *_inputs(ours, theirs),
    ]


def _names(a: Side, b: Side) -> list[str]:
    return list(dict.fromkeys([*a.provenance.versions, *b.provenance.versions]))


def _heading(versions: dict[str, tuple[str, str]]) -> str:
    return "Other versions" if any(one != other for one, other in versions.values()) else "Versions"


def _versions(versions: dict[str, tuple[str, str]]) -> str:
    return ", ".join(f"{name} {pair[0]}" for name, pair in versions.items() if pair[0] == pair[1])


def _inputs(a: Provenance, b: Provenance) -> list[Origin]:
    ours, theirs = ({item.name: item.sha256 or f"{item.bytes:,} bytes" for item in one.inputs} for one in (a, b))
    names = list(dict.fromkeys([*ours, *theirs]))[:LISTED]
    return [Origin(name, ours.get(name, NO_INPUT), theirs.get(name, NO_INPUT), code=True) for name in names]
