"""What the parser of the command line refuses, said in our words: what, where and what to do."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin

from cyclopts import App, ArgumentCollection
from cyclopts.exceptions import CoercionError, CycloptsError

from biasscope.core.errors import UsageError
from biasscope.core.wanted import refusal


def whole_numbers(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse what is no whole number where one is wanted; the parser itself would round 1.5."""
    for argument in arguments:
        if int in (argument.hint, *(get_args(argument.hint) if _is_union(argument.hint) else ())):
            for token in argument.tokens:
                if not _is_whole(token.value):
                    raise refusal(token.value, int, where=token.keyword or argument.name)


def no_empty_paths(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse an empty path, as of a variable that is not set; to the parser it would be the working folder."""
    for argument in arguments:
        if argument.hint is Path or Path in get_args(argument.hint):
            for token in argument.tokens:
                if not token.value:
                    where = token.keyword or argument.name
                    where = where if token.source in ("cli", "env") else f"{token.source}: {where}"
                    raise UsageError("the path is empty", where=where, hint="Is a variable of the shell not set?")


def no_option(name: str, known: Collection[str], *, command: str, where: str, no: str) -> UsageError:
    """Error for a key or variable that is no option of a command; ``no`` begins the opposite of a switch.

    >>> print(no_option("no_html", ["html"], command="dataset", where="a.toml: [dataset]", no="no_"))
    a.toml: [dataset]: there is no option 'no_html'. Say html=false.
    """
    from difflib import get_close_matches

    if (switch := name.removeprefix(no)) != name and switch in known:
        hint = f"Say {switch}=false."
    else:
        near = get_close_matches(name, sorted(known), 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"See {command} --help."
    return UsageError(f"there is no option {name!r}", where=where, hint=hint)


def usage_error(error: CycloptsError) -> UsageError:
    """Error of the parser as one of ours."""
    if isinstance(error, CoercionError) and error.token and error.argument:
        return refusal(error.token.value, error.argument.hint, where=error.token.keyword or error.argument.name)
    error.verbose = False
    return UsageError(str(error).strip())


def _is_union(kind: object) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _is_whole(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True
