"""Layers that surgery puts in. Without learned kernel options none has a parameter that the layer before it had not."""

from biasscope.models.surgery.layers.activation import SampledPReLU
from biasscope.models.surgery.layers.around import sampled
from biasscope.models.surgery.layers.convolution import PaddingLaw, SurgeryConv2d
from biasscope.models.surgery.layers.guided import GuidedPacConv2d
from biasscope.models.surgery.layers.linked import LinkedSampling2d
from biasscope.models.surgery.layers.pools import BlurredAvgPool2d, ByChannels, CircularAvgPool2d, CircularMaxPool2d

__all__ = [
    "BlurredAvgPool2d",
    "ByChannels",
    "CircularAvgPool2d",
    "CircularMaxPool2d",
    "GuidedPacConv2d",
    "LinkedSampling2d",
    "PaddingLaw",
    "SampledPReLU",
    "SurgeryConv2d",
    "sampled",
]
