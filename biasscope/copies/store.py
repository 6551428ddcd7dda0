"""An augmentation sweep in one file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from biasscope.copies.result import CopiesSweep
from biasscope.copies.run import Run
from biasscope.copies.subsampling import Subsampling
from biasscope.models.checkpoints.record import from_columns, load_record, save_record, to_columns

VERSION, KIND = 1, "copies"
TENSORS = ("predictions", "targets", "losses", "seconds", "steps")
TUPLES = ("engines", "axes", "available", "notes")


def save(found: CopiesSweep, path: Path) -> Path:
    """Write a sweep; the file is complete or not there.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    tensors = {name: getattr(found, name).contiguous() for name in TENSORS} | {"inside": torch.tensor(found.inside)}
    facts: dict[str, Any] = {name: getattr(found, name) for name in TUPLES}
    facts |= {"parameters": dict(found.parameters), "settings": dict(found.settings)}
    facts["runs"] = [asdict(run) for run in found.runs]
    facts["subsampling"] = {name: asdict(item) for name, item in found.subsampling.items()}
    facts["coordinates"] = from_columns(found.coordinates)
    return save_record(path, KIND, VERSION, tensors, facts)


def load(path: Path) -> CopiesSweep:
    """Read a sweep.

    Raises
    ------
    InputError
        The file is not such a sweep, or is damaged.
    """
    return load_record(path, KIND, VERSION, _made, writer="CopiesSweep.save")


def _made(tensors: dict[str, Tensor], facts: dict[str, Any]) -> CopiesSweep:
    facts |= {name: tuple(facts[name]) for name in TUPLES}
    facts["runs"] = tuple(Run(**{**run, "copies": tuple(run["copies"])}) for run in facts["runs"])
    facts["subsampling"] = {name: Subsampling(**item) for name, item in facts["subsampling"].items()}
    facts["coordinates"] = to_columns(facts["coordinates"])
    fields: dict[str, Any] = {**facts, **{name: tensors[name] for name in TENSORS}}
    return CopiesSweep(**fields, inside=tensors["inside"].numpy())
