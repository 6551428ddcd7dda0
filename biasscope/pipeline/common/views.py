"""Whether the views of a transformation can be compared."""

from __future__ import annotations

from biasscope.core.errors import UsageError
from biasscope.transforms.transformation import Transformation


def check_views(made: Transformation, grid: str | None) -> None:
    """Refuse shifts of which there is one.

    Raises
    ------
    UsageError
        As said.
    """
    if len(next(iter(made.coordinates.values()))) == 1:
        raise UsageError(f"{grid!r} is one view: there is nothing to compare", where="--grid", hint="Take 7x7.")
