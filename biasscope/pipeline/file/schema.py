"""JSON schemas of the files in ``analyses/``: ``python -m biasscope.pipeline.file.schema`` writes them again.

Editors that know TOML (taplo, Even Better TOML) check and complete a file that begins with ``#:schema schema.json``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

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
    identifier = "analysis" if name == "schema.json" else FOLDER
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:biasscope:{identifier}:1"}
    made = head | msgspec.json.schema(kind)
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1) + b"\n"


def write(folder: Path) -> None:
    """Write the schemas into a folder of analyses."""
    for name, data in schemas().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "analyses"))
