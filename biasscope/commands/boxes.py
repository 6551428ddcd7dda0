"""What must be set before the libraries that read boxes are loaded."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys

M_ARENA_MAX = -8
"""Parameter of ``mallopt`` (malloc.h of the GNU C library)."""
OBJECTS = 500_000
"""New objects after which Python looks for cycles. Lists of many files hold none, and looking there takes time."""
KEPT_MS = 50
"""Milliseconds for which polars keeps memory that was freed: the next batch takes it again without asking for it."""


def prepare(*, stream: bool) -> None:
    """Let idle threads sleep sooner, look for cycles less often, and give freed memory back where it is not to grow.

    Where it is not, half of the processors are left to the statistics: each thread of polars holds a batch of its own.
    At the very end, when all memory goes back at once, no cycles are looked for: that would take a sixth of a start.
    Only where torch was loaded they are: its libraries complain of what is left.
    """
    gc.set_threshold(OBJECTS)
    atexit.register(_leave)
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # read when numpy is loaded
    if stream:  # read when polars is loaded
        os.environ.setdefault("_RJEM_MALLOC_CONF", f"dirty_decay_ms:{KEPT_MS},muzzy_decay_ms:0")
        os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))
        _share_heap()


def _share_heap() -> None:
    """Give the threads of numpy one heap, where the C library knows how: each keeps for itself what it has freed."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(M_ARENA_MAX, 1)


def _leave() -> None:
    if "torch" not in sys.modules:
        gc.freeze()
