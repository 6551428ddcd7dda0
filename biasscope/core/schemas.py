"""JSON schemas of what the project writes and reads, generated from its types."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: type[msgspec.Struct], name: str) -> bytes:
    """JSON schema (draft 2020-12) of a type, indented, ends with a newline.

    It is the same from every version of Python, which differ in the indentation of docstrings, and of msgspec, which
    differ in the order of alternatives.

    Parameters
    ----------
    kind
        What conforms to it.
    name
        What it is called in its identifier, ``urn:biasscope:NAME:1``.

    Examples
    --------
    >>> class Point(msgspec.Struct):
    ...     x: float | None = None
    >>> made = msgspec.json.decode(schema_of(Point, "point"))
    >>> made["$id"], made["$defs"]["Point"]["properties"]["x"]["anyOf"]
    ('urn:biasscope:point:1', [{'type': 'null'}, {'type': 'number'}])
    """
    made = {"$schema": DRAFT, "$id": f"urn:biasscope:{name}:1", **_settled(msgspec.json.schema(kind))}
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1) + b"\n"


def _settled(part: Any, key: str = "") -> Any:
    if isinstance(part, dict):
        return {name: _settled(value, name) for name, value in part.items()}
    if isinstance(part, list):
        made = [_settled(each) for each in part]
        return sorted(made, key=msgspec.json.encode) if key == "anyOf" else made
    return cleandoc(part) if key == "description" and isinstance(part, str) else part
