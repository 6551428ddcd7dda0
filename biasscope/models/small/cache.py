"""Trained small networks on disk, under the user's cache folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from torch import nn

from biasscope.core.errors import InputError, OutputError
from biasscope.core.files import write_files
from biasscope.core.home import home
from biasscope.models.checkpoints import fit
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors
from biasscope.models.loaded import weights_sha256
from biasscope.models.small.recipe import Recipe
from biasscope.models.small.train import train

R = TypeVar("R", bound=Recipe)


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/biasscope/models``, or below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else home() / ".cache") / "biasscope" / "models"


def cached(recipe: Recipe) -> tuple[nn.Module, float]:
    """Trained classifier and its accuracy, as `stored`."""
    return stored(recipe, train)


def stored(recipe: R, train: Callable[[R], tuple[nn.Module, float]]) -> tuple[nn.Module, float]:
    """Trained network and its score: read if it is there and whole, otherwise trained and written.

    A file of another recipe or version has another name; one that is damaged or was changed is replaced. Where the
    folder cannot be written, the network is trained every time.
    """
    path = cache_folder() / f"{recipe.name}-{recipe.key()[:16]}.safetensors"
    try:
        return _read(recipe, path)
    except (InputError, OSError, ValueError, KeyError):
        net, score = train(recipe)
    _write(net, score, recipe, path)
    return net, score


def _read(recipe: Recipe, path: Path) -> tuple[nn.Module, float]:
    tensors, notes = read_safetensors(path)
    net = recipe.build().eval()
    fit(net, tensors, where=str(path))
    if notes.get("recipe") != recipe.key() or notes.get("sha256") != weights_sha256(net):
        raise InputError("the cached network is not the one that was written", where=str(path))
    return net, float(notes["accuracy"])


def _write(net: nn.Module, score: float, recipe: Recipe, path: Path) -> None:
    notes = {"recipe": recipe.key(), "sha256": weights_sha256(net), "accuracy": repr(score), **recipe.facts()}
    try:
        write_files(path.parent, {path.name: to_safetensors(net.state_dict(), notes)})
    except OutputError:
        return
