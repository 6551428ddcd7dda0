"""What the parser of the command line refuses, said in our words: what, where and what to do."""

from __future__ import annotations

from types import UnionType
from typing import Union, get_args, get_origin

from cyclopts import App, ArgumentCollection
from cyclopts.exceptions import CoercionError, CycloptsError

from biasscope.core.errors import UsageError
from biasscope.core.wanted import refusal


def whole_numbers(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse what is no whole number where one is wanted; the parser itself would round 1.5.

    Called by the parser when all values are known, from the command line, the environment and the configuration.
    """
    for argument in arguments:
        if int in (argument.hint, *(get_args(argument.hint) if _is_union(argument.hint) else ())):
            for token in argument.tokens:
                if not _is_whole(token.value):
                    raise refusal(token.value, int, where=token.keyword or argument.name)


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
