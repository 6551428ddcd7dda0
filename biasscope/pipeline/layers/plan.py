"""What is traced: models, pictures, shifts and measures, decided before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from biasscope.core.errors import UsageError
from biasscope.models.device import resolve_device
from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.common.views import check_views
from biasscope.pipeline.definition import LayersAnalysis
from biasscope.trace.measures import MEASURES
from biasscope.trace.probe import device_of, float_type, looked_at, unwrap
from biasscope.trace.shifts import default_shifts
from biasscope.trace.structure.stride import strides
from biasscope.transforms import make
from biasscope.transforms.transformation import Transformation

LIMIT = 32
MEASURED = (
    "nonshiftability", "sum_variation", "equivariance_cosine", "fourier_cosine", "equivariance_l2", "fourier_l2",
    "aliasing", "maximum_bias", "phase_variance",
)  # fmt: skip
"""Measures unless others are asked for."""
ALIGNED = ("equivariance_cosine", "fourier_cosine", "equivariance_l2", "fourier_l2")
"""Measures that leave a margin out."""


@dataclass(frozen=True)
class Look:
    """What a first look at a model says.

    Attributes
    ----------
    subject
        The model.
    largest
        Largest cumulative stride in pixels.
    functions
        Functions of its ``forward`` that give maps and that hooks on modules cannot see, each once.
    """

    subject: Subject
    largest: int
    functions: tuple[str, ...]


def look(subject: Subject) -> Look:
    """Run one empty picture through a model.

    Raises
    ------
    UsageError
        The model cannot be listened to, or run on pictures of this size; the message names it.
    """
    ready = subject.model.preprocessing
    example = torch.zeros(1, ready.channels, *ready.size)
    try:
        module = unwrap(subject.model.module)
        found = looked_at(module, example.to(device_of(module), float_type(module)), functional=True)
    except UsageError as error:
        raise UsageError(f"{subject.label} cannot be traced: {error.what}", hint=error.hint) from error
    products = [item.product for item in strides(found).values() if item.product is not None]
    functions = dict.fromkeys(item.kind.strip("_") for item in found.seen if item.module is None)
    return Look(subject, max((int(max(stride)) for stride in products), default=1), tuple(functions))


def limit(asked: LayersAnalysis) -> int | None:
    """Most pictures; ``None`` for all."""
    return LIMIT if asked.limit is None else asked.limit or None


def at_most(given: int | None, usual: int, measured: int) -> int:
    """How many of the measured pictures a slower part takes: the usual number unless one is asked for, 0 for all."""
    return min(measured, (usual if given is None else given) or measured)


def transformation(asked: LayersAnalysis, looks: list[Look]) -> Transformation:
    """Shifts that are the same for all models: 0 .. 7 pixels on both axes and multiples of the largest stride."""
    grid = asked.grid
    if grid is None:
        sides = [item.subject.model.preprocessing.size for item in looks]
        smallest = min(height for height, _ in sides), min(width for _, width in sides)
        largest = max(item.largest for item in looks)
        grid = ";".join(f"{y},{x}" for y, x in default_shifts([(largest, largest)], smallest))  # type: ignore[list-item]
    made = shifts(asked, grid)
    check_views(made, grid)
    return made


def shifts(asked: LayersAnalysis, grid: str, **options: Any) -> Transformation:
    """Shifts over a grid under the protocol that is asked for."""
    if asked.protocol == "embed":
        options |= {"fill": asked.fill, "side": asked.side}
    return make(asked.protocol, grid=grid, seed=asked.seed, **options)


def in_options(error: UsageError) -> UsageError:
    """The same, without advice that only holds in Python."""
    hint = error.hint.replace(", a smaller grid, or cut=True.", ", or a smaller grid.") if error.hint else error.hint
    return UsageError(error.what, where=error.where, hint=hint)


def measures(asked: LayersAnalysis) -> dict[str, dict[str, Any]]:
    """Measures with their options.

    Raises
    ------
    UsageError
        There is no such measure.
    """
    names = list(MEASURES) if "all" in asked.measures else list(dict.fromkeys(asked.measures or MEASURED))
    for name in names:
        MEASURES.load(name)
    options = {"nonshiftability": {"threshold": asked.threshold}}
    options |= {name: {"margin": asked.margin} for name in ALIGNED}
    return {name: options.get(name, {}) for name in names}


def functional(asked: LayersAnalysis, item: Look) -> bool:
    """Whether functions are layers too: where the model's forward calls some, unless the user decides."""
    return bool(item.functions) if asked.functional == "auto" else asked.functional == "yes"


def picked(asked: LayersAnalysis) -> bool:
    """Whether not every layer is looked at."""
    return bool(asked.layers) and "leaves" not in asked.layers


def device(asked: LayersAnalysis) -> str:
    """Where models run; accelerators without float64 are left alone."""
    named = resolve_device(asked.device)
    return "cpu" if named.type == "mps" else str(named)
