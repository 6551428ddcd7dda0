"""Upsampling without checkerboards."""

from biasscope.nn.upsample.icnr import icnr_
from biasscope.nn.upsample.resize_conv import ResizeConv2d
from biasscope.nn.upsample.smoothing import SmoothUpsampled2d

__all__ = ["ResizeConv2d", "SmoothUpsampled2d", "icnr_"]
