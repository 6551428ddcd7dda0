"""Two reports side by side: whether they can be compared, and what changed beyond its interval."""

from biasscope.report.comparison.comparability import comparability
from biasscope.report.comparison.compare import compare
from biasscope.report.comparison.model import Change, Comparison, Family, Part, Side

__all__ = ["Change", "Comparison", "Family", "Part", "Side", "comparability", "compare"]
