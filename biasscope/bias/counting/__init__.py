"""Boxes of any number, folded in one pass into counts that add up over shards."""

from biasscope.bias.counting.counts import BoxCounts, count_boxes

__all__ = ["BoxCounts", "count_boxes"]
