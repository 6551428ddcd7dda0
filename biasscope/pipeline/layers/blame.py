"""The result "blame": which layer is to blame that answers change with a shift of one pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.errors import InputError, UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar, interval, number
from biasscope.images.picture import ImageSource
from biasscope.pipeline.common.pictures import address, collect, still
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.common.run import why_absent
from biasscope.pipeline.definition import LayersAnalysis
from biasscope.pipeline.layers import plan
from biasscope.pipeline.layers.blame_rows import layer_rows, listed, pair_row
from biasscope.pipeline.layers.culprit import Found, by_chance, finding, most_to_blame, what
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.trace.blame import Blame, LayerBlame, blame

GRID = "0,0;0,1;1,0;1,1"
"""One pixel right, down, and both."""
MOST, SMALL = 16, 64
"""Pictures that are patched, every layer taking a pass for each of their shifts; and the side of pictures so small
that four times as many are."""
SOURCE = "Vig et al., NeurIPS 2020 (activation patching); Azulay & Weiss, JMLR 20(184), 2019"


def blamed(
    items: Sequence[Measurement], source: ImageSource, asked: LayersAnalysis, progress: Progress, absent: list[str]
) -> Result | None:
    """Patch the layers of every model; ``None`` where none is to be, or where none can be: ``absent`` takes why."""
    if not asked.blame:
        return None
    made: list[Found] = []
    notes: list[str] = []
    for item in items:
        with progress.step(f"Patching the layers of {item.label}"):
            try:
                made.append((item, _blame(item, source, asked, progress)))
            except (UsageError, InputError) as error:
                notes.append(f"{item.label} is left out: {error.what.rstrip('.')}.")
    absent += why_absent("blame", made, notes)
    return _result(made, source, asked, notes) if made else None


def _blame(item: Measurement, source: ImageSource, asked: LayersAnalysis, progress: Progress) -> Blame:
    ready = item.subject.model.preprocessing
    shifts = plan.shifts(asked, GRID, preprocessing=ready)
    usual = MOST * 4 if max(ready.size) <= SMALL else MOST
    most = plan.at_most(asked.blame_limit, usual, item.trace.images)
    return blame(
        item.subject.model, source, shifts, between=asked.between, limit=most, seed=asked.seed,
        device=plan.device(asked), label=item.label, progress=progress,
    )  # fmt: skip


def _result(made: Sequence[Found], source: ImageSource, asked: LayersAnalysis, notes: Sequence[str]) -> Result:
    rows = [row for item, found in made for row in layer_rows(item, found)]
    wanted = {pair.image_id for _, found in made for pair in listed(found)}
    pictures = {name: address(still(one)) for name, one in collect(source, wanted).items()}
    pairs = [pair_row(item, found, pair, pictures) for item, found in made for pair in listed(found)]
    first = made[0][1]
    made_tables = [
        tabled("layers", rows, "Blame of every layer that everything passes through", "layer"),
        tabled("pairs", pairs, "Pictures whose answer changed, or changed most, with a shift of one pixel", "pair"),
    ]
    return Result(
        kind="blame",
        finding=finding(made),
        title="Which layer is to blame",
        parameters={
            "protocol": asked.protocol,
            "shifts": GRID,
            "images": first.images,
            "reference": "fixed original",
            "between": asked.between,
        },
        scalars=[one for item, found in made for one in _scalars(item, found)],
        tables=[one for one in made_tables if one.height],
        notes=[
            "A layer's response to the shifted picture is replaced by its moved response to the reference. The share "
            "of the change of the answer's logit that disappears is what all layers up to this one did (cumulative); "
            "its rise over the layer before is the layer's own (effect).",
            *_beyond(made),
            *_fewer(made),
            *notes,
            *_own(made),
        ],
        source=SOURCE,
    )


def _own(made: Sequence[Found]) -> Iterator[str]:
    """What is said of single models, each sentence once."""
    said: dict[str, list[str]] = {}
    for item, found in made:
        for note in found.notes:
            said.setdefault(note, []).append(item.label)
    yield from (f"{', '.join(labels)}: {note}" for note, labels in said.items())


def _beyond(made: Sequence[Found]) -> Iterator[str]:
    """What a blame above the whole means, where there is one."""
    if any((one.blame.value or 0.0) > 1 for _, found in made for one in found.layers):
        yield "Layers behind one with more than 100 % take a part of it back: their blame is below 0."


def _fewer(made: Sequence[Found]) -> Iterator[str]:
    """What is said where layers are patched for fewer pictures than were measured."""
    fewer = [(item, found) for item, found in made if found.images < item.trace.images]
    if fewer:
        item, found = fewer[0]
        yield (
            f"Layers were patched for {found.images} of the {item.trace.images} pictures; --blame-limit takes more "
            "and makes intervals narrower."
        )


def _scalars(item: Measurement, found: Blame) -> Iterator[Scalar]:
    """Most blame and answers that changed; these come first where no blame is told from chance."""
    top = most_to_blame(found)
    told = [] if top is None else [_top(item, top)]
    told.insert(0 if top is not None and by_chance(top) else 1, _flipped(item, found))
    yield from (one for one in told if one.n)


def _top(item: Measurement, top: LayerBlame) -> Scalar:
    chance = " Its interval holds 0." if by_chance(top) and top.blame.low is not None else ""
    return Scalar(
        f"top_blame@{item.label}",
        number(top.blame.value),
        f"Blame of {top.name}, the most of all layers, {item.label}",
        interval(top.blame.low, top.blame.high, method="ratio of sums, t over images"),
        top.blame.n,
        "share",
        description=f"Share of the change of the answer's logit. {what(top)}{chance}",
    )


def _flipped(item: Measurement, found: Blame) -> Scalar:
    flips = sum(pair.answer_before != pair.answer_after for pair in found.pairs)
    share = flips / max(len(found.pairs), 1)
    label = f"Answers changed by shifts of one pixel, {item.label}"
    return Scalar(f"flipped@{item.label}", share, label, None, len(found.pairs), "share")
