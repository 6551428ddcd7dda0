"""Memory that a process lets go, and takes again a moment later."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Numbers of the options in glibc's ``malloc.h``."""
KEPT = 1 << 30
"""Bytes up to which freed memory stays with the process."""


def keep_freed_memory() -> bool:
    """Let the C library keep freed memory instead of giving it back; gives whether it does.

    The maps of a network come and go at every forward pass. Each of a few MiB is otherwise fetched from the system
    and cleared anew, which takes a third of the time of a small network. It is for commands, which own their process:
    a library leaves it alone. Only glibc knows these options.

    Examples
    --------
    >>> isinstance(keep_freed_memory(), bool)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    trimmed, mapped = (mallopt(option, KEPT) for option in (TRIM_THRESHOLD, MMAP_THRESHOLD))
    return bool(trimmed and mapped)
