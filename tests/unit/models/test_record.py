"""Records of one kind and version in one file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from biasscope.core.errors import InputError, OutputError
from biasscope.models.checkpoints.record import from_columns, load_record, save_record, to_columns


def read(path: Path, kind: str = "walk", version: int = 2) -> tuple[object, object]:
    return load_record(path, kind, version, lambda tensors, facts: (tensors, facts), writer="Walk.save")


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    path = save_record(tmp_path / "a.safetensors", "walk", 2, {"steps": torch.arange(3)}, {"name": "first"})
    tensors, facts = read(path)
    assert isinstance(tensors, dict)
    assert tensors["steps"].tolist() == [0, 1, 2]
    assert facts == {"name": "first"}


@pytest.mark.parametrize(("kind", "version"), [("ride", 2), ("walk", 1)])
def test_another_kind_or_version_is_refused(tmp_path: Path, kind: str, version: int) -> None:
    path = save_record(tmp_path / "a.safetensors", kind, version, {}, {})
    with pytest.raises(InputError, match=r"no sweep.*a\.safetensors|a\.safetensors.*no sweep"):
        read(path)


def test_a_damaged_a_missing_and_an_unwritable_file(tmp_path: Path) -> None:
    path = save_record(tmp_path / "a.safetensors", "walk", 2, {"steps": torch.arange(3)}, {})
    path.write_bytes(path.read_bytes()[:-4])
    for wrong in (path, tmp_path / "missing"):
        with pytest.raises(InputError):
            read(wrong)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="sweep"):
        save_record(tmp_path / "file" / "a.safetensors", "walk", 2, {}, {})


def test_columns_keep_their_types() -> None:
    columns = {"dy": np.array([1, -2], np.int32), "angle": np.array([0.5]), "inside": np.array([True])}
    again = to_columns(json.loads(json.dumps(from_columns(columns))))
    assert all(again[name].dtype == values.dtype and (again[name] == values).all() for name, values in columns.items())
