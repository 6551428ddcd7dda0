"""Whether code that a file names may be imported: no, unless the user said so for this run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_allowed: ContextVar[bool] = ContextVar("python_code_allowed", default=False)


@contextmanager
def python_code(*, allowed: bool = True) -> Iterator[None]:
    """Allow or refuse, within the block, what specifications name as ``python:module:function``.

    Examples
    --------
    >>> with python_code():
    ...     code_allowed()
    True
    >>> code_allowed()
    False
    """
    before = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(before)


def code_allowed() -> bool:
    """Whether code may be imported here and now."""
    return _allowed.get()
