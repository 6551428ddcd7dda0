"""Errors that a network's own code raises, told from defects of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from biasscope.core.errors import BiasscopeError, UsageError


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
    except BiasscopeError:
        raise
    except Exception as error:  # any model's forward may raise anything
        what = f"the network itself fails on a picture {tuple(shape)} with {type(error).__name__}: {error}"
        hint = "It must take one tensor (pictures, channels, rows, columns) of this size; its own error is the cause."
        raise UsageError(what, where=where, hint=hint) from error
