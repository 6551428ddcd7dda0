"""Adaptive polyphase sampling and its inverse placement (Chaman and Dokmanic, CVPR 2021)."""

from biasscope.nn.polyphase.index import polyphase_index
from biasscope.nn.polyphase.sampling import PolyphaseSampling2d, UnevenMode, polyphase_sample
from biasscope.nn.polyphase.upsampling import PolyphaseUpsampling2d, polyphase_upsample

__all__ = [
    "PolyphaseSampling2d",
    "PolyphaseUpsampling2d",
    "UnevenMode",
    "polyphase_index",
    "polyphase_sample",
    "polyphase_upsample",
]
