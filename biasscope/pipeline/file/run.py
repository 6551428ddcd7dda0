"""Running an analysis that was read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from biasscope.core.progress import Progress
from biasscope.core.registry import Entry, Registry
from biasscope.core.trust import python_code
from biasscope.pipeline.definition import Definition
from biasscope.pipeline.file.analysis import DEFINITIONS, AnalysisFile
from biasscope.pipeline.file.measured import side_by_side
from biasscope.report.model import Report

QUESTIONS = Registry(
    "question",
    {name: Entry(f"biasscope.pipeline.{name}:analyze_{name}") for name in DEFINITIONS},
)
"""Function that answers each question."""
EXPECTED = "expected"
"""Figure of published numbers, which is shown whichever figures a file names."""
CONTINUED = ("invariance", "augmentation")
"""Questions that can be continued from a checkpoint."""


def run_analysis(
    file: AnalysisFile, *, progress: Progress | None = None, checkpoint: str | Path | None = None
) -> Report:
    r"""Answer the question of a file.

    Parameters
    ----------
    file
        As :func:`read_analysis` gives it.
    progress
        Shows what is going on; silent by default.
    checkpoint
        Folder in which a run that was stopped is continued, where the question can be; nothing is kept unless given.

    Returns
    -------
    Report
        The answer, under the title of the file; with published numbers side by side with those that were measured, if
        the file names some.

    Raises
    ------
    UsageError
        A model cannot be loaded or a form of it cannot be made.
    InputError
        The data cannot be read.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "digits.toml"
    >>> _ = path.write_text('title = "Digits"\nquestion = "dataset"\nsource = "me"\n[dataset]\nleakage = false\n')
    >>> from biasscope.pipeline.file import read_analysis
    >>> run_analysis(read_analysis(path)).title
    'Digits'
    """
    with python_code(allowed=file.allow_python):
        report = run_question(file.question, file.asked, progress=progress, checkpoint=checkpoint)
    results = [item for item in report.results if not (file.expected and item.kind == "published")]
    results += [side_by_side(file.expected, report, file.unjudged)] if file.expected else []
    shown = [*file.figures, EXPECTED] if file.figures and file.expected else file.figures
    return msgspec.structs.replace(
        report, title=file.title, results=results, notes=[*_notes(file), *report.notes], figures=shown
    )


def run_question(
    question: str,
    asked: Definition,
    *,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> Report:
    """Answer a question; a checkpoint counts for those of :data:`CONTINUED` alone."""
    options: dict[str, Any] = {"checkpoint": checkpoint} if question in CONTINUED else {}
    report: Report = QUESTIONS.load(question)(definition=asked, progress=progress, **options)
    return report


def _notes(file: AnalysisFile) -> list[str]:
    """What the file says of itself."""
    said = [file.description] if file.description else []
    return [*said, f"Asked in {file.path.name}. Source: {file.source.rstrip('.')}."]
