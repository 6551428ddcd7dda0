"""The result "layers": all models, every layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Cell, Result, Scalar, interval, number
from biasscope.images.picture import Picture
from biasscope.pipeline.definition import LayersAnalysis
from biasscope.pipeline.layers import tables, words
from biasscope.pipeline.layers.differences import difference_table, differences
from biasscope.pipeline.layers.guidance import guided
from biasscope.pipeline.layers.jumps import MEASURES, jump_table, largest
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.pipeline.layers.moving import moving_table
from biasscope.trace.structure.passed import chooses_phase

SOURCE = "Azulay & Weiss, JMLR 20(184), 2019; Zhang, ICML 2019"
METHOD = "t over images"


def result(items: Sequence[Measurement], asked: LayersAnalysis, pictures: Sequence[Picture]) -> Result:
    """Everything that was measured at the layers."""
    made = [
        tables.layer_table(items),
        tables.measure_table(items),
        jump_table(items),
        difference_table(differences(items)),
        tables.lattice_table(items),
        tables.sum_table(items),
        moving_table(items, pictures),
    ]
    return Result(
        kind="layers",
        finding=" ".join(words.lost(items)),
        title="Layer by layer",
        parameters=parameters(items, asked),
        scalars=list(scalars(items)),
        tables=[item for item in made if item.height],
        notes=[*notes(items, asked), *guided(items, pictures)],
        source=SOURCE,
    )


def parameters(items: Sequence[Measurement], asked: LayersAnalysis) -> dict[str, Cell]:
    """Everything that decides the numbers; where models differ, that of the first."""
    first = items[0]
    height, width = first.subject.model.preprocessing.size
    made = {name: value for name, value in first.transformation.parameters.items() if name != "grid"}
    return {
        "protocol": asked.protocol,
        "reference": "fixed original",
        **made,
        "grid": asked.grid or "0..7 on both axes and multiples of the largest stride",
        "shifts": len(first.trace.offsets),
        "images": first.trace.images,
        "threshold": asked.threshold,
        "margin": asked.margin,
        "window": f"{width} x {height}",
        "models": ", ".join(item.label for item in items),
        "layers": ", ".join(asked.layers) or "every module without parts, and functions",
        "seed": asked.seed,
    }


def scalars(items: Sequence[Measurement]) -> Iterator[Scalar]:
    """Every measure at the last spatial layer, the largest rise, and differences between the forms."""
    for item in items:
        for one in item.last.measures.values():
            yield Scalar(
                f"{one.measure}@{item.label}",
                number(one.value),
                f"{one.title[:1].upper()}{one.title[1:]} at {item.last.name}, {item.label}",
                interval(one.low, one.high, method=METHOD),
                one.n,
                unit(one.measure, one.unit),
                "lower" if one.better == "lower" else "higher",
                f"{item.label}: {item.place}.",
            )
        yield from _jump(item)
    yield from (one.scalar() for one in differences(items))


def _jump(item: Measurement) -> Iterator[Scalar]:
    measure = next((name for name in MEASURES if largest(item, name) is not None), None)
    jump = largest(item, measure) if measure is not None else None
    if jump is None:
        return
    title = jump.layer.measures[jump.measure].title
    yield Scalar(
        f"jump@{item.label}",
        jump.rise,
        f"Largest rise of {title}, at {jump.layer.name}, {item.label}",
        interval(jump.low, jump.high, method=METHOD),
        jump.n,
        unit(jump.measure),
        "lower",
        description=f"Above everything before, at {jump.layer.name}, {words.where(jump)}.",
    )


def unit(measure: str, said: str = "") -> str:
    """Unit of a measure for people: shares of whatever are shares."""
    return "share" if measure == "nonshiftability" or said.startswith("share") else said


def notes(items: Sequence[Measurement], asked: LayersAnalysis) -> list[str]:
    """What people should know: functions that count as layers, what traces say, how layers are compared."""
    said = [
        *_compared(items),
        "A rise is what a measure gains above everything before it; where it is largest was looked for in the same "
        "images, so its interval is too narrow.",
    ]
    if asked.protocol == "circular":
        said.append(words.CIRCULAR)
    if any(chooses_phase(item.subject.model.module) for item in items):
        said.append(words.POLYPHASE)
    if any(tables.split(layer) for item in items for layer in item.trace.layers):
        said.append(
            "NAME:max is what a max pool gives at stride 1, before it subsamples (NAME:dense of a convolution)."
        )
    for item in items:
        if item.functions:
            called = ", ".join(item.functions[:6])
            said.append(f"{item.label} calls functions in its forward ({called}); they are layers, module:function.")
        said += [f"{item.label}: {note}" for note in item.trace.notes if not _useless(note, item)]
    return list(dict.fromkeys(said))


def _compared(items: Sequence[Measurement]) -> Iterator[str]:
    """At which layers the measures are compared, and why."""
    why = (
        "what a convolution or a normalisation gives has either sign, so its global sum may be about zero, and any "
        "change of it is large in comparison"
    )
    alone = [item.label for item in items if item.units and not item.behind_activations]
    if any(item.behind_activations for item in items):
        yield f"Layers are compared behind activations, pools and blurs: {why}."
    if alone:
        which = "the layers looked at" if items[0].picked else "its layers"
        yield f"{', '.join(alone)}: {which} are compared one by one; {why}."


def _useless(note: str, item: Measurement) -> bool:
    """Whether a note speaks of functions that the model does not have."""
    return note.startswith("functions in forward") and not item.functions
