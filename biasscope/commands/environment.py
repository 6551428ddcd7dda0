"""Options from environment variables: several values stand in one, with a semicolon between them."""

from __future__ import annotations

from typing import Any

from cyclopts import env_var_split

BETWEEN = ";"
"""Not a blank or comma, which the text of one transform, path or setting may hold."""


def items(kind: Any, text: str, *, delimiter: str | None = None) -> list[str]:
    """Values of an option of a type from the text of its environment variable.

    >>> items(list[str] | None, "RandomCrop(30, padding=4); CenterCrop(28)"), items(str, "a; b")
    (['RandomCrop(30, padding=4)', 'CenterCrop(28)'], ['a; b'])
    """
    found = env_var_split(kind, text, delimiter=delimiter or BETWEEN)
    return found if found == [text] else [item.strip() for item in found if item.strip()]
