"""Where the objects of each class are, and whether that is bias or chance."""

from biasscope.bias.position.result import position
from biasscope.bias.position.statistics import Placement, placement

__all__ = ["Placement", "placement", "position"]
