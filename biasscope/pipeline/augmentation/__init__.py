"""Question 4, joined up: a plan of networks -> sweeps -> copies that a target needs -> Report."""

from biasscope.pipeline.augmentation.analysis import analyze_augmentation

__all__ = ["analyze_augmentation"]
