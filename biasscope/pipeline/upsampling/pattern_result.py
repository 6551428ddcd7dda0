"""The result "patterns": what every layer writes on pictures, and the model on constants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Cell, Result, Scalar, interval, number
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.pipeline.upsampling import pictures, spectra, words
from biasscope.pipeline.upsampling.measurement import Measurement
from biasscope.pipeline.upsampling.phrases import DISTILL
from biasscope.pipeline.upsampling.tables import full, pattern_rows, peak_rows, response_rows
from biasscope.upsampling.prominence import CEILING

T = "t over pictures"


def patterns(items: Sequence[Measurement], asked: UpsamplingAnalysis) -> Result:
    """What is written on pictures and on constants."""
    notes = [
        "Shares of variation are tested against the same maps cut into tiles and moved against each other; the p of "
        "the F test supposes independent neighbours, so it is not the one to trust. Each p is that of its layer alone, "
        "not corrected for their number.",
        "Decibels: power at the stride frequencies over the median around them, mean over frequencies; 0 is nothing "
        "that stands out. The scale ends at 300, where nothing but the pattern is there, as on pictures that are "
        "constant, and at \N{MINUS SIGN}300, where a resize leaves nothing at a frequency. Peaks without a taper "
        "(small maps) are marked as uncertain: edges leak into them.",
    ]
    return Result(
        kind="patterns",
        finding=words.patterns(items),
        title="Patterns",
        parameters=_parameters(items, asked),
        scalars=list(_pattern_scalars(items)),
        tables=full(
            tabled("patterns", list(pattern_rows(items)), "Patterns by layer", "layer"),
            tabled("pictures", list(pictures.patterns(items)), "The patterns themselves", "layer"),
            tabled("spectra", list(spectra.spectra(items)), "Spectra of the output", "model"),
            tabled("response", list(response_rows(items)), "Answers to constant pictures", "level"),
            tabled("peaks", list(peak_rows(items)), "Peaks at every stride frequency", "peak"),
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
        doubt += _end(value)
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


def _end(value: float | None) -> str:
    """What the end of the scale means."""
    alone = value is not None and value > CEILING - 1
    return f"{CEILING:.0f} dB is the end of the scale: the output has nothing but the pattern. " if alone else ""
