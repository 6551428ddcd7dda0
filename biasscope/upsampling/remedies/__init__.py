"""Remedies against checkerboards, done to a copy of any model."""

from biasscope.upsampling.remedies.layers import blurred, fitted, resize_convolution, smoothed
from biasscope.upsampling.remedies.sites import Change, Remedied, Site, find_sites
from biasscope.upsampling.remedies.weights import divisible_kernel, equal_phases, icnr

__all__ = [
    "Change",
    "Remedied",
    "Site",
    "blurred",
    "divisible_kernel",
    "equal_phases",
    "find_sites",
    "fitted",
    "icnr",
    "resize_convolution",
    "smoothed",
]
