"""Errors that a network's own code raises, told from defects of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from biasscope.core.errors import BiasscopeError, UsageError

OURS = "raised by a hook of biasscope, not by the network"


def mark_as_ours(error: Exception) -> None:
    """Mark an error of a hook that runs inside a network's forward, so that it is not told as the network's.

    Examples
    --------
    >>> try:
    ...     with networks_own((3, 8, 8)):
    ...         error = KeyError("hook")
    ...         mark_as_ours(error)
    ...         raise error
    ... except KeyError as error:
    ...     print(error.__notes__)
    ['raised by a hook of biasscope, not by the network']
    """
    error.add_note(OURS)


@contextmanager
def networks_own(shape: Sequence[int], where: str = "") -> Iterator[None]:
    """Say of what a network's forward raises that the network raised it.

    Parameters
    ----------
    shape
        Of one picture that it was given, (C, H, W).
    where
        Name of the network.

    Raises
    ------
    UsageError
        It raised an error, which is the cause of this one.

    Examples
    --------
    >>> try:
    ...     with networks_own((3, 8, 8), "net"):
    ...         raise ValueError("too small")
    ... except UsageError as error:
    ...     print(error.what)
    the network itself fails on a picture (3, 8, 8) with ValueError: too small
    """
    try:
        yield
    except Exception as error:  # any model's forward may raise anything
        if isinstance(error, BiasscopeError) or OURS in getattr(error, "__notes__", ()):
            raise
        what = f"the network itself fails on a picture {tuple(shape)} with {type(error).__name__}: {error}"
        hint = "It must take one tensor (pictures, channels, rows, columns) of this size; its own error is the cause."
        raise UsageError(what, where=where, hint=hint) from error
