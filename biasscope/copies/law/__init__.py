"""Laws of how invariance grows with the number of copies, and the number that a target needs."""

from biasscope.copies.law.estimate import copies_needed
from biasscope.copies.law.forms import LAWS, Fit, Logistic, SaturatingPower
from biasscope.copies.law.need import CopiesNeeded

__all__ = ["LAWS", "CopiesNeeded", "Fit", "Logistic", "SaturatingPower", "copies_needed"]
