"""What stopped runs leave in the cache, and when it goes."""

import os
import time
from pathlib import Path

import pytest

from biasscope.pipeline.common.checkpoints import DAYS, checkpoints
from biasscope.pipeline.definition import InvarianceAnalysis

DAY = 24 * 3600


def left(root: Path, name: str, days: float, newest: float | None = None) -> Path:
    """Folder of a stopped run whose files were written so many days ago, the newest of them ``newest`` days ago."""
    folder = root / name / "plan"
    folder.mkdir(parents=True)
    for file, age in (("plan.json", days), ("block.safetensors", days if newest is None else newest)):
        (folder / file).write_text("x")
        os.utime(folder / file, (time.time() - age * DAY,) * 2)
    for path in (folder, folder.parent):
        os.utime(path, (time.time() - days * DAY,) * 2)
    return folder.parent


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "biasscope" / "sweeps"


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_older_than_a_fortnight_goes_when_a_run_starts(root: Path, keep: bool) -> None:
    old, temporary = left(root, "a1", DAYS + 1), left(root, ".biasscope-x1", DAYS + 1)
    recent, going_on = left(root, "b2", DAYS - 1), left(root, "c3", DAYS + 5, newest=2)
    with checkpoints(InvarianceAnalysis(), keep=keep) as folder:
        assert (folder is not None) == keep
        assert not old.exists()
        assert not temporary.exists()
        assert recent.exists()
        assert (going_on / "plan" / "block.safetensors").exists()


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    kept = left(tmp_path / "elsewhere", "a1", DAYS + 9)
    root.mkdir(parents=True)
    (root / "link").symlink_to(kept)
    with checkpoints(InvarianceAnalysis()):
        assert (kept / "plan" / "plan.json").exists()
