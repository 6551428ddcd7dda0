"""Anti-aliased, polyphase and pixel-adaptive building blocks for PyTorch networks."""

from biasscope.nn.antialias import AntialiasedConv2d, BlurPool2d, MaxBlurPool2d, binomial_taps, blur_pool2d
from biasscope.nn.pac import (
    PacConv2d,
    PacConvTranspose2d,
    PacCRF,
    PacCRFLoose,
    PacJointUpsample2d,
    PacPool2d,
    pac_conv2d,
    pac_conv_transpose2d,
    pac_kernel2d,
    pac_pool2d,
    position_color_features,
)
from biasscope.nn.polyphase import (
    PolyphaseSampling2d,
    PolyphaseUpsampling2d,
    polyphase_index,
    polyphase_sample,
    polyphase_upsample,
)
from biasscope.nn.upsample import ResizeConv2d, SmoothUpsampled2d, icnr_

__all__ = [
    "AntialiasedConv2d",
    "BlurPool2d",
    "MaxBlurPool2d",
    "PacCRF",
    "PacCRFLoose",
    "PacConv2d",
    "PacConvTranspose2d",
    "PacJointUpsample2d",
    "PacPool2d",
    "PolyphaseSampling2d",
    "PolyphaseUpsampling2d",
    "ResizeConv2d",
    "SmoothUpsampled2d",
    "binomial_taps",
    "blur_pool2d",
    "icnr_",
    "pac_conv2d",
    "pac_conv_transpose2d",
    "pac_kernel2d",
    "pac_pool2d",
    "polyphase_index",
    "polyphase_sample",
    "polyphase_upsample",
    "position_color_features",
]
