"""Which layer is to blame, in words."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.core.words import counted
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.trace.blame import Blame, LayerBlame

Found = tuple[Measurement, Blame]


def what(layer: LayerBlame) -> str:
    """Kind of a layer, and whether it subsamples."""
    return f"{layer.kind}, which subsamples." if layer.subsampling else f"{layer.kind}, which does not subsample."


def finding(made: Sequence[Found]) -> str:
    """Layer that is most to blame in the first model, and how often the others agree that it subsamples."""
    item, found = made[0]
    top, gathered = most_to_blame(found), _gathered(found)
    if gathered is not None and (top is None or (gathered.blame.value or 0) > (top.blame.value or 0)):
        lost = percent(gathered.blame.value, 0)
        where = f"up to {gathered.name}, where branches end: which of them is to blame cannot be told"
        return f"One-pixel shifts change the logits of {item.label}: {lost} of that happens {where}."
    flips = sum(pair.answer_before != pair.answer_after for pair in found.pairs)
    changed = f"One-pixel shifts change {flips} of {len(found.pairs)} answers of {item.label}"
    if top is None and flips:
        return f"{changed}, but not the logit of the answer to the picture itself, so no layer is to blame."
    if top is None:
        return f"One-pixel shifts change nothing in {item.label} by more than rounding, so no layer is to blame."
    does = "subsamples" if top.subsampling else "does not subsample"
    share = f"{_share(top)} of the change of the logit"
    if not by_chance(top):
        return f"{changed}; most to blame is {top.name} ({top.kind}, which {does}) with {share}."
    pictures = counted(found.images, "picture")
    if not found.ranking:
        return f"{changed}; no layer's blame is told from chance with {pictures} (the most has {top.name}, {share})."
    first = found.ranking[0]
    return (
        f"{changed}; the most blame, {share}, has {top.name}, which is not told from chance with {pictures}; of the "
        f"layers whose blame is, {first.name} has the most, {_share(first)}."
    )


def _share(layer: LayerBlame) -> str:
    """Blame of a layer with its interval."""
    ends = "" if layer.blame.low is None or layer.blame.high is None else _ends(layer.blame.low, layer.blame.high)
    return f"{percent(round(layer.blame.value or 0.0, 4), 0)}{ends}"


def most_to_blame(found: Blame) -> LayerBlame | None:
    """Layer with the largest blame of its own, told from chance or not."""
    known = [layer for layer in found.layers if layer.complete and not layer.gathered and layer.blame.value is not None]
    return max(known, key=lambda one: one.blame.value or 0.0, default=None)


def _gathered(found: Blame) -> LayerBlame | None:
    """Layer at which branches end and that stands for all before it, if there is one."""
    return next((layer for layer in found.layers if layer.gathered and layer.blame.value is not None), None)


def by_chance(layer: LayerBlame) -> bool:
    """Whether the interval of a layer's blame holds zero, or there is none."""
    return layer.blame.low is None or layer.blame.high is None or layer.blame.low <= 0


def _ends(low: float, high: float) -> str:
    return f" ({low * 100:.0f} to {high * 100:.0f})"
