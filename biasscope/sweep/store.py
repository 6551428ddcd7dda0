"""A sweep in one safetensors file; whatever is no tensor stands in its header as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from biasscope.core.errors import InputError, OutputError
from biasscope.core.files import write_files
from biasscope.images.picture import ImageProblem
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors
from biasscope.sweep.join import BY_PICTURE
from biasscope.sweep.result import Floor, Sweep

VERSION = 1
TENSORS = (*BY_PICTURE, "steps")
PLAIN = ("reference", "image_ids", "transformation", "parameters", "model", "class_names", "settings", "notes")
TUPLES = ("image_ids", "class_names", "notes")


def save(found: Sweep, path: Path) -> Path:
    """Write a sweep; the file is complete or not there.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    tensors: dict[str, Tensor] = {name: getattr(found, name) for name in TENSORS}
    tensors |= {f"tta.{k}": answers for k, answers in found.tta.items()}
    facts: dict[str, Any] = {name: getattr(found, name) for name in PLAIN}
    facts["parameters"], facts["settings"] = dict(found.parameters), dict(found.settings)
    facts["coordinates"] = {name: [values.dtype.str, values.tolist()] for name, values in found.coordinates.items()}
    facts["problems"] = [asdict(problem) for problem in found.problems]
    facts["floors"] = {name: asdict(floor) for name, floor in found.floors.items()}
    notes = {"biasscope sweep": json.dumps({"version": VERSION, **facts})}
    try:
        write_files(path.parent, {path.name: to_safetensors(tensors, notes)})
    except OutputError as error:
        raise OutputError(error.what.replace("the report", "the sweep"), where=str(path)) from error
    return path


def load(path: Path) -> Sweep:
    """Read a sweep.

    Raises
    ------
    InputError
        The file is not a sweep, or is damaged.
    """
    try:
        tensors, notes = read_safetensors(path)
        facts = json.loads(notes["biasscope sweep"])
        if facts.pop("version") != VERSION:
            raise ValueError("it is of another version")
        return Sweep(**_fields(tensors, facts))
    except OSError as error:
        raise InputError(f"the sweep cannot be read ({error.strerror})", where=str(path)) from error
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Give a file that Sweep.save wrote."
        raise InputError(f"this is no sweep ({type(error).__name__}: {error})", where=str(path), hint=hint) from error


def _fields(tensors: Mapping[str, Tensor], facts: dict[str, Any]) -> dict[str, Any]:
    for name in TUPLES:
        facts[name] = None if facts[name] is None else tuple(facts[name])
    facts["coordinates"] = {name: np.array(values, dtype) for name, (dtype, values) in facts["coordinates"].items()}
    facts["problems"] = tuple(ImageProblem(**problem) for problem in facts["problems"])
    facts["floors"] = {name: Floor(**floor) for name, floor in facts["floors"].items()}
    tta = {int(name.removeprefix("tta.")): tensors[name] for name in tensors if name.startswith("tta.")}
    return {**facts, **{name: tensors[name] for name in TENSORS}, "tta": dict(sorted(tta.items()))}
