"""Question 2, joined up: models and pictures -> sweeps -> metrics -> Report."""

from biasscope.pipeline.invariance.analysis import analyze_invariance

__all__ = ["analyze_invariance"]
