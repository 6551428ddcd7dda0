"""Remedies by name."""

from __future__ import annotations

from biasscope.core.registry import Entry, Registry

_WEIGHTS, _LAYERS = "biasscope.upsampling.remedies.weights", "biasscope.upsampling.remedies.layers"

REMEDIES = Registry(
    "remedy",
    {
        "divisible": Entry(
            f"{_WEIGHTS}:divisible_kernel",
            {"title": "kernel divisible by the stride, weights kept", "options": {}, "trained": True, "of": "forward"},
        ),
        "divisible-new": Entry(
            f"{_WEIGHTS}:divisible_kernel",
            {
                "title": "kernel divisible by the stride, drawn anew",
                "options": {"weights": "new"},
                "trained": False,
                "of": "forward",
            },
        ),
        "equal-phases": Entry(
            f"{_WEIGHTS}:equal_phases",
            {"title": "gains of all phases made equal", "options": {}, "trained": True, "of": "forward"},
        ),
        "resize-nearest": Entry(
            f"{_LAYERS}:resize_convolution",
            {"title": "nearest resize, convolution", "options": {}, "trained": True, "of": "forward"},
        ),
        "resize-bilinear": Entry(
            f"{_LAYERS}:resize_convolution",
            {
                "title": "bilinear resize, convolution",
                "options": {"mode": "bilinear"},
                "trained": True,
                "of": "forward",
            },
        ),
        "icnr": Entry(
            f"{_WEIGHTS}:icnr",
            {"title": "equal filters before a pixel shuffle", "options": {}, "trained": True, "of": "forward"},
        ),
        "icnr-new": Entry(
            f"{_WEIGHTS}:icnr",
            {
                "title": "ICNR, drawn anew",
                "options": {"weights": "new"},
                "trained": False,
                "of": "forward",
            },
        ),
        "hold": Entry(
            f"{_LAYERS}:smoothed",
            {"title": "zero-order hold behind", "options": {}, "trained": True, "of": "forward"},
        ),
        "smooth": Entry(
            f"{_LAYERS}:smoothed",
            {"title": "fixed smoothing behind, order 1", "options": {"order": 1}, "trained": True, "of": "forward"},
        ),
        "blurpool": Entry(
            f"{_LAYERS}:blurred",
            {"title": "BlurPool before subsampling", "options": {}, "trained": True, "of": "backward"},
        ),
    },
)
"""Remedies: each entry is a function from a model and an example to a `Remedied`.

Facts: ``title``, ``options`` that it is called with, ``trained`` (weights are kept, so that outputs mean something
without a new training), and whether it is ``of`` the forward or the backward pass.
"""
