"""Remedies side by side on one model: pattern before and after, change of the output, cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from biasscope.core.progress import Progress
from biasscope.core.randomness import generator
from biasscope.upsampling.analysis import Analysis, analyse
from biasscope.upsampling.interval import NONE, Interval, interval
from biasscope.upsampling.passage import Refused, answer
from biasscope.upsampling.record import evaluating
from biasscope.upsampling.remedies.registry import REMEDIES
from biasscope.upsampling.remedies.sites import Change
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
    gradient: float | None
    parameters: int
    operations: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """One remedy.

    Attributes
    ----------
    name, title
        As registered; ``""`` and ``as it is`` for the model itself.
    trained
        Whether weights were kept, so that the output means something.
    changes, skipped
        What was done, and layers that were left.
    strength
        Pattern and cost afterwards; ``None`` where `reason` says why not.
    change
        Root mean square change of the output by the root mean square of the output, mean over pictures and 95 %
        interval.
    shown
        Outputs for the first pictures, (n, C, ...).
    reason
        Why the remedy could not be used.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import compare
    >>> up = torch.nn.Sequential(torch.nn.ConvTranspose2d(1, 1, 3, 2))
    >>> rows = compare(up, torch.rand(2, 1, 24, 24), ["hold"])
    >>> rows[1].name, rows[1].trained, rows[1].reason
    ('hold', True, '')
    """

    name: str
    title: str
    trained: bool
    changes: tuple[Change, ...]
    skipped: tuple[Refused, ...]
    strength: Strength | None
    change: Interval
    shown: Tensor | None
    reason: str = ""


def compare(
    model: nn.Module,
    pictures: Tensor,
    remedies: Sequence[str] | None = None,
    *,
    shown: int = 4,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Row, ...]:
    """Try remedies on copies of a model.

    Parameters
    ----------
    model
        From (N, C, ...) to maps.
    pictures
        Prepared as the model wants them, (N, C, ...).
    remedies
        Names in `REMEDIES`; all if not given.
    shown
        Pictures whose outputs are kept.
    seed
        Of what is drawn, weights that are drawn anew included.
    progress
        Is told what happens.

    Returns
    -------
        The model as it is, then every remedy, those that do not apply with their reason.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> rows = compare(nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2)), torch.rand(4, 1, 24, 24), ["hold", "icnr"])
    >>> [(row.name, row.strength and row.strength.step, row.reason) for row in rows][1:]
    [('hold', 0.0, ''), ('icnr', None, 'ICNR is for convolutions in front of a pixel shuffle')]
    """
    told = progress or Progress()
    names = list(REMEDIES) if remedies is None else list(remedies)
    makers = {name: REMEDIES.load(name) for name in names}
    before = outputs(model, pictures)
    first = Row("", "as it is", True, (), (), _strength(model, pictures, seed), NONE, _shown(before, shown))
    tried = told.count(names, "trying remedies")
    return (first, *(_row(name, makers[name], model, pictures, before, shown, seed) for name in tried))


def _row(
    name: str, make: object, model: nn.Module, pictures: Tensor, before: Tensor | None, shown: int, seed: int
) -> Row:
    facts = REMEDIES[name].facts
    assert callable(make)  # noqa: S101
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "remedy", name).integers(2**31)))
            done = make(model, pictures[:1], **facts["options"])
        if not done.changes:
            reason = "; ".join(dict.fromkeys(row.reason for row in done.skipped)) or "there is nothing to replace"
            return Row(name, facts["title"], facts["trained"], (), done.skipped, None, NONE, None, reason)
        after = outputs(done.model, pictures)
        strength = _strength(done.model, pictures, seed)
    except Exception as error:  # any model's forward may refuse what it does not know
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return Row(name, facts["title"], facts["trained"], (), (), None, NONE, None, reason)
    return Row(
        name, facts["title"], facts["trained"], done.changes, done.skipped, strength, changed(before, after),
        _shown(after, shown),
    )  # fmt: skip


def outputs(model: nn.Module, pictures: Tensor, batch: int = 16) -> Tensor | None:
    """What a model gives for pictures; ``None`` where that is no tensor."""
    with evaluating(model), torch.no_grad():
        parts = [answer(model(part)) for part in torch.split(pictures, batch)]
    return None if any(part is None for part in parts) else torch.cat([part for part in parts if part is not None])


def _shown(outputs: Tensor | None, count: int) -> Tensor | None:
    return None if outputs is None else outputs[:count].cpu()


def changed(before: Tensor | None, after: Tensor | None) -> Interval:
    """Root mean square difference by the root mean square before, mean over pictures and 95 % interval."""
    if before is None or after is None or before.shape != after.shape:
        return NONE
    moved = (after - before).double().flatten(1).square().mean(1).sqrt()
    size = before.double().flatten(1).square().mean(1).sqrt().clamp_min(1e-30)
    return interval((moved / size).cpu().numpy())


def _strength(model: nn.Module, pictures: Tensor, seed: int) -> Strength:
    found = analyse(model, pictures, draws=99, heads=2, seed=seed)
    return strength_of(model, found, pictures)


def strength_of(model: nn.Module, found: Analysis, pictures: Tensor) -> Strength:
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
        gradient=found.gradients.ratio if found.gradients is not None else None,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        operations=_operations(model, pictures[:1]),
        seconds=_seconds(model, pictures[:8]),
    )


def _operations(model: nn.Module, picture: Tensor) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with evaluating(model), torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(picture)
    return int(counter.get_total_flops())


def _seconds(model: nn.Module, pictures: Tensor, rounds: int = 3) -> float:
    times = []
    with evaluating(model), torch.no_grad():
        for _ in range(rounds):
            start = time.process_time()
            model(pictures)
            times.append((time.process_time() - start) / len(pictures))
    return sorted(times)[rounds // 2]
