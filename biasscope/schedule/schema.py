"""JSON schema of scheduled reports, for editors: ``python -m biasscope.schedule.schema`` writes it again."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from biasscope.schedule.definition import ScheduledReport

FILE = "schema.json"
IDENTIFIER = "urn:biasscope:scheduled-report:1"


def schema() -> bytes:
    """JSON schema (draft 2020-12) of the TOML file of a scheduled report, indented, ends with a newline."""
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTIFIER}
    made = draft | msgspec.json.schema(ScheduledReport)
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1) + b"\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "reports").joinpath(FILE).write_bytes(schema())
