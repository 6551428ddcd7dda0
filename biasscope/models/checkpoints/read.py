"""Checkpoint files: safetensors, or PyTorch files that hold tensors only."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import InputError
from biasscope.models.checkpoints.safetensors import read_safetensors

WRAPPERS = ("state_dict", "model_state_dict", "model", "model_state", "net")
"""Keys under which training scripts put the state dict."""


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a state dict and the file's own notes. Nothing in the file is executed.

    ``module.`` in front of every name, as data-parallel training leaves it, is removed, and a state dict is found under
    the keys that training scripts use for it.

    Raises
    ------
    InputError
        The file is missing, damaged, or holds anything but tensors.
    """
    if not path.is_file():
        raise InputError("there is no such checkpoint file", where=str(path))
    try:
        if path.suffix == ".safetensors":
            tensors, notes = read_safetensors(path)
        else:
            tensors, notes = _pytorch(path), {}
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror or error})", where=str(path)) from error
    if not tensors:
        raise InputError("the file holds no tensors", where=str(path))
    return _without_prefix(tensors), notes


def _pytorch(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        hint = "It holds more than tensors, which is not loaded; save model.state_dict(), or convert it to safetensors."
        raise InputError("the file is not a checkpoint of tensors only", where=str(path), hint=hint) from error
    except Exception as error:  # a damaged file may raise anything
        raise InputError("the file is damaged or not a PyTorch checkpoint", where=str(path)) from error
    return _state_dict(content, path)


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    for key in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    if not isinstance(content, dict):
        raise InputError(f"the file holds a {type(content).__name__}, not a state dict", where=str(path))
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if len(tensors) != len(content):
        other = next(str(name) for name in content if name not in tensors)
        raise InputError(f"{other!r} is not a tensor", where=str(path), hint="Save model.state_dict() alone.")
    return tensors


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if all(name.startswith("module.") for name in tensors):
        return {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors
