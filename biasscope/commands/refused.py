"""What the parser of the command line refuses, said in our words: what, where and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection
from errno import ENAMETOOLONG
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin

from cyclopts import App, ArgumentCollection
from cyclopts.exceptions import CoercionError, CycloptsError

from biasscope.core.errors import UsageError
from biasscope.core.wanted import refusal

SHOWN = 30
"""Letters of a name that is too long which are said."""


def whole_numbers(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse what is no whole number where one is wanted; the parser itself would round 1.5."""
    for argument in arguments:
        if int in (argument.hint, *(get_args(argument.hint) if _is_union(argument.hint) else ())):
            for token in argument.tokens:
                if not _is_whole(token.value):
                    raise refusal(token.value, int, where=token.keyword or argument.name)


def values_given(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse an option in the place of a range: ranges may begin with a minus sign, so the parser takes it as one."""
    for argument in arguments:
        if argument.parameter.allow_leading_hyphen:
            for token in argument.tokens:
                if re.match(r"-[^\d.]", token.value):
                    what, where = f"{token.value!r} is an option, not its value", token.keyword or argument.name
                    raise UsageError(what, where=where, hint="Give it one first, such as -8..8.")


def possible_paths(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse what can be no path before anything runs: an empty one, which to the parser would be the working folder.

    Another has a name that is too long for the file system, as when a text was given instead of a file.
    """
    for argument in arguments:
        if argument.hint is Path or Path in get_args(argument.hint):
            for token in argument.tokens:
                where = token.keyword or argument.name
                where = where if token.source in ("cli", "env") else f"{token.source}: {where}"
                if not token.value:
                    raise UsageError("the path is empty", where=where, hint="Is a variable of the shell not set?")
                _check_length(token.value, where)


def _check_length(path: str, where: str) -> None:
    try:
        Path(path).lstat()
    except OSError as error:
        if is_too_long(error):
            raise too_long(path, where=where) from error
    except ValueError as error:  # it holds a zero byte
        raise UsageError(f"this is no path ({error})", where=where) from error


def is_too_long(error: BaseException) -> bool:
    """Whether the file system refused a name for its length."""
    return isinstance(error, OSError) and error.errno == ENAMETOOLONG


def too_long(path: object, *, where: str = "") -> UsageError:
    """Error for a path with a name longer than the file system allows.

    >>> print(too_long("a" * 300, where="--sizes"))
    --sizes: the name is too long for a file or folder (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...)
    """
    return UsageError(f"the name is too long for a file or folder ({str(path)[:SHOWN]}...)", where=where)


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
