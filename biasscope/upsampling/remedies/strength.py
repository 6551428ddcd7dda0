"""How strong the pattern of one model is, and what the model costs."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from biasscope.upsampling.analysis import Analysis, analyse
from biasscope.upsampling.highest import Frequency
from biasscope.upsampling.interval import NONE, Interval
from biasscope.upsampling.lent import repeating
from biasscope.upsampling.remedies.change import Look
from biasscope.upsampling.watch import OUTPUT


@dataclass(frozen=True)
class Strength:
    """How strong the pattern of one model is, and what the model costs.

    Attributes
    ----------
    overlap, backward_overlap
        Most by least writes of the whole stack, forward and of the gradients of the strided layers; ``None`` where
        there are holes or no such layers.
    score
        Largest DC score of a layer with weights; ``None`` where there is none.
    step
        Largest relative ripple on constant pictures.
    eta_squared, p
        Phase ANOVA of the output on the pictures.
    decibels
        Mean peak at the stride frequencies of the output, and its 95 % interval.
    highest
        Stride frequency of the output that stands out most certainly by itself, which the mean may hide; ``None`` where
        there is none.
    gradient
        Most by least gradient energy of a phase.
    parameters, operations
        Number of parameters; multiplications and additions of one picture.
    seconds
        Processor time of one picture, median of three batches.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import compare
    >>> up = torch.nn.Sequential(torch.nn.ConvTranspose2d(1, 1, 3, 2))
    >>> rows = compare(up, torch.rand(2, 1, 24, 24), ["hold"])
    >>> rows[0].strength.overlap, rows[0].strength.parameters
    (4.0, 10)
    """

    overlap: float | None
    backward_overlap: float | None
    score: float | None
    step: float | None
    eta_squared: float | None
    p: float | None
    decibels: Interval
    highest: Frequency | None
    gradient: float | None
    parameters: int
    operations: int
    seconds: float


def strength_now(model: nn.Module, pictures: Tensor, seed: int, look: Look) -> Strength:
    """Strength of the pattern of a model on pictures, by an analysis with few draws."""
    found = analyse(model, pictures, draws=99, heads=2, seed=seed, **asdict(look))
    return strength_of(model, found, pictures, look.batch)


def strength_of(model: nn.Module, found: Analysis, pictures: Tensor, batch: int = 16) -> Strength:
    """Strength of the pattern from an analysis, and the cost of the model on the first picture.

    Examples
    --------
    >>> up, x = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2)), torch.rand(2, 1, 16, 16)
    >>> found = strength_of(up, analyse(up, x), x)
    >>> found.overlap, found.parameters
    (4.0, 10)
    """
    output = next((layer for layer in found.patterns if layer.name == OUTPUT), None)
    scores = [layer.score for layer in found.weights if layer.score is not None and layer.gains is not None]
    tested, peaks = (output.anova, output.peaks) if output is not None else (None, None)
    return Strength(
        overlap=found.structure.composed[-1].ratio if found.structure.composed else None,
        backward_overlap=found.structure.backward_strided.ratio if found.structure.backward_strided else None,
        score=max(scores, default=None),
        step=float(found.response.relative.max()) if found.response is not None else None,
        eta_squared=tested.eta_squared if tested is not None else None,
        p=tested.p if tested is not None else None,
        decibels=peaks.mean if peaks is not None else NONE,
        highest=output.highest if output is not None else None,
        gradient=found.gradients.ratio if found.gradients is not None else None,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        operations=_operations(model, pictures[:1]),
        seconds=_seconds(model, pictures[: min(batch, 8)]),
    )


def _operations(model: nn.Module, picture: Tensor) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with repeating(model), torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(picture)
    return int(counter.get_total_flops())


def _seconds(model: nn.Module, pictures: Tensor, rounds: int = 3) -> float:
    times = []
    with repeating(model), torch.no_grad():
        for _ in range(rounds):
            start = time.process_time()
            model(pictures)
            times.append((time.process_time() - start) / len(pictures))
    return sorted(times)[rounds // 2]
