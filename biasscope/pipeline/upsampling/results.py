"""Results of the report, one a subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Cell, Result, Scalar, Table, interval, number
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.pipeline.upsampling import pictures, tables, words
from biasscope.pipeline.upsampling.measurement import Measurement

DISTILL = "Odena, Dumoulin & Olah, Deconvolution and checkerboard artifacts, Distill 2016"
T = "t over pictures"
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


def full(*made: Table) -> list[Table]:
    """Tables that have rows."""
    return [one for one in made if one.height]


def overlap(items: Sequence[Measurement]) -> Result:
    """How often every position is written."""
    said = [note for item in items for note in item.found.notes]
    return Result(
        kind="overlap",
        finding=words.overlap(items),
        title="Overlap",
        scalars=list(_overlap_scalars(items)),
        tables=full(
            tables.tabled("layers", tables.overlap_rows(items), "Writes of a position by phase", "layer"),
            tables.tabled("refused", tables.refused_rows(items), "Places that cannot be analysed", "layer"),
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
                f"Overlap: most over least written position, {item.label}",
                better="lower",
            )
        if found.backward_strided is not None:
            ratio = number(found.backward_strided.ratio)
            title = f"Overlap of the gradient: most over least written pixel, {item.label}"
            yield Scalar(f"backward@{item.label}", ratio, title, better="lower")


def weights(items: Sequence[Measurement]) -> Result:
    """Whether weights write a constant as a constant."""
    rows = [row for row in tables.weight_rows(items) if row["score"] is not None]
    worst = max(rows, key=lambda row: row["score"], default=None)
    finding = (
        f"Weights are least even in {worst['model']} at {worst['layer']}: the answers of its phases to a constant "
        f"differ by {worst['score']:.3g} of their mean."
        if worst is not None and worst["score"] > 0
        else "Weights answer a constant with a constant wherever that is known."
    )
    made = tables.tabled("weights", tables.weight_rows(items), "Evenness of the weights by layer", "layer")
    notes = [
        "score: spread of the phases' sums of weights over their mean, 0 where every constant gives a constant; "
        "score mean: the same for the mean activation in front of the layer, without its bias; score bias: with it."
    ]
    source = "Harada, Muramatsu & Kiya, multidimensional multirate filters without checkerboard effects, 1998"
    return Result("weights", finding, "Weights", tables=full(made), notes=notes, source=source)


def patterns(items: Sequence[Measurement], asked: UpsamplingAnalysis) -> Result:
    """What is written on pictures and on constants."""
    notes = [
        "Shares of variation are tested against the same maps cut into tiles and moved against each other; the p of "
        "the F test supposes independent neighbours, so it is not the one to trust.",
        "Decibels: power at the stride frequencies over the median around them, mean over frequencies; 0 is nothing "
        "that stands out. Peaks without a taper (small maps) are marked as uncertain: edges leak into them.",
    ]
    return Result(
        kind="patterns",
        finding=words.patterns(items),
        title="Patterns",
        parameters=_parameters(items, asked),
        scalars=list(_pattern_scalars(items)),
        tables=full(
            tables.tabled("patterns", tables.pattern_rows(items), "Patterns by layer", "layer"),
            tables.tabled("pictures", pictures.patterns(items), "The patterns themselves", "layer"),
            tables.tabled("spectra", pictures.spectra(items), "Spectra of the output", "model"),
            tables.tabled("response", tables.response_rows(items), "Answers to constant pictures", "level"),
            tables.tabled("peaks", tables.peak_rows(items), "Peaks at every stride frequency", "peak"),
        ),
        notes=notes,
        source=f"{DISTILL}; Zhang et al., Detecting and simulating artifacts in GAN fake images, 2019",
    )


def _parameters(items: Sequence[Measurement], asked: UpsamplingAnalysis) -> dict[str, Cell]:
    return {
        "pictures": len(items[0].inputs),
        "input": " x ".join(map(str, items[0].inputs.shape[1:])),
        "channels": asked.channels,
        "margin": asked.margin if asked.margin is not None else "an eighth of the side",
        "draws": asked.draws,
        "seed": asked.seed,
    }


def _pattern_scalars(items: Sequence[Measurement]) -> Iterator[Scalar]:
    for item in items:
        if item.ripple is not None:
            title = f"Ripple on constant pictures by the mean answer, {item.label}"
            share = item.found.response.share if item.found.response is not None else None
            note = f"{percent(share)} of what varies repeats with the stride, the rest is borders." if share else ""
            yield Scalar(f"ripple@{item.label}", number(item.ripple), title, better="lower", description=note)
        layer = item.output
        if layer is None or layer.peaks is None:
            continue
        value, low, high = layer.peaks.mean
        doubt = "Uncertain: taken without a taper. " if layer.peaks.window == "none" else ""
        yield Scalar(
            f"decibels@{item.label}", number(value), f"Peaks at the stride frequencies, {item.label}",
            interval(low, high, method=T), layer.peaks.n, "dB", "lower", f"{doubt}Mean over frequencies.",
        )  # fmt: skip
        if layer.anova is not None:
            p = "" if layer.anova.p is None else f"p = {layer.anova.p:.3g}"
            yield Scalar(
                f"eta_squared@{item.label}", number(layer.anova.eta_squared),
                f"Variation of the output that the phase explains, {item.label}", None, len(item.inputs), "share",
                "lower", p,
            )  # fmt: skip


def gradients(items: Sequence[Measurement]) -> Result:
    """How evenly gradients reach the pixels."""
    made = tables.tabled("gradients", tables.gradient_rows(items), "Gradients by model", "model")
    notes = [BACKWARD, *dict.fromkeys(f"{item.label}: {note}" for item in items for note in item.found.notes)]
    finding = words.gradients(items)
    missing = [item for item in items if item.found.gradients is not None and item.found.gradients.zero > 0]
    if missing:
        named = "; ".join(f"{item.label} {percent(_zero(item))}" for item in missing[: words.MOST])
        finding += f" Pixels without any gradient: {named}."
    return Result("gradients", finding, "Gradients", tables=full(made), notes=notes, source=DISTILL)


def _zero(item: Measurement) -> float:
    return item.found.gradients.zero if item.found.gradients is not None else 0.0


def remedies(items: Sequence[Measurement]) -> Result:
    """Before and after."""
    said = [*words.remedied(items), *words.single(items)]
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
    return Result(
        kind="remedies",
        finding=" ".join(said) or "No remedy of the forward pass is called for, or none can be used.",
        title="Remedies",
        tables=full(
            tables.tabled("remedies", tables.remedy_rows(items), "Before and after", "row"),
            tables.tabled("single", tables.single_rows(items), "One layer repaired at a time", "layer"),
            tables.tabled("before_after", pictures.before_after(items), "Outputs before and after", "picture"),
            tables.tabled("changes", tables.change_rows(items), "What every remedy did", "layer"),
        ),
        notes=notes,
        source=f"{DISTILL}; Aitken et al. 2017; Sugawara et al. 2019; Kinoshita & Kiya 2020",
    )
