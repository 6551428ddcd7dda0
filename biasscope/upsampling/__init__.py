"""Upsampling: which layers write checkerboards, forward and in their gradients, and what removes them."""

from biasscope.upsampling.overlap import Overlap, overlap, overlap_line
from biasscope.upsampling.record import record
from biasscope.upsampling.step import Step, layer_step
from biasscope.upsampling.structure import Structure, structure

__all__ = ["Overlap", "Step", "Structure", "layer_step", "overlap", "overlap_line", "record", "structure"]
