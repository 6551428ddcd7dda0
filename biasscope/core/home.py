"""The user's own folder, which a user that no system knows (a number in a container) does not have."""

from __future__ import annotations

from pathlib import Path

from biasscope.core.errors import UsageError


def home() -> Path:
    """Home folder of the user.

    Raises
    ------
    UsageError
        There is none: HOME is not set, and the system does not know the user.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        hint = "Set HOME, or XDG_CACHE_HOME and XDG_CONFIG_HOME."
        raise UsageError("this user has no home folder", hint=hint) from error


def expanded(text: str) -> Path:
    """Path in which ``~`` is filled in; as it is written where nobody has that name.

    >>> expanded("~nobody-is-called-this/data").parts[0]
    '~nobody-is-called-this'
    """
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path
