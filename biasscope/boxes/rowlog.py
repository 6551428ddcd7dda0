"""Rows that could not become boxes: all counted, the first of each reason listed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from biasscope.core.words import legible


@dataclass(frozen=True)
class BadRow:
    """A row that could not become a box: why, in which file, at which row or key."""

    reason: str
    where: str
    detail: str = ""


@dataclass
class RowLog:
    """Bad rows met while reading: all counted by reason, the first ``keep`` of each reason listed.

    Readers may be lazy, so the log is complete only after the boxes were collected. A lazy reader that is run twice
    logs what it meets once.

    Attributes
    ----------
    keep
        Most rows that are listed, of each reason.
    counts
        Number of rows by reason.
    rows
        Those that are listed.
    spellings
        Words in columns of splits by the split that they were taken for.

    Examples
    --------
    >>> log = RowLog(keep=1)
    >>> log.add("no label", "boxes.csv", "row 3", times=2)
    >>> log.counts["no label"], len(log.rows)
    (2, 1)
    """

    keep: int = 1000
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[BadRow] = field(default_factory=list)
    spellings: dict[str, set[str]] = field(default_factory=dict)

    def add(self, reason: str, where: str, detail: str = "", *, times: int = 1) -> None:
        """Count a bad row and list it while there is room."""
        if self.counts[reason] < self.keep:
            self.rows.append(BadRow(reason, legible(where), detail))
        self.counts[reason] += times
