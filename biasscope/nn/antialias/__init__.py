"""Low-pass filtered subsampling (Zhang, ICML 2019)."""

from biasscope.nn.antialias.blur import BlurPool2d, binomial_taps, blur_pool2d
from biasscope.nn.antialias.conv import AntialiasedConv2d
from biasscope.nn.antialias.maxpool import MaxBlurPool2d

__all__ = ["AntialiasedConv2d", "BlurPool2d", "MaxBlurPool2d", "binomial_taps", "blur_pool2d"]
