"""Pointers of Git LFS: small texts that stand for files which were not fetched."""

from __future__ import annotations

from pathlib import Path

from biasscope.boxes.files.listing import head
from biasscope.core.errors import InputError

POINTER = b"version https://git-lfs"
"""What such a text begins with."""
REASON = "pointer of Git LFS to a file that is not there"
PULL = "Fetch it with: git lfs pull."


def is_pointer(path: str | Path) -> bool:
    """Whether a file is the pointer to another one.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    return head(path, len(POINTER)) == POINTER


def pointed(path: str | Path) -> InputError:
    """Error for a file that is the pointer to another one."""
    return InputError("is the pointer of Git LFS to a file, not the file itself", where=str(path), hint=PULL)
