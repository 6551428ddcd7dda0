"""All metrics by name: where the class is, and what is known about the number without computing it.

Facts
-----
``title``
    What people read.
``inputs``
    Names of the arrays of a sweep that ``update`` takes, by keyword.
``better``
    "higher" or "lower".
``bounds``
    Smallest and largest possible value.
``shift``, ``reference``, ``aggregate``
    What the number says: over which movements, compared with what, and how views are joined. "any" leaves the shift to
    the transformation of the sweep.
``needs_targets``
    Whether images need a true class.
``applies``
    Names of coordinates, of which a sweep must have one; empty: any sweep.
``vector``
    Whether there is a number for each view.
``unit``, ``interval``
    Unit of the number; method of its interval.
"""

from biasscope.core.registry import Registry
from biasscope.metrics.registry.agreement import AGREEMENT
from biasscope.metrics.registry.change import CHANGE
from biasscope.metrics.registry.truth import TRUTH

METRICS = Registry("metric", AGREEMENT | TRUTH | CHANGE)
"""Metric name -> class, with the facts named above."""
