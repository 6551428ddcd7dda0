"""Rows of the result "blame": the blame of every layer, and the pairs of pictures that are listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from biasscope.core.results import number
from biasscope.models.binary import names_of
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.trace.blame import Blame, Pair

PAIRS = 6
"""Pairs that are listed for a model: those whose answer changed, then those whose logit changed most."""
LEAST = 1e-4
"""Changes of a logit that may be rounding."""


def layer_rows(item: Measurement, found: Blame) -> Iterator[Mapping[str, Any]]:
    """Blame of every layer of a model, its own where it can be told from that of the layers before."""
    before = 0.0
    for one in found.layers:
        own = number(one.first_order.value)
        alone = one.complete and not one.gathered  # otherwise its rise is not its own
        blame_of = (one.blame.value, one.blame.low, one.blame.high) if alone else (None, None, None)
        yield {
            "model": item.label,
            "layer": one.name,
            "depth": one.depth,
            "kind": one.kind,
            "subsampling": one.subsampling,
            **dict(zip(("effect", "low", "high"), map(number, blame_of), strict=True)),
            "n": one.blame.n,
            "first_order": own - before if own is not None and alone else None,
            "gathered": one.gathered,
            "rank": one.rank,
            "cumulative": number(one.effect.value),
            "cumulative_low": number(one.effect.low),
            "cumulative_high": number(one.effect.high),
            "cumulative_first_order": own,
            "restored": number(one.restored.value),
            "complete": one.complete,
            "exact": one.exact,
        }
        before = own if own is not None and one.complete else before


def listed(found: Blame) -> list[Pair]:
    """Pairs that changed their answer, each picture once, then those whose logit changed most."""
    order = sorted(found.pairs, key=lambda pair: (pair.answer_before == pair.answer_after, -abs(pair.change)))
    kept: dict[str, Pair] = {}
    for pair in order:
        if abs(pair.change) > LEAST:
            kept.setdefault(pair.image_id, pair)
    return list(kept.values())[:PAIRS]


def pair_row(item: Measurement, found: Blame, pair: Pair, pictures: Mapping[str, str]) -> Mapping[str, Any]:
    """What one pair of pictures was answered, and how much the logit of the answer changed."""
    names = names_of(item.subject.model.class_names, found.outputs)
    before, after = (
        names[answer] if names and answer < len(names) else str(answer)
        for answer in (pair.answer_before, pair.answer_after)
    )
    return {
        "model": item.label,
        "image_id": pair.image_id,
        "dy": pair.dy,
        "dx": pair.dx,
        "answer_before": before,
        "answer_after": after,
        "change": number(pair.change),
        "probability_change": number(pair.probability_change),
        "picture": pictures.get(pair.image_id),
    }
