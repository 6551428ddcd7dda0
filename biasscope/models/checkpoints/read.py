"""Checkpoint files: safetensors, or PyTorch files that hold tensors only."""

from __future__ import annotations

import pickle
import warnings
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
        if path.suffix.lower() == ".safetensors":
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
        with warnings.catch_warnings(action="ignore"):  # of tensors that are refused below
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
    for name, value in tensors.items():
        if reason := _unusual(value):
            raise InputError(f"{name!r} {reason}", where=str(path), hint="Save dense tensors of plain numbers.")
    return tensors


def _unusual(tensor: Tensor) -> str | None:
    """Why a tensor is none that weights are, if so; looks at no value."""
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
        return "is not a dense tensor"
    if tensor.device.type != "cpu":
        return f"holds no values (device {tensor.device.type})"
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        return f"claims {tensor.numel()} values, more than the file holds for it"
    return None


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if all(name.startswith("module.") for name in tensors):
        return {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors
