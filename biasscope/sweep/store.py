"""A sweep in one file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from biasscope.images.picture import ImageProblem
from biasscope.models.checkpoints.record import from_columns, load_record, save_record, to_columns
from biasscope.sweep.join import BY_PICTURE
from biasscope.sweep.result import Floor, Sweep

VERSION, KIND = 1, "sweep"
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
    facts["coordinates"] = from_columns(found.coordinates)
    facts["problems"] = [asdict(problem) for problem in found.problems]
    facts["floors"] = {name: asdict(floor) for name, floor in found.floors.items()}
    return save_record(path, KIND, VERSION, tensors, facts)


def load(path: Path) -> Sweep:
    """Read a sweep.

    Raises
    ------
    InputError
        The file is not a sweep, or is damaged.
    """
    return load_record(path, KIND, VERSION, _made, writer="Sweep.save")


def _made(tensors: dict[str, Tensor], facts: dict[str, Any]) -> Sweep:
    for name in TUPLES:
        facts[name] = None if facts[name] is None else tuple(facts[name])
    facts["coordinates"] = to_columns(facts["coordinates"])
    facts["problems"] = tuple(ImageProblem(**problem) for problem in facts["problems"])
    facts["floors"] = {name: Floor(**floor) for name, floor in facts["floors"].items()}
    tta = {int(name.removeprefix("tta.")): tensors[name] for name in tensors if name.startswith("tta.")}
    fields: dict[str, Any] = {**facts, **{name: tensors[name] for name in TENSORS}}
    return Sweep(**fields, tta=dict(sorted(tta.items())))
