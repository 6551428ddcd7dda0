"""Question 3, joined up: models and pictures -> traces -> Report."""

from biasscope.pipeline.layers.analysis import analyze_layers

__all__ = ["analyze_layers"]
