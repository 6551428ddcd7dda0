"""Options from environment variables: several values stand in one, with a semicolon between them."""

from __future__ import annotations

import os
from typing import Any

from cyclopts import App, ArgumentCollection, env_var_split

from biasscope.commands.refused import no_option
from biasscope.core.errors import UsageError

PREFIX = "BIASSCOPE_"
BETWEEN = ";"
"""Not a blank or comma, which the text of one transform, path or setting may hold."""


def items(kind: Any, text: str, *, delimiter: str | None = None) -> list[str]:
    """Values of an option of a type from the text of its environment variable.

    >>> items(list[str] | None, "RandomCrop(30, padding=4); CenterCrop(28)"), items(str, "a; b")
    (['RandomCrop(30, padding=4)', 'CenterCrop(28)'], ['a; b'])
    """
    found = env_var_split(kind, text, delimiter=delimiter or BETWEEN)
    return found if found == [text] else [item.strip() for item in found if item.strip()]


def only_options(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse a variable that has the name of the command and that of no option, which the parser would pass over."""
    if not commands:
        return
    prefix = "_".join((PREFIX.rstrip("_"), *map(_capitals, commands), ""))
    known = {_capitals(name) for argument in arguments for name in set(argument.names) - set(argument.negatives)}
    paths = {_capitals(name) for argument in arguments for name in argument.names if not name.startswith("-")}
    for variable in sorted(os.environ):
        name = variable.removeprefix(prefix)
        if name == "CONFIG" and name != variable:
            hint = "Say it on the command line: the file is read before the environment."
            raise UsageError("a variable cannot name the configuration file", where=variable, hint=hint)
        if name != variable and name in paths:
            hint = "Say them on the command line: they are what a command is about, not how it runs."
            raise UsageError("a variable cannot name paths", where=variable, hint=hint)
        if name == "DEBUG" and name != variable:
            hint = "Say --debug on the command line: it is looked for before anything else."
            raise UsageError("a variable cannot ask for debugging", where=variable, hint=hint)
        if name != variable and name not in known:
            raise no_option(name, known, command=commands[0], where=variable, no="NO_")


def _capitals(name: str) -> str:
    return name.lstrip("-").replace("-", "_").upper()
