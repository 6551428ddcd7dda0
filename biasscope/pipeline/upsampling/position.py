"""The result "coverage": how many phases random crops cover, how densely layers sample, and what phases do to maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from biasscope.copies.coverage import crop_coverage, expected_coverage
from biasscope.copies.delivered import transform_coverage
from biasscope.core.errors import BiasscopeError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, number
from biasscope.images.picture import ImageSource
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.pipeline.upsampling.context import context
from biasscope.pipeline.upsampling.knee import NET, SEEDS, WIDEST, knee
from biasscope.pipeline.upsampling.measurement import Measurement, axes
from biasscope.pipeline.upsampling.tables import full
from biasscope.trace import trace
from biasscope.trace.structure import structure
from biasscope.transforms import make

COPIES = (1, 4, 16, 64, 256, 1024, 4096)
SIMULATED, REPETITIONS = 64, 3
PHASES, IMAGES, MANY, SMALL = 4, 8, 32, 128
"""Phases along an axis, pictures, and more of them up to this side."""
SOURCE = "Azulay & Weiss, JMLR 20(184), 2019"
Cells = Mapping[str, Any]
Strides = tuple[int, int]


def coverage(
    items: Sequence[Measurement], source: ImageSource | None, asked: UpsamplingAnalysis, progress: Progress
) -> Result | None:
    """Coverage, sampling and phases of models that subsample pictures; ``None`` where there is none."""
    known = [item for item in items if item.pictures and max(strides(item)) > 1]
    if not known or not asked.position:
        return None
    notes = ["Coverage: share of the phases of the stride product that random crops have shown."]
    shown = knee(asked.padding, asked.seed, progress) if wanted(asked) else None
    notes.append(
        f"Inside and outside: {SEEDS} networks of {NET}, trained on centred digits with all shifts of the range along "
        "both axes (circular), asked along one axis; the question of augmentation measures this for networks and "
        "pictures of one's own."
        if shown is not None
        else f"Accuracy inside and outside of the covered range: a padding of 1 to {WIDEST} leaves room for both."
        if wanted(asked)
        else "Accuracy inside and outside of the covered range: ask for knee, or see the question of augmentation."
    )
    with progress.step("Position: coverage, sampling, phases"):
        same: dict[tuple[Strides, int], list[Measurement]] = {}
        for item in known:
            same.setdefault((strides(item), int(item.inputs.shape[-1])), []).append(item)
        rows = [row for few in same.values() for row in covered(few, asked)]
        layers = [row for item in known for row in sampled(item, notes)]
        phases = [row for item in known for row in varied(item, source, asked, notes)]
    return Result(
        kind="coverage",
        finding=" ".join([finding(known[0], asked), *([shown.finding] if shown is not None else [])]),
        title="Position",
        parameters={"transform": f"RandomCrop, padding {asked.padding}", "seed": asked.seed},
        scalars=list(shown.scalars()) if shown is not None else [],
        tables=full(
            *([shown.table] if shown is not None else []),
            tabled("coverage", rows, "Phases that random crops cover", "row"),
            tabled("sampling", layers, "How densely layers sample", "layer"),
            tabled("context", list(context(asked.seed)), "Strided against dilated at the same context", "way"),
            tabled("phases", phases, "Variation over phases by variation over pictures", "layer"),
        ),
        notes=list(dict.fromkeys(notes)),
        source=SOURCE,
    )


def wanted(asked: UpsamplingAnalysis) -> bool:
    """Whether small networks are trained for the knee: as asked, else beside the embedded models only."""
    return not asked.model if asked.knee is None else asked.knee


def strides(item: Measurement) -> Strides:
    """Products of strides along both axes; 1 where nothing subsamples maps."""
    found = item.found.structure.backward_strided
    return (found.period[0], found.period[1]) if found is not None and len(found.period) == 2 else (1, 1)


def finding(item: Measurement, asked: UpsamplingAnalysis) -> str:
    """How much of the phases crops can cover."""
    steps, side = strides(item), item.inputs.shape[-1]
    share = crop_coverage(10**9, side + 2 * asked.padding, side, steps)
    offsets = 2 * asked.padding + 1
    told = axes(steps) if steps[0] != steps[1] else steps[0]
    return (
        f"Random crops with a padding of {asked.padding} have {offsets} offsets along an axis and cover at most "
        f"{percent(share)} of the {prod(steps):,} phases of {item.label} (stride product {told})."
    )


def covered(items: Sequence[Measurement], asked: UpsamplingAnalysis) -> Iterator[Cells]:
    """Closed form for several numbers of copies, and what torchvision's transform delivers; of models alike."""
    from torchvision.transforms import v2

    steps, side = strides(items[0]), int(items[0].inputs.shape[-1])
    crop = v2.RandomCrop(side, padding=asked.padding)
    seen = transform_coverage(crop, (side, side), steps, epochs=SIMULATED, repetitions=REPETITIONS, seed=asked.seed)
    delivered = dict(zip(seen.epochs.tolist(), seen.share.tolist(), strict=True))
    for copies in COPIES:
        yield {
            "model": items[0].label if len(items) == 1 else f"{items[0].label} and {len(items) - 1} alike",
            "stride": max(steps),
            "phases": prod(steps),
            "copies": copies,
            "crop": crop_coverage(copies, side + 2 * asked.padding, side, steps),
            "delivered": number(delivered.get(copies)),
            "any_phase": expected_coverage(copies, prod(steps)),
        }


def sampled(item: Measurement, notes: list[str]) -> Iterator[Cells]:
    """Layers that subsample and the last, with the share of pixels that they do not see; the tail."""
    try:
        found = structure(item.subject.model, label=item.label)
    except BiasscopeError as error:
        notes.append(f"{item.label} has no structure: {error.what}.")
        return
    shown = [one for one in found.layers if one.subsampling or one is found.last or (one.gridding or 0) > 0]
    for one in shown:
        yield {
            "model": item.label,
            "layer": one.name,
            "stride": None if one.stride is None else number(one.stride[0]),
            "receptive_field": None if one.receptive_field is None else one.receptive_field[0],
            "seen": number(one.seen),
            "tail": found.tail.kind or None,
            "swap_error": number(found.tail.swap_error),
        }


def varied(
    item: Measurement, source: ImageSource | None, asked: UpsamplingAnalysis, notes: list[str]
) -> Iterator[Cells]:
    """Variance over phases by variance over pictures at every layer, on a lattice of at most 4 x 4 phases."""
    if source is None:
        return
    small = item.inputs.shape[-1] <= SMALL
    along = [[round(place * step / min(step, PHASES)) for place in range(min(step, PHASES))] for step in strides(item)]
    grid = ";".join(f"{y},{x}" for y, x in product(*along))
    try:
        moved = make("circular", grid=grid, seed=asked.seed)
        found = trace(
            item.subject.model, source, moved, measures=["phase_variance"], limit=MANY if small else IMAGES,
            batch=asked.batch, seed=asked.seed, label=item.label,
        )  # fmt: skip
    except BiasscopeError as error:
        notes.append(f"{item.label} cannot be traced: {error.what}.")
        return
    for layer in found.layers:
        one = layer.measures.get("phase_variance")
        if one is None or number(one.value) is None:
            continue
        yield {
            "model": item.label,
            "layer": layer.name,
            "kind": layer.kind,
            "depth": layer.depth,
            "subsampling": layer.subsampling,
            "value": number(one.value),
            "value_low": number(one.low),
            "value_high": number(one.high),
            "n": one.n,
        }
