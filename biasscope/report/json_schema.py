"""JSON schema of report.json, generated from the types: ``python -m biasscope.report.json_schema`` writes it again."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from biasscope.report.model import Report

IDENTIFIER = "urn:biasscope:report:1"


def schema() -> bytes:
    """JSON schema (draft 2020-12) of a report, indented, ends with a newline."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTIFIER} | msgspec.json.schema(Report)
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1) + b"\n"


def committed() -> Path:
    """Where the generated schema is kept."""
    return Path(str(files("biasscope.report").joinpath("schema", "report.schema.json")))


if __name__ == "__main__":
    committed().write_bytes(schema())
