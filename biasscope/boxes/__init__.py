"""Boxes of any annotation format as one lazy frame in one convention (pixel edges), and their integrity."""

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.integrity.inspection import Inspector, inspect
from biasscope.boxes.read import read_boxes
from biasscope.boxes.registry import READERS
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import BOXES, IMAGES
from biasscope.boxes.usable import usable_boxes

__all__ = [
    "BOXES",
    "IMAGES",
    "READERS",
    "BoxTable",
    "Inspector",
    "RowLog",
    "inspect",
    "read_boxes",
    "usable_boxes",
]
