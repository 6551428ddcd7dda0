"""The result "structure": how densely every model samples the picture, and what can be expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, number
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.common.run import why_absent
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.trace.structure import LayerStructure, Structure, structure

SOURCE = "Azulay & Weiss, JMLR 20(184), 2019; Araujo et al., Distill 2019"
PAIRS = ("stride", "offset", "ratio", "receptive_field")
Found = tuple[Measurement, Structure]


def structured(items: Sequence[Measurement], progress: Progress, absent: list[str]) -> Result | None:
    """Structure of every model; ``None`` where it is known of none: ``absent`` takes why."""
    made: list[Found] = []
    notes: list[str] = []
    for item in items:
        with progress.step(f"Structure of {item.label}"):
            try:
                made.append((item, structure(item.subject.model, label=item.label)))
            except UsageError as error:
                notes.append(f"{item.label} is left out: {error.what.rstrip('.')}.")
    absent += why_absent("structure", made, notes)
    if not made:
        return None
    rows = [_layer(item, one) for item, found in made for one in found.layers]
    notes += [f"{item.label}: {note}" for item, found in made for note in found.notes]
    tables = [
        tabled("layers", rows, "Structure, layer by layer", "layer"),
        tabled("tails", [_tail(item, found) for item, found in made], "How the maps become an answer", "model"),
    ]
    return Result(
        kind="structure",
        finding=finding(made),
        title="Structure",
        tables=[one for one in tables if one.height],
        notes=list(dict.fromkeys(notes)),
        source=SOURCE,
    )


def finding(made: Sequence[Found]) -> str:
    """Sentence on the first model, and on the others that read their last map in another way."""
    first = made[0][1]
    said = f"{made[0][0].label}: {first.statement}"
    others = [item.label for item, found in made[1:] if found.tail.kind != first.tail.kind]
    return f"{said} Another tail: {', '.join(others)}." if others else said


def _layer(item: Measurement, one: LayerStructure) -> Mapping[str, Any]:
    plain = one.columns()
    axes = {f"{name}_{axis}": number(plain[f"{name}_{axis}"]) for name in PAIRS for axis in "yx"}
    return {
        "model": item.label,
        **{name: plain[name] for name in ("layer", "kind", "depth", "height", "width")},
        **axes,
        "gridding": number(one.gridding),
        "invariant_share": number(one.invariant_share),
        "subsampling": one.subsampling,
        "method": one.method,
    }


def _tail(item: Measurement, found: Structure) -> Mapping[str, Any]:
    return {
        "model": item.label,
        "tail": found.tail.kind or None,
        "swap_error": number(found.tail.swap_error),
        "stride_product": number(found.stride_product),
        "size_ratio": number(found.size_ratio),
        "statement": found.statement,
        "height": found.last.height if found.last else None,
        "width": found.last.width if found.last else None,
        "invariant_share": number(found.invariant_share),
    }
