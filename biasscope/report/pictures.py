"""Pictures that come with the data: only PNG and JPEG in data addresses reach the page, with words for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short

LARGEST = 400_000
"""Characters of an address at most; a larger picture is left out, so that the page stays small."""

_ADDRESS = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+")


@dataclass(frozen=True)
class Shot:
    """A picture: its address, what is said instead of it, and a line below it."""

    address: str
    alt: str
    below: str = ""


@dataclass(frozen=True)
class Card:
    """Pictures with a title and lines of words."""

    title: str
    pictures: Sequence[Shot] = ()
    lines: Sequence[str] = ()
    caption: str = ""


def safe(address: object) -> str:
    """Address if it is that of a PNG or JPEG in the page itself and not too long, else nothing.

    >>> safe("data:image/png;base64,iVBORw0KGgo="), safe("https://example.org/a.png"), safe(None)
    ('data:image/png;base64,iVBORw0KGgo=', '', '')
    """
    if not isinstance(address, str) or len(address) > LARGEST:
        return ""
    return address if _ADDRESS.fullmatch(address) else ""


def shots(address: object, alt: str, below: str = "") -> list[Shot]:
    """One picture, or none when its address is not to be trusted."""
    known = safe(address)
    return [Shot(known, alt, below)] if known else []


def of_role(result: Result, *roles: str) -> dict[str, dict[str, Any]]:
    """Rows of the table ``pictures`` by image id; the first of the roles wins, other roles stand in for it."""
    made: dict[str, dict[str, Any]] = {}
    found = rows(result, "pictures")
    ranked = sorted(found, key=lambda row: roles.index(row["role"]) if row.get("role") in roles else len(roles))
    for row in ranked:
        if safe(row.get("picture")):
            made.setdefault(str(row.get("image_id")), row)
    return made


def card(row: dict[str, Any] | None, title: str, lines: Iterable[str]) -> Card:
    """Card of an image: its picture where there is one."""
    said = short((row or {}).get("caption") or "", 80)
    if row is not None:
        said = said.removeprefix(str(row.get("image_id"))).lstrip(": ,")
    said = "" if said and title.endswith(f" {said}") else said
    alt = f"Picture {short(title, 60)}" + (f": {said}" if said else "")
    return Card(title, shots((row or {}).get("picture"), alt), [line for line in lines if line], said)
