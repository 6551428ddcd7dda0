"""The report: the answer in words, head numbers, results and provenance. ``report.json`` is the product."""

from __future__ import annotations

import msgspec

from biasscope.core.provenance import Provenance
from biasscope.core.results import SCHEMA_VERSION, Result, Scalar


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to one question.

    ``answer`` holds the sentences of the first screen, the most important first; ``headline`` three to five numbers
    (copies of scalars in ``results``). ``figures`` names the figures that the page shows, none for all.
    """

    kind: str
    title: str
    question: str
    answer: list[str]
    headline: list[Scalar]
    results: list[Result]
    provenance: Provenance
    notes: list[str] = []
    figures: list[str] = []
    schema_version: int = SCHEMA_VERSION

    def result(self, kind: str) -> Result:
        """Result of a kind; KeyError when there is none."""
        for item in self.results:
            if item.kind == kind:
                return item
        raise KeyError(kind)


def encode(report: Report) -> bytes:
    """JSON of a report: UTF-8, keys in declared order, no indentation, ends with a newline."""
    return msgspec.json.encode(report) + b"\n"


def decode(data: bytes) -> Report:
    """Report from its JSON; raises ``msgspec.ValidationError`` when it does not conform."""
    return msgspec.json.decode(data, type=Report)
