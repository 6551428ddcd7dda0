"""Options from a TOML file: one table a command, every key and every type checked before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cyclopts import App
from cyclopts.config import Dict

from biasscope.commands.refused import no_option
from biasscope.core.errors import UsageError
from biasscope.core.toml import read_table
from biasscope.core.wanted import fits, refusal


def options_of(name: str, commands: Collection[str]) -> Dict:
    """Tables of a configuration file.

    Raises
    ------
    UsageError
        The file cannot be read or is no TOML, a table is not that of a command, or it allows code to be imported.
    """
    tables = read_table(Path(name))
    for key, value in tables.items():
        if key not in commands or not isinstance(value, dict):
            hint = f"Options stand in a table named after the command: {', '.join(f'[{name}]' for name in commands)}."
            raise UsageError(f"{key!r} is no table of a command", where=name, hint=hint)
        if {"allow_python", "allow-python"} & value.keys():
            hint = "Say it on the command line: a file cannot allow what files may not do."
            raise UsageError("allow_python has no place in a file", where=f"{name}: [{key}]", hint=hint)
        for option in ("config", "debug"):
            if option in value:
                hint = "Say it on the command line: it is looked for before the file is read."
                raise UsageError(f"{option} has no place in a file", where=f"{name}: [{key}]", hint=hint)
    return Dict(tables, source=name)


def check(app: App, options: Dict) -> None:
    """Refuse a key that is no option of its command, and a value that the option cannot hold."""
    for command, table in options.config.items():
        known = {name.replace("-", "_"): kind for name, kind in kinds(app[command])}
        for key, value in table.items():
            where = f"{options.source}: [{command}]"
            name = key.replace("-", "_")
            if name not in known:
                raise no_option(key, known, command=command, where=where, no="no_")
            if not fits(value, known[name]):
                raise refusal(value, known[name], where=f"{where} {key}")


def kinds(command: App) -> Iterator[tuple[str, Any]]:
    """Every option of a command with its type; the opposite of a switch is none of its own."""
    for argument in command.assemble_argument_collection(parse_docstring=False):
        names = (name for name in argument.names if name.startswith("--") and name not in argument.negatives)
        yield from ((name[2:], argument.hint) for name in names)
