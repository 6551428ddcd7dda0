"""From keywords or a TOML table to a definition, and from a definition back to the command that asks it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar, get_type_hints

import msgspec

from biasscope.core.errors import UsageError
from biasscope.core.wanted import WRONG_TYPE, refusal
from biasscope.pipeline.definition.base import option as _flag

D = TypeVar("D", bound=msgspec.Struct)


def defined(kind: type[D], options: Mapping[str, object]) -> D:
    """Definition from keywords or from a parsed TOML table, types and names checked.

    A field that holds a list takes one value as well, and paths are taken as their text.

    Raises
    ------
    UsageError
        A key is unknown, or a value has the wrong type or is out of range.

    Examples
    --------
    >>> from biasscope.pipeline.definition import InvarianceAnalysis
    >>> defined(InvarianceAnalysis, {"model": "small:digits8", "limit": 20}).model
    ['small:digits8']
    """
    lists = {field.name for field in msgspec.structs.fields(kind) if _is_list(field.type)}
    plain = {key: _several(value) if key in lists else _text(value) for key, value in options.items()}
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _refusal(kind, plain, str(error)) from error


def _refusal(kind: type[msgspec.Struct], given: Mapping[str, object], text: str) -> UsageError:
    """What msgspec said, in the words of the command line, with the choices where there are some."""
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", text):
        near = get_close_matches(found[1], kind.__struct_fields__, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(kind.__struct_fields__)}."
        return UsageError(f"there is no option {found[1]}", hint=hint)
    what, _, place = text.partition(" - at `$.")
    name, _, index = place.rstrip("`").partition("[")
    if name not in kind.__struct_fields__:
        return UsageError(text)
    value = given[name]
    if isinstance(value, list) and index.rstrip("]").isdecimal():
        value = value[int(index.rstrip("]"))]
    if WRONG_TYPE.fullmatch(what) or what.startswith("Invalid enum value"):
        return refusal(value, get_type_hints(kind)[name], where=_flag(name))
    return UsageError(what, where=_flag(name))


def command_line(question: str, asked: msgspec.Struct) -> list[str]:
    """Command that asks the same again: the paths, and every option that is not at its default.

    >>> from biasscope.pipeline.definition import DatasetAnalysis
    >>> command_line("dataset", DatasetAnalysis(paths=["a.json"], alpha=0.01, leakage=False))[3:]
    ['dataset', 'a.json', '--alpha', '0.01', '--no-leakage']
    """
    defaults = type(asked)()
    changed = [name for name in asked.__struct_fields__ if getattr(asked, name) != getattr(defaults, name)]
    options = [token for name in changed if name != "paths" for token in _option(name, getattr(asked, name))]
    return ["python", "-m", "biasscope.analyze", question, *getattr(asked, "paths", []), *options]


def _is_list(kind: object) -> bool:
    return getattr(kind, "__origin__", None) is list


def _text(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _several(given: object) -> object:
    """Items of a list; one item may stand alone."""
    several = given if isinstance(given, list | tuple) else [given]
    return [_text(item) for item in several]


def _option(name: str, value: object) -> Iterator[str]:
    flag = _flag(name)
    if isinstance(value, bool):
        yield flag if value else flag.replace("--", "--no-", 1)
    elif isinstance(value, list):
        for item in value:
            yield from (flag, f"{item:g}" if isinstance(item, float) else str(item))
    else:
        text = ",".join(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else str(value)
        yield from (flag, text)
