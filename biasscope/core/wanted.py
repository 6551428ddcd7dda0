"""What a value must be, in words: for options, environment variables and keys of TOML files alike."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from biasscope.core.errors import UsageError

WORDS = {
    "int": ("is no whole number", "Write digits alone, such as 20."),
    "float": ("is no number", "Write one such as 0.05."),
    "bool": ("is neither true nor false", "Say true or false."),
    "str": ("is no text", "Put it in quotes."),
    "array": ("is no list", "Put its items in square brackets."),
    "object": ("is no table", "Write { name = value }."),
}
"""Type, by its name in messages of msgspec -> what is wrong with a value that has another one, and what would do."""
NAMES: dict[object, str] = {int: "int", float: "float", bool: "bool"}
WRONG_TYPE = re.compile(r"Expected `(\w+)(?: \| [^`]*)?`, got `\w+`")


def fits(value: object, kind: object) -> bool:
    """Whether a value of a TOML file can fill in an option: an item may stand for a list, a number for a text.

    Examples
    --------
    >>> fits(3, int | None), fits(1.5, int), fits(True, int), fits(["a", 3], list[str]), fits("b", Literal["a"])
    (True, False, False, True, False)
    """
    kind = _plain(kind)
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return all(fits(one, item) for one in (value if isinstance(value, list) else [value]))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    allowed: dict[object, tuple[type, ...]] = {float: (int, float), str: (str, int, float), int: (int,), bool: (bool,)}
    return type(value) in allowed.get(kind, (str,))


def refusal(value: object, kind: object, *, where: str) -> UsageError:
    """Error for a value that a type cannot hold; ``where`` names the option or key.

    Examples
    --------
    >>> print(refusal("many", int | None, where="--limit"))
    --limit: 'many' is no whole number. Write digits alone, such as 20.
    """
    kind = _plain(kind)
    if get_origin(kind) is list:
        wrong = [item for item in value if not fits(item, kind)] if isinstance(value, list) else []
        return refusal(wrong[0] if wrong else value, get_args(kind)[0], where=where)
    if get_origin(kind) is Literal:
        hint = f"They are {', '.join(map(str, get_args(kind)))}."
        return UsageError(f"{_shown(value)} is none of the choices", where=where, hint=hint)
    if get_origin(kind) is dict:
        return UsageError(f"{value!r} is no table of texts", where=where, hint='Write { name = "text" }.')
    what, hint = WORDS[NAMES.get(kind, "str")]
    return UsageError(f"{_shown(value)} {what}", where=where, hint=hint)


def translated(message: str, value: object) -> tuple[str, str] | None:
    """What msgspec says of a value of the wrong type in these words, with the hint; None for what it says else.

    Examples
    --------
    >>> translated("Expected `int | null`, got `float`", 1.5)
    ('1.5 is no whole number', 'Write digits alone, such as 20.')
    """
    found = WRONG_TYPE.fullmatch(message)
    if not found or found[1] not in WORDS:
        return None
    what, hint = WORDS[found[1]]
    if found[1] == "array" and isinstance(value, dict):
        return "a table is no list", "Put items in square brackets; a list of tables is written [[name]]."
    return f"{_shown(value)} {what}", hint


def _shown(value: object) -> str:
    """Value as it is written in TOML, nearly."""
    return repr(value) if isinstance(value, str | list | dict) else str(value).lower()


def _plain(kind: object) -> object:
    """Type without what is annotated to it, and without None."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _plain(next(part for part in get_args(kind) if part is not type(None)))
    return kind
