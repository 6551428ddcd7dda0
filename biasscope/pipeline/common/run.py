"""What the analyses of models share while they run: from a run to its report, problems told once, notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from biasscope.core.provenance import inputs_of
from biasscope.core.results import Result, Scalar
from biasscope.core.words import first_few
from biasscope.images.picture import ImageProblem, ImageSource
from biasscope.pipeline.common.forms import Impossible, Subject
from biasscope.pipeline.common.origin import Origin
from biasscope.pipeline.definition import Definition
from biasscope.report.model import Report

NAMED = 4
"""Models that a note names."""


class Run(Protocol):
    """One analysis: its results, then what is said of them."""

    @property
    def asked(self) -> Definition:
        """What is analysed and how."""

    def results(self) -> Iterable[Result]:
        """Results in the order of the report; everything is run while they are made."""

    @property
    def title(self) -> str:
        """Models and pictures."""

    def answer(self, results: Sequence[Result]) -> list[str]:
        """Sentences of the first screen."""

    def headline(self, results: Sequence[Result]) -> list[Scalar]:
        """Numbers of the first screen."""

    def files(self) -> list[Path]:
        """Files of pictures and weights."""

    def notes(self) -> list[str]:
        """How the inputs came about, what was limited."""


def reported(kind: str, question: str, run: Run) -> Report:
    """Report of an analysis, which is run for it.

    Parameters
    ----------
    kind
        Command that asks the question.
    question
        In words.
    run
        The analysis.
    """
    origin = Origin(kind, run.asked)
    results = list(run.results())
    return Report(
        kind=kind,
        title=run.title,
        question=question,
        answer=run.answer(results),
        headline=run.headline(results),
        results=results,
        provenance=origin.provenance(inputs_of(run.files())),
        notes=run.notes(),
    )


def once(problems: Iterable[ImageProblem]) -> list[ImageProblem]:
    """Problems with pictures that several models were shown, each once."""
    return list({(item.code, item.image_id): item for item in problems}.values())


def why_absent(section: str, made: Sequence[object], reasons: Iterable[str]) -> list[str]:
    """Notes on a section that is not in the report because it could be made of no model; none where it is there.

    >>> why_absent("blame", [], ["net is left out: no gradient."]), why_absent("blame", ["one"], ["net is left out."])
    (['No blame: net is left out: no gradient.'], [])
    """
    return [] if made else [f"No {section}: {reason}" for reason in reasons]


def untrained(subjects: Iterable[Subject]) -> list[str]:
    """What is said of networks with random weights; nothing where there are none."""
    names = list(dict.fromkeys(item.family for item in subjects if item.untrained))
    return [f"Random weights, untrained: {first_few(names, NAMED)}. Trained ones may do otherwise."] if names else []


def notes(
    source: ImageSource,
    others: Iterable[str],
    impossible: Sequence[Impossible] = (),
    most: int | None = None,
    noun: str = "picture",
) -> list[str]:
    """How the pictures came about, which forms are left out, what was limited, then what others say, each once.

    Parameters
    ----------
    source
        The pictures.
    others
        What the reading of pictures or a sweep says.
    impossible
        Forms that cannot be made.
    most
        Usual number of pictures, where it has limited them.
    noun
        What a picture is called.
    """
    said = [source.law] if source.law else []
    said += [f"Left out: {item}." for item in impossible]
    if most is not None:
        said.append(f"At most {most} {noun}s are measured unless --limit says otherwise.")
    return said + list(dict.fromkeys(others))
