"""Remedies by name."""

from __future__ import annotations

from biasscope.core.registry import Entry, Registry


def _entry(place: str, title: str, of: str = "forward", *, trained: bool = True, **options: object) -> Entry:
    facts = {"title": title, "options": options, "trained": trained, "of": of}
    return Entry(f"biasscope.upsampling.remedies.{place}", facts)


REMEDIES = Registry(
    "remedy",
    {
        "divisible": _entry("divisible:divisible_kernel", "kernel divisible by the stride, weights kept"),
        "divisible-new": _entry(
            "divisible:divisible_kernel", "kernel divisible by the stride, drawn anew", trained=False, weights="new"
        ),
        "equal-phases": _entry("equal_gains:equal_phases", "gains of all phases made equal"),
        "resize-nearest": _entry("resize:resize_convolution", "nearest resize, convolution"),
        "resize-bilinear": _entry("resize:resize_convolution", "bilinear resize, convolution", mode="bilinear"),
        "icnr": _entry("interleaved:icnr", "equal filters before a pixel shuffle"),
        "icnr-new": _entry("interleaved:icnr", "ICNR, drawn anew", trained=False, weights="new"),
        "hold": _entry("filters:smoothed", "zero-order hold behind"),
        "smooth": _entry("filters:smoothed", "fixed smoothing behind, order 1", order=1),
        "blurpool": _entry("filters:blurred", "BlurPool before subsampling", "backward"),
    },
)
"""Remedies: each entry is a function from a model and an example to a `Remedied`.

Facts: ``title``, ``options`` that it is called with, ``trained`` (weights are kept, so that outputs mean something
without a new training), and whether it is ``of`` the forward or the backward pass.
"""
