"""Statistics over boxes: position, scale, testing, splits, leakage, repair. Without torch.

``count_boxes`` folds boxes of any number into a ``BoxCounts``; ``biasscope.bias.position.position`` and
``biasscope.bias.scale.scale`` answer from it. Every statistic is also a function on arrays, in
``biasscope.bias.coordinates``, ``biasscope.bias.grid``, ``biasscope.bias.effects`` and ``biasscope.bias.testing``.
"""

from biasscope.bias.counting import BoxCounts, count_boxes

__all__ = ["BoxCounts", "count_boxes"]
