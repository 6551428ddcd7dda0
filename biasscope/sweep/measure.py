"""Metrics of a sweep, by the names of the registry of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.results import number
from biasscope.metrics import METRICS
from biasscope.sweep.result import Sweep
from biasscope.transforms import PROTOCOLS

CELLS = 2**22
"""Most cells of a table that a metric is given at once."""
BY_PICTURE = ("predictions", "targets", "p_top", "p_true", "p_reference", "p_step", "rank_true", "rank_reference")


@dataclass(frozen=True)
class Measured:
    """One number with its interval, and what it says.

    Attributes
    ----------
    metric, title
        Name in the registry; what people read.
    value, low, high
        The number and its cluster interval over pictures; ``None`` where undefined.
    n
        Pictures that have a say.
    better
        ``higher`` or ``lower``.
    shift, reference, aggregate
        Over which movements, compared with what, and how views are joined.
    view
        Number of the view, for metrics that have a value for each.
    """

    metric: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    better: str
    shift: str
    reference: str
    aggregate: str
    view: int | None = None


def measure(found: Sweep, names: Sequence[str] | None = None, *, level: float = 0.95) -> list[Measured]:
    """Compute metrics; without names, all that give one defined number for what the sweep has.

    Raises
    ------
    UsageError
        There is no metric of that name, or the sweep lacks what it needs.
    """
    available = inputs(found)
    if names is not None:
        return [measured for name in names for measured in _one(name, found, available, level)]
    usable = [name for name in METRICS if not METRICS[name].facts["vector"] and not lacking(name, found, available)]
    measured = [item for name in usable for item in _one(name, found, available, level)]
    return [item for item in measured if item.n]


def inputs(found: Sweep) -> dict[str, Any]:
    """Arrays of a sweep under the names that metrics ask for; what is not there is left out."""
    arrays: dict[str, Any] = {name: getattr(found, name) for name in BY_PICTURE}
    arrays["reference"] = found.reference
    if bool((found.steps >= 0).any()):
        arrays["steps"] = found.steps
    if found.offsets is not None:
        arrays["offsets"] = torch.from_numpy(found.offsets)
    if found.tta:
        arrays["tta"] = found.tta
    return arrays


def lacking(name: str, found: Sweep, available: Mapping[str, Any]) -> str:
    """Say what a metric needs and the sweep does not have; empty if it has everything."""
    facts = METRICS[name].facts
    missing = [item for item in facts["inputs"] if item not in available]
    if missing:
        return f"there is no {' and no '.join(missing)}"
    if facts["needs_targets"] and not bool((found.targets >= 0).any()):
        return "no picture has a label that the model knows"
    if facts["applies"] and not set(facts["applies"]) & found.coordinates.keys():
        return f"its views have no coordinate {' or '.join(facts['applies'])}"
    return ""


def _one(name: str, found: Sweep, available: Mapping[str, Any], level: float) -> list[Measured]:
    family = METRICS.load(name)
    if why := lacking(name, found, available):
        raise UsageError(f"the metric {name} cannot be computed for {found.transformation}: {why}")
    facts, metric = METRICS[name].facts, family()
    for start in range(0, len(found), size := max(1, CELLS // found.views)):
        metric.update(**{item: _block(item, available[item], slice(start, start + size)) for item in facts["inputs"]})
    low, high, n = (bound.reshape(-1).tolist() for bound in map(torch.as_tensor, metric.interval(level=level)))
    values = metric.compute().reshape(-1).tolist()
    return [
        Measured(
            name, facts["title"], number(value), number(low[at]), number(high[at]), int(n[at % len(n)]),
            facts["better"], _shift(facts["shift"], found), facts["reference"], facts["aggregate"],
            at if facts["vector"] else None,
        )
        for at, value in enumerate(values)
    ]  # fmt: skip


def _block(name: str, value: Any, pictures: slice) -> Any:
    """Give the part of an input that belongs to some pictures."""
    if name == "tta":
        return {k: answers[..., pictures] for k, answers in value.items()}
    return value[..., pictures] if isinstance(value, Tensor) and name in BY_PICTURE else value


def _shift(named: str, found: Sweep) -> str:
    """Word for the movement: the metric's own, or that of the protocol."""
    if named != "any":
        return named
    protocol = PROTOCOLS.get(found.transformation)
    return str(protocol.facts["shift"]) if protocol else found.transformation
