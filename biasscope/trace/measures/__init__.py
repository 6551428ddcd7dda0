"""Measures at a layer, each also a function on activations.

A measure is one file with a pure function and an accumulator class (`Measure`), and one line in `MEASURES`.
"""

from typing import TYPE_CHECKING, Any

from biasscope.core.lazy import on_first_use
from biasscope.core.registry import Entry, Registry

if TYPE_CHECKING:
    from biasscope.trace.measures.decoding import phase_decoding
    from biasscope.trace.measures.distances import cosine_distances, relative_errors
    from biasscope.trace.measures.global_sums import nonshiftability
    from biasscope.trace.measures.lie import lie_derivative
    from biasscope.trace.measures.period import lattice_period
    from biasscope.trace.measures.phases import phase_variance
    from biasscope.trace.measures.spectrum import aliasing
    from biasscope.trace.measures.variation import sum_variation
    from biasscope.trace.measures.windows import maximum_bias

INFINITE = float("inf")
AZULAY, ZHANG = "Azulay and Weiss, JMLR 20(184), 2019", "Zhang, ICML 2019"


def _entry(target: str, title: str, high: float, source: str, unit: str = "", **facts: Any) -> Entry:
    facts = {"title": title, "better": "lower", "bounds": (0.0, high), "unit": unit, "source": source, **facts}
    return Entry(f"biasscope.trace.measures.{target}", facts)


MEASURES = Registry(
    "measure",
    {
        "nonshiftability": _entry("global_sums:Nonshiftability", "nonshiftability", 1, AZULAY, "share of shifts"),
        "sum_variation": _entry("variation:SumVariation", "variation of the global sum", INFINITE, AZULAY),
        "equivariance_cosine": _entry(
            "equivariance:Cosine", "equivariance error (cosine)", 2, ZHANG, "1 - cosine", between="fourier_cosine"
        ),
        "equivariance_l2": _entry(
            "equivariance:RelativeL2", "equivariance error (relative L2)", INFINITE, ZHANG, between="fourier_l2"
        ),
        "fourier_cosine": _entry(
            "equivariance:FourierCosine", "equivariance error between positions (cosine, fourier)", 2, ZHANG,
            "1 - cosine",
        ),
        "fourier_l2": _entry(
            "equivariance:FourierL2", "equivariance error between positions (relative L2, fourier)", INFINITE, ZHANG
        ),
        "aliasing": _entry("spectrum:Aliasing", "energy that the coming subsampling aliases", 1, ZHANG, "share"),
        "maximum_bias": _entry(
            "windows:MaximumBias", "maximum-sampling bias", 1, "TIPS, 2025", "share of windows"
        ),
        "phase_variance": _entry("phases:PhaseVariance", "variance over phases / over images", INFINITE, ZHANG),
        "phase_decoding": _entry(
            "decoding:PhaseDecoding", "decodability of the phase above chance", 1, AZULAY, "share of the way to 1",
            bounds=(-1.0, 1.0),
        ),
        "lie_derivative": _entry(
            "lie:LieDerivative", "Lie derivative (translation)", INFINITE, "Gruver et al., ICLR 2023",
            "relative change per pixel",
            note="pointwise non-linearities alias sub-pixel shifts, so it is above 0 behind a ReLU even at stride 1, "
            "where every whole shift is exact",
        ),
    },
)  # fmt: skip
"""Facts: title, better, bounds, unit, source; ``between`` names the measure that fills a lattice up, ``note`` says what
people should know about every value."""

DEFAULT = ("nonshiftability", "sum_variation", "equivariance_cosine", "equivariance_l2", "aliasing")

_WHERE = {
    "aliasing": ".spectrum",
    "cosine_distances": ".distances",
    "lattice_period": ".period",
    "relative_errors": ".distances",
    "lie_derivative": ".lie",
    "maximum_bias": ".windows",
    "nonshiftability": ".global_sums",
    "phase_decoding": ".decoding",
    "phase_variance": ".phases",
    "sum_variation": ".variation",
}

__all__ = [
    "DEFAULT",
    "MEASURES",
    "aliasing",
    "cosine_distances",
    "lattice_period",
    "lie_derivative",
    "maximum_bias",
    "nonshiftability",
    "phase_decoding",
    "phase_variance",
    "relative_errors",
    "sum_variation",
]

__getattr__ = on_first_use(__name__, _WHERE)
