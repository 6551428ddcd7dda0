"""What stands in the TOML file of an analysis, and the analysis that comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from biasscope.pipeline.definition import (
    AugmentationAnalysis,
    DatasetAnalysis,
    Definition,
    InvarianceAnalysis,
    LayersAnalysis,
    UpsamplingAnalysis,
)
from biasscope.pipeline.file.expected import Expected

Question = Literal["dataset", "invariance", "layers", "augmentation", "upsampling"]
DEFINITIONS: dict[str, type[Definition]] = {
    "dataset": DatasetAnalysis,
    "invariance": InvarianceAnalysis,
    "layers": LayersAnalysis,
    "augmentation": AugmentationAnalysis,
    "upsampling": UpsamplingAnalysis,
}
"""Question -> what it can be asked."""


Option = str | int | float | bool | list[str | int | float] | dict[str, str]
"""What an option can be in TOML."""


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keys of the file of an analysis.

    Attributes
    ----------
    title
        What the report is called.
    question
        Which question is asked; the table of that name holds its options.
    source
        Publication, or whose question it is.
    description
        What is measured and why, in a few sentences.
    expected
        Name of the file in ``expected/`` that holds the published numbers.
    figures
        Names of the figures that the report shows; none for all.
    strict
        Exit with 3 when something of the input does not conform, as ``--strict`` does.
    tiny
        Options in the place of those of the question's table for the smallest run that still answers it.
    dataset, invariance, layers, augmentation, upsampling
        Options of the question, by the names they have on the command line with underscores.
    """

    title: str
    question: Question
    source: str
    description: str = ""
    expected: str | None = None
    figures: list[str] = []
    strict: bool = False
    tiny: dict[str, Option] = {}
    dataset: DatasetAnalysis | None = None
    invariance: InvarianceAnalysis | None = None
    layers: LayersAnalysis | None = None
    augmentation: AugmentationAnalysis | None = None
    upsampling: UpsamplingAnalysis | None = None


class AnalysisFile(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis that was read from a file: settings put in, paths resolved, everything checked.

    Attributes
    ----------
    path
        The file.
    title, question, source, description, figures, strict
        As written.
    asked
        Definition of the question.
    expected
        Published numbers, if the file names some.
    unjudged
        Why the published numbers are not judged, where something else is measured than the file says.
    allow_python
        Whether a model may be built by code that the file names.
    """

    path: Path
    title: str
    question: Question
    source: str
    asked: Definition
    description: str = ""
    expected: Expected | None = None
    unjudged: str = ""
    figures: list[str] = []
    strict: bool = False
    allow_python: bool = False
