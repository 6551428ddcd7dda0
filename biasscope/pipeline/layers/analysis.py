"""`analyze_layers`: every model, every layer, one report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from torch import nn

from biasscope.core.errors import InputError, UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar
from biasscope.images.picture import ImageProblem, ImageSource, Picture
from biasscope.models import LoadedModel, squashed
from biasscope.models.outputs import not_finite
from biasscope.pipeline.common import inventory
from biasscope.pipeline.common.calls import called, in_memory
from biasscope.pipeline.common.forms import Impossible
from biasscope.pipeline.common.labels import Given
from biasscope.pipeline.common.origin import files
from biasscope.pipeline.common.run import notes, once, reported, untrained
from biasscope.pipeline.common.sources import listed, opened, place, readable
from biasscope.pipeline.common.subjects import chosen, subjects
from biasscope.pipeline.definition import LayersAnalysis
from biasscope.pipeline.layers import plan, words
from biasscope.pipeline.layers.attribution import attributed
from biasscope.pipeline.layers.blame import blamed
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.pipeline.layers.result import result
from biasscope.pipeline.layers.structure import structured
from biasscope.report.model import Report
from biasscope.trace import trace
from biasscope.trace.probe import DRAWS

QUESTION = "At which layer is shiftability lost, and which layer is to blame when a shift changes the answer?"
SHOWN = 4
"""Pictures that are kept in memory for thumbnails."""


def analyze_layers(
    *models: str | nn.Module | LoadedModel,
    images: Any = None,
    definition: LayersAnalysis | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Report:
    """Answer question 3 for models and pictures, or for the embedded networks and scenes when none are given.

    Parameters
    ----------
    *models
        Specifications as :func:`biasscope.load_model` reads them, modules, or loaded models.
    images
        Whatever :func:`biasscope.open_images` opens, or an open source.
    definition
        What to analyse and how, instead of models, images and options.
    progress
        Shows what is going on; silent by default.
    **options
        Fields of :class:`~biasscope.pipeline.definition.LayersAnalysis`, as ``variants=["baseline", "antialias"]``.

    Returns
    -------
    Report
        The answer; write it with :func:`biasscope.report.write.write`.

    Raises
    ------
    UsageError
        An option is out of range or unknown, a model cannot be loaded or traced, or a form cannot be made of it.
    InputError
        Pictures cannot be read, or a model's answers are not finite.

    Examples
    --------
    >>> model = "torchvision:squeezenet1_1@none?classes=10&size=32"
    >>> report = analyze_layers(model, images="scenes:4", grid="0..1", blame=False, attribution="none")
    >>> [result.kind for result in report.results][0], report.result("layers").parameters["shifts"]
    ('layers', 4)
    """
    asked = definition or called(LayersAnalysis, models, images, options)
    return reported("layers", QUESTION, Run(asked, models, in_memory(images), progress or Progress()))


@dataclass
class Run:
    """One analysis while it runs."""

    asked: LayersAnalysis
    models: Sequence[Given]
    images: Any
    progress: Progress
    items: list[Measurement] = field(default_factory=list)
    impossible: list[Impossible] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    shown: list[Picture] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    source: ImageSource = field(init=False)

    def results(self) -> Iterator[Result]:
        """Results in the order of the report."""
        measures = plan.measures(self.asked)
        self.source = readable(opened(self.asked, self.images, limit=plan.limit(self.asked)))
        given = chosen(self.models, self.asked.model, self.asked.variants, self.progress)
        found = [plan.look(one) for one in subjects(given, self.asked, self.progress, self.impossible)]
        moved = plan.transformation(self.asked, found)
        self.items = [self._traced(one, moved, measures) for one in found]
        self.shown = list(islice(self.source, SHOWN))
        with self.progress.step("Results of the layers"):
            yield result(self.items, self.asked, self.shown)
        yield from self._others()
        yield inventory.models([item.subject for item in self.items], self.impossible)
        yield inventory.images(self.source, self.problems(), self._count(), self.source.notes)

    def _others(self) -> Iterator[Result]:
        found = (
            blamed(self.items, self.source, self.asked, self.progress, self.absent),
            attributed(self.items, self.source, self.asked, self.progress, self.absent),
            structured(self.items, self.progress, self.absent),
        )
        made = [one for one in found if one is not None]
        said = ([note for note in one.notes if squashed.MARK in note] for one in made)
        self.wrong = next((notes for notes in said if notes), [])
        yield from made

    def _traced(self, one: plan.Look, moved: Any, measures: Mapping[str, Mapping[str, Any]]) -> Measurement:
        subject, functional = one.subject, plan.functional(self.asked, one)
        try:
            made = moved.for_model(subject.model.preprocessing)
        except UsageError as error:
            raise plan.in_options(error) from error
        with self.progress.step(f"Tracing {subject.label}"):
            try:
                found = trace(
                    subject.model, self.source, made, measures=measures, layers=self.asked.layers or None,
                    functional=functional, split=self.asked.split_layers, batch=self.asked.batch, by_image=True,
                    seed=self.asked.seed, device=plan.device(self.asked), amp=self.asked.amp, label=subject.label,
                    progress=self.progress,
                )  # fmt: skip
            except UsageError as error:
                said = plan.in_options(error)
                raise UsageError(f"{subject.label}: {said.what}", where=said.where, hint=said.hint) from error
            except InputError as error:
                raise InputError(error.what, where=self.source.name, hint=error.hint) from error
        if found.infinite:
            raise not_finite(found.infinite, subject.label)
        return Measurement(subject, made, found, one.functions if functional else (), plan.picked(self.asked))

    @property
    def title(self) -> str:
        """Models and pictures."""
        return f"Layers of {listed([item.subject.family for item in self.items])} on {place(self.source, self.asked)}"

    def answer(self, results: Sequence[Result]) -> list[str]:
        """Sentences of the first screen."""
        said = words.answer(self.items, results[1:])
        problems = self.problems()
        return said + ([inventory.said(problems)] if problems else [])

    def headline(self, results: Sequence[Result]) -> list[Scalar]:
        """Numbers of the first screen."""
        return words.headline(results[0], results[1:], self.items)

    def problems(self) -> list[ImageProblem]:
        """Problems with pictures, each once."""
        return once(problem for item in self.items for problem in item.trace.problems)

    def notes(self) -> list[str]:
        """How the pictures came about, what was limited."""
        limited = self.asked.limit is None and self._count() == plan.LIMIT
        told = [(item.label, note) for item in self.items for note in item.trace.notes]
        drawn = [f"{label}: {note}." for label, note in told if note.startswith(DRAWS.partition("{}")[0])]
        said = [*self.wrong, *drawn, *untrained(item.subject for item in self.items), *self.absent, *self.source.notes]
        return notes(self.source, said, self.impossible, plan.LIMIT if limited else None)

    def files(self) -> list[Path]:
        """Files of pictures and weights."""
        return files(self.source.files, [item.subject for item in self.items])

    def _count(self) -> int:
        return max(item.trace.images for item in self.items)
