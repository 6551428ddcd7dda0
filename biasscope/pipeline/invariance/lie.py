"""Lie derivatives of every model: how fast the probabilities change at the first instant of a movement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, get_args

import torch
from torch import Tensor, nn

from biasscope.core.errors import BiasscopeError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar, interval, number, table
from biasscope.images.picture import ImageSource
from biasscope.metrics import LocalEquivarianceError
from biasscope.metrics.functional import lie_derivative
from biasscope.metrics.functional.generators import Generator
from biasscope.models.binary import both_sides
from biasscope.models.borrow import evaluating, moved, same_draws
from biasscope.models.device import resolve_device
from biasscope.models.failures import networks_own
from biasscope.models.outputs import class_scores, with_pictures
from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.common.pictures import still
from biasscope.pipeline.common.run import why_absent
from biasscope.pipeline.definition import InvarianceAnalysis

MOVEMENTS: dict[Generator, tuple[str, str]] = {
    "translation-x": ("translation to the right", "pixel"),
    "translation-y": ("translation down", "pixel"),
    "rotation": ("rotation", "radian"),
    "scale": ("scale", "log size"),
}
"""Generator -> its name in titles, and the unit of the movement."""
assert set(MOVEMENTS) <= set(get_args(Generator))  # noqa: S101


def lie(
    subjects: Sequence[Subject],
    source: ImageSource,
    asked: InvarianceAnalysis,
    progress: Progress,
    absent: list[str],
) -> Result | None:
    """Local equivariance error of the probabilities of every model, on the first pictures.

    A model that cannot be differentiated in forward mode is named in the notes. ``None`` where no picture is asked for,
    or where none can: ``absent`` takes why.
    """
    if not asked.lie:
        return None
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for subject in subjects:
        with progress.step(f"Lie derivatives of {subject.label}"):
            try:
                rows += _errors(subject, _prepared(subject, source, asked.lie), asked.device)
            except BiasscopeError as error:
                notes.append(f"{subject.label} is left out: {error.what.rstrip('.')}.")
    absent += why_absent("Lie derivatives", rows, notes)
    if not rows:
        return None
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return Result(
        kind="lie",
        finding=_finding(rows),
        title="Lie derivatives",
        parameters={"output": "probabilities", "images": max(row["n"] for row in rows)},
        scalars=[_scalar(row) for row in rows],
        tables=[table("metrics", columns, title="Local equivariance error, with 95 % intervals", row="metric")],
        notes=notes,
        source="Gruver, Finzi, Goldblum and Wilson, ICLR 2023",
    )


class Probabilities(nn.Module):
    """Probabilities of a network's answers; as a module, so that it is seen which mode the network is in."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.kind = next((p.dtype for p in network.parameters() if p.is_floating_point()), torch.float32)

    def forward(self, x: Tensor) -> Tensor:
        """Give (N, C), of a network in half precision too."""
        scores = with_pictures(class_scores(self.network(x.to(self.kind))), len(x))
        return both_sides(scores.to(x.dtype)).softmax(1)


def _prepared(subject: Subject, source: ImageSource, count: int) -> Tensor:
    prepare = subject.model.preprocessing
    return torch.stack([prepare(still(picture)) for picture in islice(source, count)])


def _errors(subject: Subject, pictures: Tensor, device: str) -> Iterator[dict[str, Any]]:
    model, target = Probabilities(subject.model.module), resolve_device(device)
    with evaluating(model), moved(model, target, channels_last=False), same_draws():
        for movement, (title, unit) in MOVEMENTS.items():
            metric = LocalEquivarianceError()
            with networks_own(pictures.shape[1:]):
                metric.update(lie_derivative(model, pictures.to(target), movement).cpu())
            low, high, n = metric.interval()
            yield {
                "model": subject.label,
                "metric": f"lie_{movement.replace('-', '_')}",
                "title": f"local equivariance error, {title} (per squared {unit})",
                "value": number(metric.compute()),
                "low": number(low),
                "high": number(high),
                "n": int(n),
                "better": "lower",
                "shift": f"infinitesimal {title}",
                "reference": "the picture itself",
                "aggregate": "mean",
            }


def _scalar(row: dict[str, Any]) -> Scalar:
    ends = interval(row["low"], row["high"], method="delta method on the logarithm, t, images as clusters")
    title = f"{row['title'][0].upper()}{row['title'][1:]}, {row['model']}"
    return Scalar(f"{row['metric']}@{row['model']}", row["value"], title, ends, row["n"], better="lower")


def _finding(rows: Sequence[dict[str, Any]]) -> str:
    across = [row for row in rows if row["metric"] == "lie_translation_x"]
    named = "; ".join(f"{row['model']} {row['value'] or 0:.2g}" for row in across[:4])
    return f"Squared change of the probabilities for each squared pixel that the picture moves to the right: {named}."
