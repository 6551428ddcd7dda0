"""Every number of a report under one address: scalars, and the cells of its tables.

An address is ``kind.name`` for a scalar and ``kind.table[key].column`` for a cell; the second result of a kind is
``kind#2``. Gates, comparisons and histories speak of numbers by these addresses.
"""

from biasscope.report.numbers.listing import numbers
from biasscope.report.numbers.matching import matching, nearest
from biasscope.report.numbers.number import Number

__all__ = ["Number", "matching", "nearest", "numbers"]
