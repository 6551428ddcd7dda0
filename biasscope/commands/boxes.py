"""What must be in the environment before the libraries that read boxes are loaded."""

from __future__ import annotations

import os


def prepare(*, stream: bool) -> None:
    """Let idle threads sleep sooner, and give freed memory back at once where memory is not to grow."""
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # read when numpy is loaded
    if stream:  # read when polars is loaded
        os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")
