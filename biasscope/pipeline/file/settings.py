"""Values for keys of a file: ``key=value`` as on the command line, checked against what the key can hold."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_type_hints

import msgspec

from biasscope.core.errors import UsageError

Settings = Sequence[str] | Mapping[str, object]


def parsed(settings: Settings, kinds: Mapping[str, Any], *, question: str, where: str) -> dict[str, object]:
    """Values by key; the last of several for one key counts.

    Parameters
    ----------
    settings
        Texts ``key=value``, or a mapping of key to value. A key may be written ``question.key``. A value is TOML, else
        plain text.
    kinds
        Key -> its type.
    question
        Question of the file.
    where
        Names the file in errors.

    Raises
    ------
    UsageError
        A text is no ``key=value``, or there is no such key.

    Examples
    --------
    >>> kinds = {"limit": int | None, "grid": str | None, "copies": list[str]}
    >>> parsed(["limit=3", "grid=3x3", "copies=16"], kinds, question="invariance", where="a.toml")
    {'limit': 3, 'grid': '3x3', 'copies': '16'}
    """
    pairs = settings.items() if isinstance(settings, Mapping) else [_pair(text, where) for text in settings]
    made: dict[str, object] = {}
    for name, given in pairs:
        key = name.removeprefix(f"{question}.").replace("-", "_")
        if key not in kinds:
            raise UsageError(f"there is no key {name!r} to set", where=where, hint=_known(key, kinds))
        made[key] = value(given, kinds[key]) if isinstance(given, str) else given
    return made


def value(text: str, kind: Any) -> object:
    """Value of a text: TOML where the key can hold what it says, else the text itself.

    Examples
    --------
    >>> value("5", int), value("5", str), value("[1, 2]", list[int])
    (5, '5', [1, 2])
    """
    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    if set(table) != {"value"} or (not _fits(table["value"], kind) and _fits(text, kind)):
        return text
    return table["value"]


def kinds_of(*structs: type[msgspec.Struct]) -> dict[str, Any]:
    """Type of every field of some structs."""
    return {name: kind for struct in structs for name, kind in get_type_hints(struct).items()}


def _pair(text: str, where: str) -> tuple[str, str]:
    name, equals, given = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r} is no key=value", where=where, hint="Write --set limit=20, for example.")
    return name.strip(), given.strip()


def _fits(given: object, kind: Any) -> bool:
    """Whether a key of this type can hold the value, a list also as its only item."""
    for candidate in (given, [given]):
        try:
            msgspec.convert(candidate, kind)
        except msgspec.ValidationError:
            continue
        return True
    return False


def _known(key: str, kinds: Mapping[str, Any]) -> str:
    near = get_close_matches(key, kinds, 1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(kinds))}."
