"""The one way to the equivariance of explanations: `attribution_equivariance`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.core.words import counted
from biasscope.models import Preprocessing, squashed
from biasscope.models.binary import NOTE
from biasscope.models.borrow import same_draws
from biasscope.trace.attribution.compare import compared, explainer
from biasscope.trace.attribution.measures import MAP_MEASURES
from biasscope.trace.attribution.methods import METHODS
from biasscope.trace.attribution.result import AttributionEquivariance, MethodMeasured, SampleMaps
from biasscope.trace.blame.answers import given
from biasscope.trace.blame.gradient import check_gradient
from biasscope.trace.blame.pairs import Block, Model, Opened, open_pairs
from biasscope.trace.blame.trunk import trunk
from biasscope.trace.estimate import NOTHING, ImageMeans
from biasscope.trace.probe import DRAWS, Probe, as_found, looked_at


def attribution_equivariance(
    model: Model,
    images: Any,
    shifts: Any = None,
    *,
    methods: Sequence[str] = ("gradcam", "saliency", "integrated_gradients"),
    layer: str | None = None,
    share: float = 0.1,
    samples: int = 2,
    batch: int = 16,
    limit: int | None = 8,
    seed: int = 0,
    device: str | None = None,
    preprocessing: Preprocessing | None = None,
    label: str | None = None,
    progress: Progress | None = None,
) -> AttributionEquivariance:
    """Compare the explanation of a shifted picture, moved back, with that of the picture.

    Parameters
    ----------
    model, images, shifts, seed, device, preprocessing, label, progress
        As in `biasscope.trace.blame.blame`.
    methods
        Names in `METHODS`.
    layer
        Module for Grad-CAM; by default the last one with more than one position that everything passes through. Where
        there is none the other methods are used alone.
    share
        Of the pixels that count as largest in the IoU.
    samples
        For how many pictures the maps of the first shift are kept.
    batch
        Most pictures a pass.
    limit
        Most images; integrated gradients take about 26 forward passes a picture.

    Returns
    -------
        Cosine, relative L2, drift of the centre of mass (pixels) and IoU of the largest values, with intervals over
        images; an image counts with its mean over the shifts.

    Notes
    -----
    Both explanations are of the answer to the reference. Where shifts are not circular only the pixels that both
    pictures show are compared. Maps that are 0 everywhere have no cosine and no centre; they are left out.

    Raises
    ------
    UsageError
        A method or layer is not known, or the network gives no (N, classes), or no finite ones.
    InputError
        There is no picture.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Conv2d(4, 3, 1),
    ...                     nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> found = attribution_equivariance(net, torch.rand(2, 1, 8, 8), (0, 3), methods=["saliency"])
    >>> round(found["saliency", "cosine"].value, 4), round(found["saliency", "drift"].value, 4)
    (1.0, 0.0)
    """
    chosen = {name: METHODS.load(name) for name in ([methods] if isinstance(methods, str) else methods)}
    if not 0 < share < 1 or not chosen or batch < 1:
        raise UsageError(f"share={share!r}, methods={methods!r}, batch={batch!r} cannot be used together or at all")
    opened = open_pairs(model, images, shifts, limit=limit, seed=seed, preprocessing=preprocessing, label=label)
    kept: dict[tuple[str, str], ImageMeans] = {}
    shown: list[SampleMaps] = []
    count, target = 0, ""
    notes: tuple[str, ...] = ()
    scores: list[Tensor] = []
    with as_found(opened.module, device), (progress or Progress()).bar("explaining", None) as advance:
        for block in opened.blocks(1):
            with same_draws(count):
                if not count:
                    probed = looked_at(opened.module, block.reference)
                    outputs = check_gradient(opened.module, block.reference)
                    target = layer or _last(opened.module, block.reference, probed)
                    chosen, notes = _possible(chosen, target)
                    notes = (*_told(probed, outputs), *notes)
                    spot = _module(opened.module, target)
                scores.append(given(opened.module, block.reference))
                finite = bool(scores[-1].amax(1).isfinite().all())
                for method, attribute in chosen.items() if finite else ():
                    explain = explainer(opened.module, attribute, spot, batch)
                    values, maps = compared(opened, block, explain, share)
                    for name, value in values.items():
                        kept.setdefault((method, name), ImageMeans(*MAP_MEASURES[name].bounds)).add(value)
                    if count < samples:
                        shown.append(_sample(opened, block, method, maps))
            count += 1
            advance(1)
    notes = (*_warned(torch.cat(scores), opened.label), *notes)
    return AttributionEquivariance(
        tuple(_measured(*key, means) for key, means in kept.items()), tuple(shown), target, opened.label,
        opened.transformation.name, count, {**opened.transformation.parameters, "share": share, "layer": target},
        tuple(opened.pictures.problems), notes,
    )  # fmt: skip


def _warned(scores: Tensor, label: str) -> Iterator[str]:
    """What is said of class scores (N, outputs) that are no numbers, or no scores.

    Raises
    ------
    UsageError
        There is no picture with a finite answer.
    """
    infinite = int((~scores.amax(1).isfinite()).sum())
    if infinite == len(scores):
        raise UsageError("the network's answers are not finite numbers (NaN or infinite)", where=label)
    if infinite:
        yield f"{counted(infinite, 'picture')} left out, whose answers are not finite numbers (NaN or infinite)"
    if wrong := squashed.traced(scores, "the network"):
        yield wrong.rstrip(".")


def _told(probed: Probe, outputs: int) -> Iterator[str]:
    """What is said of a network that draws random numbers, or gives one number a picture."""
    if probed.draws:
        yield DRAWS.format(probed.draws)
    if outputs == 1:
        yield NOTE.format("the network").rstrip(".")


def _possible(chosen: Mapping[str, Any], target: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Methods that can be used, and what is said of the others: without a layer there is no Grad-CAM."""
    left = {name: method for name, method in chosen.items() if target or not METHODS[name].facts["layer"]}
    if left == dict(chosen):
        return left, ()
    what = "no module of this network that runs once gives maps that everything passes through"
    if not left:
        raise UsageError(f"{what}: there is none for Grad-CAM", hint="Name one: layer='features'.")
    return left, (f"{what}, so there is no Grad-CAM",)


def _last(model: nn.Module, example: Tensor, probed: Probe) -> str:
    """Name of the last module of maps with more than one position that runs once and that everything passes through.

    Empty if there is none.
    """
    calls = [row.place.name for row in probed.seen if row.place.item == 0]
    passed = [one.layer for one in trunk(model, example, probed)]
    names = [
        layer.place.name
        for layer in passed
        if max(layer.size) > 1 and layer.stride is not None and calls.count(layer.place.name) == 1
    ]
    return names[-1] if names else ""


def _module(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError as error:
        raise UsageError(f"the network has no module {name!r}", hint="Names are those of named_modules().") from error


def _sample(opened: Opened, block: Block, method: str, maps: tuple[Tensor, Tensor, Tensor]) -> SampleMaps:
    dy, dx = opened.offsets[0]
    reference, shifted, back = maps[0].cpu(), maps[1][0].cpu(), maps[2][0].cpu()
    pictures = block.reference[0].cpu(), block.shifted[0, 0].cpu()
    return SampleMaps(block.ids[0], method, dy, dx, *pictures, reference, shifted, back)


def _measured(method: str, name: str, means: ImageMeans) -> MethodMeasured:
    found = next(iter(means.estimates()), NOTHING)
    measure = MAP_MEASURES[name]
    return MethodMeasured(method, name, measure.title, *found, measure.better, measure.unit)
