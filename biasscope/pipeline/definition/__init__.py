"""Definitions: what an analysis is asked, as frozen structs that the command line, TOML files and people fill in."""

from biasscope.pipeline.definition.augmentation import AugmentationAnalysis
from biasscope.pipeline.definition.base import Definition
from biasscope.pipeline.definition.convert import command_line, defined
from biasscope.pipeline.definition.dataset import DatasetAnalysis
from biasscope.pipeline.definition.invariance import InvarianceAnalysis
from biasscope.pipeline.definition.layers import LayersAnalysis
from biasscope.pipeline.definition.upsampling import UpsamplingAnalysis

__all__ = [
    "AugmentationAnalysis",
    "DatasetAnalysis",
    "Definition",
    "InvarianceAnalysis",
    "LayersAnalysis",
    "UpsamplingAnalysis",
    "command_line",
    "defined",
]
