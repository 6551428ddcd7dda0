"""Remedies against checkerboards, done to a copy of any model."""

from biasscope.upsampling.remedies.divisible import divisible_kernel
from biasscope.upsampling.remedies.equal_gains import equal_phases
from biasscope.upsampling.remedies.filters import blurred, smoothed
from biasscope.upsampling.remedies.interleaved import icnr
from biasscope.upsampling.remedies.resize import fitted, resize_convolution
from biasscope.upsampling.remedies.sites import Change, Remedied, Site, find_sites

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
