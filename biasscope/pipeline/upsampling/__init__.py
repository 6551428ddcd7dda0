"""The question of upsampling, joined up: models and pictures -> patterns, gradients, remedies -> Report."""

from biasscope.pipeline.upsampling.analysis import analyze_upsampling

__all__ = ["analyze_upsampling"]
