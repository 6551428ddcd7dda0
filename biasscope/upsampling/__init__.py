"""Upsampling: which layers write checkerboards, forward and in their gradients, and what removes them.

`analyse` looks at a whole model, `compare` tries remedies on it; everything they do is a function of its own.
"""

from biasscope.upsampling.analysis import Analysis, analyse
from biasscope.upsampling.anova import PhaseAnova, phase_anova
from biasscope.upsampling.gains import Gains, shuffle_gains, transposed_gains
from biasscope.upsampling.gradient import GradientEnergy, gradient_energy
from biasscope.upsampling.layer_patterns import LayerPattern
from biasscope.upsampling.layers import LayerWeights, weights_of
from biasscope.upsampling.overlap import Overlap, overlap, overlap_line
from biasscope.upsampling.passage import Passage, Refused
from biasscope.upsampling.peaks import Peaks, spectral_peaks
from biasscope.upsampling.phases import pattern, phase_means
from biasscope.upsampling.record import record
from biasscope.upsampling.remedies.compare import Row, compare
from biasscope.upsampling.remedies.registry import REMEDIES
from biasscope.upsampling.remedies.single import Single, layer_by_layer
from biasscope.upsampling.remedies.strength import Strength
from biasscope.upsampling.response import StepResponse, step_response
from biasscope.upsampling.spectrum import power, stride_share
from biasscope.upsampling.step import Step, layer_step
from biasscope.upsampling.structure import NOTHING, Structure, structure

__all__ = [
    "NOTHING",
    "REMEDIES",
    "Analysis",
    "Gains",
    "GradientEnergy",
    "LayerPattern",
    "LayerWeights",
    "Overlap",
    "Passage",
    "Peaks",
    "PhaseAnova",
    "Refused",
    "Row",
    "Single",
    "Step",
    "StepResponse",
    "Strength",
    "Structure",
    "analyse",
    "compare",
    "gradient_energy",
    "layer_by_layer",
    "layer_step",
    "overlap",
    "overlap_line",
    "pattern",
    "phase_anova",
    "phase_means",
    "power",
    "record",
    "shuffle_gains",
    "spectral_peaks",
    "step_response",
    "stride_share",
    "structure",
    "transposed_gains",
    "weights_of",
]
