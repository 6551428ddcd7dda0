"""Where a run that was stopped is continued from: a folder in the user's cache, named after what is asked.

It lies in ``~/.cache/biasscope/sweeps`` (``$XDG_CACHE_HOME/biasscope/sweeps``). It goes when the run ends well; what
was stopped and not continued for 14 days goes when the next run starts.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from biasscope.core.home import home
from biasscope.core.provenance import versions

DAYS = 14
"""Age at which what a stopped run has left is removed."""


@contextmanager
def checkpoints(asked: msgspec.Struct, *, keep: bool = True) -> Iterator[Path | None]:
    """Folder for the checkpoints of one analysis; it goes when the block ends well and stays when it does not.

    The sweeps themselves check that a checkpoint is of the same model, pictures and views.

    Parameters
    ----------
    asked
        The analysis. Another question, or another version of a package, has another folder.
    keep
        Without it nothing is kept and nothing continued (``None`` is given, and an old folder is removed).
    """
    folder = _root() / key(asked)[:24]
    remove_stale(_root())
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
        yield None
        return
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def key(asked: msgspec.Struct) -> str:
    """SHA-256 of a definition, the working folder (paths may be relative) and the versions.

    Examples
    --------
    >>> from biasscope.pipeline.definition import InvarianceAnalysis
    >>> key(InvarianceAnalysis()) == key(InvarianceAnalysis(seed=1))
    False
    """
    plan = [msgspec.to_builtins(asked), str(Path.cwd()), versions()]
    return hashlib.sha256(msgspec.json.encode(plan, order="sorted")).hexdigest()


def remove_stale(root: Path) -> None:
    """Remove the folders in which nothing was written for :data:`DAYS` days, half-written temporaries among them."""
    oldest = time.time() - DAYS * 24 * 3600
    for folder in root.glob("*") if root.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink() and _last_written(folder) < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _last_written(folder: Path) -> float:
    times = []
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):  # another run may be removing it
            times.append(path.lstat().st_mtime)
    return max(times, default=time.time())


def _root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else home() / ".cache") / "biasscope" / "sweeps"
