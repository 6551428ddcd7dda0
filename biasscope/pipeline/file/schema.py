"""JSON schemas of the files in ``analyses/``: ``python -m biasscope.pipeline.file.schema`` writes them again.

Editors that know TOML (taplo, Even Better TOML) check and complete a file that begins with ``#:schema schema.json``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from biasscope.core.schemas import schema_of
from biasscope.pipeline.file.analysis import Written
from biasscope.pipeline.file.expected import FOLDER, Expected

STRUCTS: dict[str, type[msgspec.Struct]] = {"schema.json": Written, f"{FOLDER}/schema.json": Expected}
"""File below the folder of analyses -> what it is the schema of."""


def schemas() -> dict[str, bytes]:
    """Schema (draft 2020-12) of each sort of file, by the place it is kept at.

    >>> sorted(schemas())
    ['expected/schema.json', 'schema.json']
    """
    return {name: _schema(name, kind) for name, kind in STRUCTS.items()}


def _schema(name: str, kind: type[msgspec.Struct]) -> bytes:
    return schema_of(kind, "analysis" if name == "schema.json" else FOLDER)


def write(folder: Path) -> None:
    """Write the schemas into a folder of analyses."""
    for name, data in schemas().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "analyses"))
