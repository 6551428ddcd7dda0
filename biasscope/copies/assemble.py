"""From trained networks to a `CopiesSweep`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from biasscope.copies.data import Data
from biasscope.copies.networks import build
from biasscope.copies.plan import Plan
from biasscope.copies.result import CopiesSweep
from biasscope.copies.runner import Runner, Trained
from biasscope.copies.subsampling import subsampling
from biasscope.core.results import Cell


def assemble(
    results: Sequence[Trained], plan: Plan, runner: Runner, data: Data, parameters: Mapping[str, Cell]
) -> CopiesSweep:
    """Join what was found about each network of a plan."""
    steps = torch.tensor([len(item.losses) for item in results])
    losses = torch.full((len(results), int(steps.max())), torch.nan)
    for row, item in zip(losses, results, strict=True):
        row[: len(item.losses)] = item.losses
    trained, asked = runner.train_views.pool, runner.test_views.pool
    versions = runner.questions(plan)[1].numpy()
    variants = dict.fromkeys(run.variant for run in plan.runs)
    shape = runner.train_views.shape
    return CopiesSweep(
        runs=plan.runs,
        predictions=torch.stack([item.predictions for item in results]),
        targets=data.test_labels[: plan.test_images],
        losses=losses,
        seconds=torch.tensor([item.seconds for item in results], dtype=torch.float64),
        steps=steps,
        engines=tuple(item.engine for item in results),
        coordinates={name: values[versions] for name, values in asked.columns().items()},
        inside=trained.contains(asked)[versions],
        axes=trained.names,
        available=trained.sizes,
        subsampling={name: subsampling(build(runner.factories[name], 0), shape) for name in variants},
        parameters=dict(parameters),
        settings=_settings(plan, runner, int(np.flatnonzero(versions == asked.reference)[0])),
        notes=(*data.notes, *plan.notes, *_warnings(losses, steps.tolist())),
    )


def _settings(plan: Plan, runner: Runner, reference: int) -> dict[str, Cell]:
    return {
        "reference": reference,
        "device": str(runner.labels.device),
        "batch": plan.batch,
        "steps": plan.steps,
        "epochs": plan.epochs,
        "train_images": max(run.train_images for run in plan.runs),
        **{f"engine {variant}": why for variant, why in runner.reasons.items()},
    }


def _warnings(losses: torch.Tensor, steps: Sequence[int]) -> list[str]:
    """Say which networks fell apart while they were trained."""
    broken = sum(not bool(row[:count].isfinite().all()) for row, count in zip(losses, steps, strict=True))
    return [f"The loss of {broken} of {len(steps)} networks was not finite."] if broken else []
