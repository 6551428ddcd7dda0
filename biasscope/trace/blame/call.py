"""The one way to blame: `blame`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.models import Preprocessing
from biasscope.models.borrow import same_draws
from biasscope.trace.blame.assemble import assembled
from biasscope.trace.blame.engine import Answers, Patching
from biasscope.trace.blame.moving import Between
from biasscope.trace.blame.pairs import Model, Opened, open_pairs
from biasscope.trace.blame.result import Blame
from biasscope.trace.blame.trunk import Selection, selection
from biasscope.trace.places import Selectors, layers_of
from biasscope.trace.probe import as_found, looked_at


def blame(
    model: Model,
    images: Any,
    shifts: Any = None,
    *,
    layers: Selectors = "trunk",
    between: Between = "fourier",
    first_order: bool = True,
    batch: int = 32,
    limit: int | None = None,
    seed: int = 0,
    device: str | None = None,
    preprocessing: Preprocessing | None = None,
    label: str | None = None,
    progress: Progress | None = None,
) -> Blame:
    """Find the layer that is to blame that a network's answer changes with a shift: activation patching.

    Every layer's response to the shifted picture is replaced, one layer at a time, by its response to the reference
    moved by the shift: what it would give were everything up to here shiftable. The share of the change of the target's
    logit that disappears is the layer's effect; its rise from one layer to the next is the blame.

    Parameters
    ----------
    model
        A specification, a `LoadedModel`, or any ``nn.Module`` from (N, C, H, W) to (N, classes), alone or
        named ``logits`` in what it returns. It is left as it was. One number a picture is the logit of answer 1 beside
        0 for answer 0.
    images
        As `biasscope.trace` takes them.
    shifts
        The same; also one pair (dy, dx). One pixel down, right and both, circular, if not given. The reference (0, 0)
        is added to pairs that lack it.
    layers
        ``"trunk"``: every module that everything passes through, blocks instead of the layers inside their branches,
        and the layers in branches that are no part of such a block; or what `biasscope.trace` takes.
    between
        How maps move by fractions of a position: ``"fourier"``, or rounded to the ``"nearest"`` position.
    first_order
        Whether the gradient's guess is given too, for about two more passes.
    batch
        Most pictures a pass.
    limit, seed, device, preprocessing, label, progress
        As in `biasscope.trace`.

    Returns
    -------
        Layers with effect and blame, intervals over images, and every pair.

    Notes
    -----
    The target is the network's own answer to the reference. Effects are ratios of sums, so that pairs that hardly
    changed do not count; pairs that changed by no more than rounding are left out, and where none changed the effect is
    undefined. Whole positions are rolled; fractions move in the Fourier domain. Under these a non-linearity is not
    equivariant, because it aliases sub-pixel shifts itself: with ``between="fourier"`` a ReLU behind an aliased layer
    gets blame of its own, often below 0, for what it does there. With ``"nearest"`` one aliased layer gets all of it. A
    layer in which branches end gathers what they did, so it has no rank (``gathered``). A function that ``forward``
    calls between modules counts to the next module. Where shifts are not circular, what the moved response does not
    cover stays the layer's own. Behind a global pool the response is simply replaced. Memory: the responses of all
    layers to ``batch`` pictures divided by the number of shifts.

    References
    ----------
    Vig et al., NeurIPS 2020 (causal mediation by replacing responses); Azulay and Weiss, JMLR 20(184), 2019
    (shiftability); ``LayerFeatureAblation`` and ``LayerGradientXActivation`` of captum give the same numbers, one layer
    at a time.

    Raises
    ------
    UsageError
        There is no shift, no layer, a layer that cannot be patched, no gradient of the answer by the picture (it tells
        where branches are), or the network gives no (N, classes), or no finite ones.
    InputError
        There is no picture.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(
    ...     nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.MaxPool2d(2),
    ...     nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    >>> found = blame(net, torch.rand(4, 1, 8, 8), (0, 1))
    >>> found.ranking[0].name, [round(abs(layer.blame.value), 3) for layer in found.layers]
    ('2', [0.0, 0.0, 1.0, 0.0])
    """
    if between not in ("fourier", "nearest") or batch < 1:
        raise UsageError(f"between={between!r}, batch={batch!r} cannot be used", hint="between: fourier or nearest.")
    opened = open_pairs(model, images, shifts, limit=limit, seed=seed, preprocessing=preprocessing, label=label)
    with as_found(opened.module, device):
        chosen, ids, answers = _run(opened, layers, between, first_order, batch, progress or Progress())
    return assembled(opened, chosen, ids, answers, between)


def _run(
    opened: Opened, layers: Selectors, between: Between, first_order: bool, batch: int, progress: Progress
) -> tuple[Selection, list[str], list[Answers]]:
    offsets = opened.offsets
    ids: list[str] = []
    answers: list[Answers] = []
    patching: Patching | None = None
    made = Selection([], ())
    with progress.bar("patching layers", None) as advance:
        for block in opened.blocks(max(batch // len(offsets), 1)):
            with same_draws(len(ids)):
                if patching is None:
                    made = _selection(opened, block.reference[:1], layers)
                    patching = Patching(
                        opened.module, [one.layer for one in made.chosen], wraps=opened.plan.wraps, between=between,
                        first_order=first_order, batch=batch, outputs=made.outputs,
                    )  # fmt: skip
                answers.append(patching.run(block, offsets))
            ids += block.ids
            advance(len(block.ids))
    return made, ids, answers


def _selection(opened: Opened, example: Tensor, layers: Selectors) -> Selection:
    probed = looked_at(opened.module, example)
    return selection(opened.module, example, probed, None if layers == "trunk" else layers_of(probed, layers))
