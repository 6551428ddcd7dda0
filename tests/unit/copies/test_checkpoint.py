"""What happens where networks cannot be kept."""

from pathlib import Path

import pytest
import torch

from biasscope.copies import checkpoint
from biasscope.copies.checkpoint import Checkpoint
from biasscope.core.errors import OutputError
from biasscope.core.progress import Progress
from tests.unit.copies.sweeping import sweep


class Said(Progress):
    """Keeps warnings."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def warn(self, text: str) -> None:
        self.said.append(text)


def test_a_folder_that_cannot_be_written_is_refused_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="networks cannot be kept") as caught:
        Checkpoint(tmp_path / "file", {}, Progress())
    assert "--no-resume" in str(caught.value)


def test_a_disk_that_fills_up_ends_the_keeping_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, progress, write = sweep(None), Said(), checkpoint.write_files

    def full(folder: Path, contents: dict[str, bytes]) -> list[Path]:
        if len(list(folder.glob("narrow*"))) > 0:
            raise OutputError("cannot write the report (No space left on device)", where=str(folder))
        return write(folder, contents)

    monkeypatch.setattr(checkpoint, "write_files", full)
    found = sweep(tmp_path, progress=progress)
    assert torch.equal(found.predictions, whole.predictions)
    assert len(progress.said) == 1
    assert "networks cannot be kept (No space left on device); the run goes on" in progress.said[0]
