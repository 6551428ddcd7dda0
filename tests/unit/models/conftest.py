"""Fixtures that the tests of models share."""

import pytest
import torch

from biasscope.models.checkpoints.safetensors import to_safetensors
from tests.unit.models.checkpoint_files import state


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(to_safetensors(state(), {"source": "made for the test"}))
    return path


@pytest.fixture
def no_gradients():
    with torch.no_grad():
        yield
