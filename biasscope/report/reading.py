"""Reading a report back from disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from biasscope.core.errors import InputError
from biasscope.core.results import SCHEMA_VERSION
from biasscope.report.model import Report, decode

NAME = "report.json"


def read_report(path: Path) -> Report:
    """Report from its ``report.json``, or from the folder that holds one.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, or it is no report of this version.
    """
    path = Path(path)
    file = path / NAME if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        hint = _inside(path) or f"Give a {NAME}, or a folder that holds one."
        raise InputError(f"cannot read the report ({error.strerror or error})", where=str(file), hint=hint) from error
    try:
        return _whole(decode(data))
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        hint = "It was written by another version, cut short, or is something else."
        raise InputError(f"this is no report: {error}", where=str(file), hint=hint) from error


def _inside(folder: Path) -> str:
    """Where reports lie in a folder that is none itself, such as that of a scheduled run."""
    with suppress(OSError):
        found = sorted(str(file.parent) for file in folder.glob(f"*/{NAME}"))
        return f"There are reports in {', '.join(found[:5])}." if found else ""
    return ""


def _whole(report: Report) -> Report:
    """Report of the format that is known here, whose tables are whole: all columns of one are as long."""
    if report.schema_version != SCHEMA_VERSION:
        raise ValueError(f"its format is version {report.schema_version}, the one known here is {SCHEMA_VERSION}")
    for result in report.results:
        for table in result.tables:
            if len({len(item.values) for item in table.columns}) > 1:
                raise ValueError(f"columns of different lengths in {result.kind}, {table.name}")
    return report
