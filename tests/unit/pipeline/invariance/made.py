"""Small sweeps that are written out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from biasscope.models import LoadedModel, Preprocessing
from biasscope.models.loaded import describe
from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.sweep import Floor, Sweep
from biasscope.transforms import make

GRID = "3x3"


def model(spec: str = "module:Linear", classes: int = 3) -> LoadedModel:
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, classes))
    names = tuple(f"class {number}" for number in range(classes))
    return describe(net, Preprocessing((4, 4), None, (0.5,), (0.5,)), names, spec=spec, source="test")


def subject(label: str = "net", variant: str = "baseline", family: str = "net", architecture: str = "") -> Subject:
    return Subject(label, family, variant, variant == "baseline", model(), architecture)


def sweep(
    answers: Sequence[Sequence[int]],
    targets: Sequence[int] | None = None,
    *,
    label: str = "net",
    coordinates: Mapping[str, Any] | None = None,
    reference: int = 0,
    floor: float = 0.0,
) -> Sweep:
    predictions = torch.tensor(answers)
    views, count = predictions.shape
    truth = torch.full((count,), -1) if targets is None else torch.tensor(targets)
    right = (predictions == truth).double()
    plain = torch.zeros(views, count)
    return Sweep(
        predictions=predictions,
        targets=truth,
        p_top=plain + 0.5,
        p_true=torch.where(truth >= 0, right * 0.5, torch.nan),
        p_reference=(predictions == predictions[reference]).double() * 0.5,
        p_step=plain[None],
        rank_true=torch.where(truth >= 0, 6 * (1 - right).long(), -1),
        rank_reference=plain.long(),
        steps=torch.arange(-1, views - 1)[None],
        reference=reference,
        image_ids=tuple(f"i{number}" for number in range(count)),
        indices=torch.arange(count),
        coordinates=coordinates or {"dy": np.zeros(views, np.int64), "dx": np.arange(views)},
        transformation="circular",
        parameters={"grid": GRID},
        model=label,
        class_names=tuple(f"class {number}" for number in range(10)),
        floors={"batch layout": Floor(floor, 0.0, count)},
    )


def measurement(answers: Any, targets: Any = None, *, metrics: bool = False, **options: Any) -> Measurement:
    who = {name: options.pop(name) for name in ("variant", "family", "architecture") if name in options}
    found = sweep(answers, targets, **options)
    measured = {item.metric: item for item in found.measure()} if metrics else {}
    return Measurement(subject(found.model, **who), make("circular", grid=GRID), found, measured)
