"""Results of the report, one a subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Result, Scalar, number
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.pipeline.upsampling import gradient_words, overlap_tables, pictures, remedy_tables, remedy_words, words
from biasscope.pipeline.upsampling.measurement import Measurement
from biasscope.pipeline.upsampling.pattern_result import patterns
from biasscope.pipeline.upsampling.phrases import DISTILL, MOST
from biasscope.pipeline.upsampling.tables import full
from biasscope.report.wording import RATIO

BACKWARD = (
    "The gradient has two figures: strided layers alone, which is what subsampling does, and with the layers between, "
    "whose convolutions spread it again."
)


def results(items: Sequence[Measurement], asked: UpsamplingAnalysis) -> Iterator[Result]:
    """Those that have something to say, in the order of the page."""
    upsamples = any(item.found.structure.forward for item in items)
    if upsamples:
        yield patterns(items, asked)
        yield overlap(items)
        if any(item.remedies[1:] for item in items):
            yield remedies(items)
        yield weights(items)
    else:
        yield overlap(items)
    if any(item.found.structure.backward_strided is not None for item in items):
        yield gradients(items)
    if not upsamples and any(item.remedies[1:] for item in items):
        yield remedies(items)


def overlap(items: Sequence[Measurement]) -> Result:
    """How often every position is written."""
    said = [note for item in items for note in item.found.notes]
    return Result(
        kind="overlap",
        finding=words.overlap(items),
        title="Overlap",
        scalars=list(_overlap_scalars(items)),
        tables=full(
            tabled("layers", list(overlap_tables.overlap_rows(items)), "Writes of a position by phase", "layer"),
            tabled("refused", list(overlap_tables.refused_rows(items)), "Places that cannot be analysed", "layer"),
        ),
        notes=[
            "Every weight counts as one: this is what the geometry alone does. Trained weights may even it out, or "
            "write a pattern where the geometry is even.",
            BACKWARD,
            *dict.fromkeys(said),
        ],
        source=DISTILL,
    )


def _overlap_scalars(items: Sequence[Measurement]) -> Iterator[Scalar]:
    for item in items:
        found = item.found.structure
        if found.composed:
            ratio = number(found.composed[-1].ratio)
            yield Scalar(
                f"overlap@{item.label}",
                ratio,
                f"Overlap ratio of positions, most over least written, {item.label}",
                unit=RATIO,
                better="lower",
            )
        if found.backward_strided is not None:
            ratio = number(found.backward_strided.ratio)
            title = f"Overlap ratio of the gradient, most over least written pixel, {item.label}"
            yield Scalar(f"backward@{item.label}", ratio, title, unit=RATIO, better="lower")


def weights(items: Sequence[Measurement]) -> Result:
    """Whether weights write a constant as a constant."""
    rows = [row for row in overlap_tables.weight_rows(items) if row["score"] is not None]
    worst = max(rows, key=lambda row: row["score"], default=None)
    finding = (
        f"Weights are least even in {worst['model']} at {worst['layer']}: the answers of its phases to a constant "
        f"differ by {worst['score']:.3g} of their mean."
        if worst is not None and worst["score"] > 0
        else "Weights answer a constant with a constant wherever that is known."
    )
    made = tabled("weights", list(overlap_tables.weight_rows(items)), "Evenness of the weights by layer", "layer")
    notes = [
        "score: spread of the phases' sums of weights over their mean, 0 where every constant gives a constant; "
        "score mean: the same for the mean activation in front of the layer, without its bias; score bias: with it."
    ]
    source = "Harada, Muramatsu & Kiya, multidimensional multirate filters without checkerboard effects, 1998"
    return Result("weights", finding, "Weights", tables=full(made), notes=notes, source=source)


def gradients(items: Sequence[Measurement]) -> Result:
    """How evenly gradients reach the pixels."""
    made = tabled("gradients", list(overlap_tables.gradient_rows(items)), "Gradients by model", "model")
    notes = [BACKWARD, *dict.fromkeys(f"{item.label}: {note}" for item in items for note in item.found.notes)]
    finding = gradient_words.gradients(items)
    missing = [item for item in items if item.found.gradients is not None and item.found.gradients.zero > 0]
    if missing:
        named = "; ".join(f"{item.label} {percent(_zero(item))}" for item in missing[:MOST])
        finding += f" Pixels without any gradient: {named}."
    return Result("gradients", finding, "Gradients", tables=full(made), notes=notes, source=DISTILL)


def _zero(item: Measurement) -> float:
    return item.found.gradients.zero if item.found.gradients is not None else 0.0


def remedies(items: Sequence[Measurement]) -> Result:
    """Before and after."""
    said = [*remedy_words.remedied(items), *remedy_words.single(items)]
    notes = [
        "Change of the output: root mean square difference over the root mean square of the output as it is. Remedies "
        "are surgery without retraining: weights that are drawn anew say nothing about outputs until they are trained, "
        "and training may write the pattern again.",
        "Peaks after a remedy at frequencies that it damps may fall below 0 dB: it takes away what the picture itself "
        "has there, which is a price as well.",
        "One layer at a time: the remedy that removes the pattern with the least change, used on one layer alone. "
        "Shares do not add up, as what one layer writes is changed by those behind it; a negative share is "
        "more than before.",
    ]
    if lost := remedy_words.plain_weights(items):
        notes.append(lost)
    return Result(
        kind="remedies",
        finding=" ".join(said) or "No remedy of the forward pass is called for, or none can be used.",
        title="Remedies",
        tables=full(
            tabled("remedies", list(remedy_tables.remedy_rows(items)), "Before and after", "row"),
            tabled("single", list(remedy_tables.single_rows(items)), "One layer repaired at a time", "layer"),
            tabled("before_after", list(pictures.before_after(items)), "Outputs before and after", "picture"),
            tabled("changes", list(remedy_tables.change_rows(items)), "What every remedy did", "layer"),
        ),
        notes=notes,
        source=f"{DISTILL}; Aitken et al. 2017; Sugawara et al. 2019; Kinoshita & Kiya 2020",
    )
