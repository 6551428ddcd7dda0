"""Two sides of boxes compared: train against validation, dataset A against B."""

from biasscope.bias.compare.analysis import compare, splits
from biasscope.bias.compare.classifier import two_sample_classifier
from biasscope.bias.compare.energy import energy_distance
from biasscope.bias.compare.permutation import permutation_test

__all__ = ["compare", "energy_distance", "permutation_test", "splits", "two_sample_classifier"]
