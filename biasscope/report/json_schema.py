"""JSON schemas of report.json and comparison.json, generated from the types.

``python -m biasscope.report.json_schema`` writes them again.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from biasscope.report.comparison.model import Comparison
from biasscope.report.model import Report

TYPES = {"report": Report, "comparison": Comparison}
"""Name of a schema -> what conforms to it."""
IDENTIFIER = "urn:biasscope:{name}:1"


def schema(name: str = "report") -> bytes:
    """JSON schema (draft 2020-12) of a report or a comparison, indented, ends with a newline."""
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTIFIER.format(name=name)}
    made = about | _ordered(msgspec.json.schema(TYPES[name]))
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1) + b"\n"


def _ordered(part: Any) -> Any:
    """Part of a schema whose alternatives stand in an order that does not depend on the version of msgspec."""
    if isinstance(part, dict):
        made = {key: _ordered(value) for key, value in part.items()}
        return made | {"anyOf": sorted(made["anyOf"], key=msgspec.json.encode)} if "anyOf" in made else made
    return [_ordered(each) for each in part] if isinstance(part, list) else part


def committed(name: str = "report") -> Path:
    """Where the generated schema is kept."""
    return Path(str(files("biasscope.report").joinpath("schema", f"{name}.schema.json")))


if __name__ == "__main__":
    for each in TYPES:
        committed(each).write_bytes(schema(each))
