"""Where a run that was stopped is continued from: a folder in the user's cache, named after what is asked."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from biasscope.core.provenance import versions
from biasscope.pipeline.definition import InvarianceAnalysis


@contextmanager
def checkpoints(asked: InvarianceAnalysis, *, keep: bool = True) -> Iterator[Path | None]:
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
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
        yield None
        return
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def key(asked: InvarianceAnalysis) -> str:
    """SHA-256 of a definition, the working folder (paths may be relative) and the versions.

    Examples
    --------
    >>> key(InvarianceAnalysis()) == key(InvarianceAnalysis(seed=1))
    False
    """
    plan = [msgspec.to_builtins(asked), str(Path.cwd()), versions()]
    return hashlib.sha256(msgspec.json.encode(plan, order="sorted")).hexdigest()


def _root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "biasscope" / "sweeps"
