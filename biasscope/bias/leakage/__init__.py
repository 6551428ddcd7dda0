"""Geometry leakage: how well position and size alone predict the class."""

from biasscope.bias.leakage.analysis import leakage

__all__ = ["leakage"]
