"""An augmentation sweep in one safetensors file; whatever is no tensor stands in its header as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from biasscope.copies.networks import Subsampling
from biasscope.copies.plan import Run
from biasscope.copies.result import CopiesSweep
from biasscope.core.errors import InputError, OutputError
from biasscope.core.files import write_files
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors

VERSION, NOTE = 1, "biasscope copies"
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
    facts["coordinates"] = {name: [values.dtype.str, values.tolist()] for name, values in found.coordinates.items()}
    notes = {NOTE: json.dumps({"version": VERSION, **facts})}
    try:
        write_files(path.parent, {path.name: to_safetensors(tensors, notes)})
    except OutputError as error:
        raise OutputError(error.what.replace("the report", "the sweep"), where=str(path)) from error
    return path


def load(path: Path) -> CopiesSweep:
    """Read a sweep.

    Raises
    ------
    InputError
        The file is not such a sweep, or is damaged.
    """
    try:
        tensors, notes = read_safetensors(path)
        facts = json.loads(notes[NOTE])
        if facts.pop("version") != VERSION:
            raise ValueError("it is of another version")
        facts |= {name: tuple(facts[name]) for name in TUPLES}
        facts["runs"] = tuple(Run(**{**run, "copies": tuple(run["copies"])}) for run in facts["runs"])
        facts["subsampling"] = {name: Subsampling(**item) for name, item in facts["subsampling"].items()}
        facts["coordinates"] = {n: np.array(values, dtype) for n, (dtype, values) in facts["coordinates"].items()}
        fields: dict[str, Any] = {**facts, **{name: tensors[name] for name in TENSORS}}
        return CopiesSweep(**fields, inside=tensors["inside"].numpy())
    except OSError as error:
        raise InputError(f"the sweep cannot be read ({error.strerror})", where=str(path)) from error
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Give a file that CopiesSweep.save wrote."
        raise InputError(f"this is no sweep ({type(error).__name__}: {error})", where=str(path), hint=hint) from error
