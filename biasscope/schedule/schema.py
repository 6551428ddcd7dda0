"""JSON schema of scheduled reports, for editors: ``python -m biasscope.schedule.schema`` writes it again."""

from __future__ import annotations

import sys
from pathlib import Path

from biasscope.core.schemas import schema_of
from biasscope.schedule.definition import ScheduledReport

FILE = "schema.json"


def schema() -> bytes:
    """JSON schema (draft 2020-12) of the TOML file of a scheduled report, indented, ends with a newline."""
    return schema_of(ScheduledReport, "scheduled-report")


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "reports").joinpath(FILE).write_bytes(schema())
