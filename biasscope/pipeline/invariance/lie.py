"""Lie derivatives of every model, on a few pictures (to be filled in when metrics are there)."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.core.progress import Progress
from biasscope.core.results import Result
from biasscope.images.picture import ImageSource
from biasscope.pipeline.definition import InvarianceAnalysis
from biasscope.pipeline.invariance.subjects import Subject


def lie(
    subjects: Sequence[Subject], source: ImageSource, asked: InvarianceAnalysis, progress: Progress
) -> Result | None:
    """Nothing yet."""
    return None
