"""Tests of uniform placement on arrays: every function takes all classes at once and knows nothing of boxes."""

from biasscope.bias.testing.chi_square import ASYMPTOTIC_ABOVE, chi_square, chi_square_p, goodness_of_fit
from biasscope.bias.testing.corrections import CORRECTIONS, adjust, draws_needed
from biasscope.bias.testing.cramer_von_mises import cramer_von_mises, cramer_von_mises_binned, cramer_von_mises_p
from biasscope.bias.testing.levels import check_alpha, check_level
from biasscope.bias.testing.margins import table_p
from biasscope.bias.testing.moments import concentration_p, correlation_p, displacement_p
from biasscope.bias.testing.monte_carlo import DRAWS, draws_again, monte_carlo_p

__all__ = [
    "ASYMPTOTIC_ABOVE",
    "CORRECTIONS",
    "DRAWS",
    "adjust",
    "check_alpha",
    "check_level",
    "chi_square",
    "chi_square_p",
    "concentration_p",
    "correlation_p",
    "cramer_von_mises",
    "cramer_von_mises_binned",
    "cramer_von_mises_p",
    "displacement_p",
    "draws_again",
    "draws_needed",
    "goodness_of_fit",
    "monte_carlo_p",
    "table_p",
]
