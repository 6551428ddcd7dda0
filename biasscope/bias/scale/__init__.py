"""How large the objects of each class are, against a named reference: scale has no natural uniform null."""

from biasscope.bias.scale.result import scale
from biasscope.bias.scale.statistics import Scales, scales

__all__ = ["Scales", "scale", "scales"]
