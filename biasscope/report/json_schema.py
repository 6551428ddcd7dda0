"""JSON schemas of report.json and comparison.json, generated from the types.

``python -m biasscope.report.json_schema`` writes them again.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from biasscope.core.schemas import schema_of
from biasscope.report.comparison.model import Comparison
from biasscope.report.model import Report

TYPES: dict[str, type[msgspec.Struct]] = {"report": Report, "comparison": Comparison}
"""Name of a schema -> what conforms to it."""


def schema(name: str = "report") -> bytes:
    """JSON schema (draft 2020-12) of a report or a comparison, indented, ends with a newline."""
    return schema_of(TYPES[name], name)


def committed(name: str = "report") -> Path:
    """Where the generated schema is kept."""
    return Path(str(files("biasscope.report").joinpath("schema", f"{name}.schema.json")))


if __name__ == "__main__":
    for each in TYPES:
        committed(each).write_bytes(schema(each))
