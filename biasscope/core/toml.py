"""TOML files into frozen structs; what does not fit is told with the file, the key and the nearest known key."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from biasscope.core.errors import BiasscopeError, UsageError
from biasscope.core.wanted import translated

T = TypeVar("T", bound=msgspec.Struct)


def read_toml(path: Path, kind: type[T]) -> T:
    """Struct from a TOML file, names and types checked.

    Raises
    ------
    UsageError
        The file cannot be read, is no TOML, or has an unknown key or a value of the wrong type.
    """
    return from_table(read_table(path), kind, where=str(path))


def read_table(path: Path) -> dict[str, Any]:
    """Table of a TOML file; a UsageError names the file and, where there is one, the line."""
    try:
        return tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read it ({error.strerror})", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is no TOML ({error})", where=str(path), hint="See https://toml.io.") from error


def from_table(table: object, kind: type[T], *, where: str) -> T:
    """Struct from a parsed table; ``where`` names it in errors.

    Examples
    --------
    >>> class Colour(msgspec.Struct, forbid_unknown_fields=True):
    ...     red: int = 0
    >>> from_table({"rde": 1}, Colour, where="colour.toml")
    Traceback (most recent call last):
    biasscope.core.errors.UsageError: colour.toml: there is no key 'rde'. Did you mean 'red'?
    """
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise _refusal(kind, table, error, where) from error


def _refusal(kind: type[msgspec.Struct], table: object, error: msgspec.ValidationError, where: str) -> UsageError:
    """What does not fit, where, and what would."""
    text, _, place = str(error).partition(" - at `")
    place = place.rstrip("`").removeprefix("key in ").removeprefix("$").removeprefix(".")
    where = ": ".join(part for part in (where, place) if part)
    if isinstance(cause := error.__cause__, BiasscopeError):
        return UsageError(cause.what, where=": ".join(part for part in (where, cause.where) if part), hint=cause.hint)
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", text):
        return UsageError(f"there is no key {found[1]!r}", where=where, hint=_known(found[1], _keys(kind, place)))
    if found := re.fullmatch(r"Object missing required field `(.*)`", text):
        return UsageError(f"the key {found[1]!r} is missing", where=where)
    value = _value(table, place)
    what, hint = translated(text, value) or _unfit(kind, place, text, value) or (text[:1].lower() + text[1:], "")
    return UsageError(what, where=where, hint=hint)


def _unfit(kind: type[msgspec.Struct], place: str, text: str, value: object) -> tuple[str, str] | None:
    """What is wrong with a value of the right type, and what would do: a choice, or a number within bounds."""
    if text.startswith("Invalid enum value") and (choices := _choices(kind, place)):
        return f"{value!r} is none of the choices", f"They are {', '.join(choices)}."
    if found := re.fullmatch(r"Expected `\w+` ([<>]=) (\S+)", text):
        return f"{value} is out of range", f"It is at {'least' if found[1] == '>=' else 'most'} {found[2]}."
    return None


def _value(table: Any, place: str) -> object:
    """What stands at a place such as ``gates[0].interval``; the whole table where its keys are not named, ``[...]``."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place.partition("[...]")[0]):
        table = table[name] if name else table[int(index)]
    return table


def _known(name: str, keys: list[str]) -> str:
    near = get_close_matches(name, keys, 1)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(keys)}."


def _keys(kind: type[msgspec.Struct], place: str) -> list[str]:
    """Keys of the table at a place such as ``gates[0].interval``."""
    found = [item for one in _types(kind, place) for item in _structs(one)]
    return sorted({field.encode_name for item in found for field in item.fields})


def _choices(kind: type[msgspec.Struct], place: str) -> list[str]:
    """Choices for the value at a place, where it is one of several."""
    parts = [part for one in _types(kind, place) for part in (one, *getattr(one, "types", ()))]
    return [str(value) for part in parts if isinstance(part, inspect.LiteralType) for value in part.values]


def _types(kind: type[msgspec.Struct], place: str) -> list[inspect.Type]:
    """Types that a place such as ``gates[0].interval`` can hold."""
    found: list[inspect.Type] = [inspect.type_info(kind)]
    for name in re.findall(r"[^.\[\]]+", re.sub(r"\[.*?\]", "", place)):
        structs = [item for one in found for item in _structs(one)]
        found = [field.type for item in structs for field in item.fields if field.encode_name == name]
    return found


def _structs(kind: object) -> list[inspect.StructType]:
    """Structs that a type can hold, wherever they stand in it."""
    if isinstance(kind, inspect.StructType):
        return [kind]
    parts = [getattr(kind, name, None) for name in ("type", "item_type", "value_type")]
    return [item for part in (*parts, *getattr(kind, "types", ())) if part is not None for item in _structs(part)]
