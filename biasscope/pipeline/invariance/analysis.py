"""`analyze_invariance`: every model, every protocol, one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar
from biasscope.images.picture import ImageProblem, ImageSource
from biasscope.models import LoadedModel, squashed
from biasscope.pipeline.common import inventory
from biasscope.pipeline.common.calls import called, in_memory
from biasscope.pipeline.common.forms import Impossible, Subject
from biasscope.pipeline.common.labels import Given
from biasscope.pipeline.common.origin import files
from biasscope.pipeline.common.run import notes, once, reported, untrained
from biasscope.pipeline.common.sources import listed, place
from biasscope.pipeline.common.subjects import chosen, subjects
from biasscope.pipeline.definition import InvarianceAnalysis
from biasscope.pipeline.invariance import plan
from biasscope.pipeline.invariance.answer import answer
from biasscope.pipeline.invariance.comparison import compared
from biasscope.pipeline.invariance.headline import headline
from biasscope.pipeline.invariance.lie import lie
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.results import Protocol, result_of
from biasscope.report.model import Report
from biasscope.sweep import sweep
from biasscope.sweep.job import DRAWS

QUESTION = "Does the model keep its answer when the picture moves, grows, turns, or is resized by another library?"


def analyze_invariance(
    *models: str | nn.Module | LoadedModel,
    images: Any = None,
    definition: InvarianceAnalysis | None = None,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Report:
    """Answer question 2 for models and pictures, or for the embedded networks and scenes when none are given.

    Parameters
    ----------
    *models
        Specifications as :func:`biasscope.load_model` reads them, modules, or loaded models.
    images
        Whatever :func:`biasscope.open_images` opens, or an open source.
    definition
        What to analyse and how, instead of models, images and options.
    checkpoint
        Folder in which a run that was stopped is continued; nothing is kept unless given.
    progress
        Shows what is going on; silent by default.
    **options
        Fields of :class:`~biasscope.pipeline.definition.InvarianceAnalysis`, as ``protocol=["circular"]``.

    Returns
    -------
    Report
        The answer; write it with :func:`biasscope.report.write.write`.

    Raises
    ------
    UsageError
        An option is out of range or unknown, a model cannot be loaded, or a form cannot be made of it.
    InputError
        Pictures cannot be read, labels do not fit a model, or its outputs are not finite.

    Examples
    --------
    >>> model = "torchvision:squeezenet1_1@none?classes=10&size=32"
    >>> report = analyze_invariance(model, images="scenes:4", protocol="circular", grid="3x3", lie=0)
    >>> [result.kind for result in report.results]
    ['shifts', 'models', 'images']
    """
    asked = definition or called(InvarianceAnalysis, models, images, options)
    run = Run(asked, models, in_memory(images), checkpoint, progress or Progress())
    return reported("invariance", QUESTION, run)


@dataclass
class Run:
    """One analysis while it runs."""

    asked: InvarianceAnalysis
    models: Sequence[Given]
    images: Any
    checkpoint: str | Path | None
    progress: Progress
    subjects: list[Subject] = field(default_factory=list)
    impossible: list[Impossible] = field(default_factory=list)
    plans: list[plan.Plan] = field(default_factory=list)
    measured: dict[str, list[Measurement]] = field(default_factory=dict)
    found: dict[str, Result] = field(default_factory=dict)
    phrases: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)

    def results(self) -> Iterator[Result]:
        """Results in the order of the report."""
        plan.check(self.asked)
        pictures = plan.given(self.asked, self.images)
        given = chosen(self.models, self.asked.model, self.asked.variants, self.progress)
        self.subjects = subjects(given, self.asked, self.progress, self.impossible)
        sizes = [item.model.preprocessing.size for item in self.subjects]
        largest = (max(height for height, _ in sizes), max(width for _, width in sizes))
        self.plans = plan.plans(self.asked, pictures, largest)
        for one in self.plans:
            yield self._protocol(one)
        comparison = compared(self.measured, self._pictures, self.asked.filter_size)
        derivatives = lie(self.subjects, self._source, self.asked, self.progress, self.absent)
        yield from (item for item in (comparison, derivatives) if item is not None)
        yield inventory.models(self.subjects, self.impossible)
        taken = self._taken()
        yield inventory.images(self._source, self.problems(), len(taken), self._said(sweeps=True), taken, self._noun)

    @property
    def _source(self) -> ImageSource:
        return self.plans[0].source

    @property
    def _pictures(self) -> str:
        """Pictures in a word or two."""
        return place(self._source, self.asked)

    @property
    def title(self) -> str:
        """Models and pictures."""
        return f"{listed([item.family for item in self.subjects])} on {self._pictures}"

    def answer(self, results: Sequence[Result]) -> list[str]:
        """Sentences of the first screen."""
        problems = self.problems()
        kinds = {one.protocol: one.kind for one in self.plans}
        left_out = inventory.said(problems, self._taken(), self._noun) if problems else ""
        return answer(self.measured, self.phrases, kinds, left_out)

    def headline(self, results: Sequence[Result]) -> list[Scalar]:
        """Numbers of the first screen."""
        return headline(self.measured, {name: item.scalars for name, item in self.found.items()})

    def problems(self) -> list[ImageProblem]:
        """Problems with pictures in any sweep, each once."""
        return once(problem for items in self.measured.values() for item in items for problem in item.sweep.problems)

    def notes(self) -> list[str]:
        """How the pictures came about, what was limited, what surgery means."""
        limited = plan.limit(self.asked) if self.asked.limit is None else None
        most = limited if len(self._taken()) == limited else None
        drawn = DRAWS.partition("{}")[2]
        wrong = [note for note in self._said(sweeps=True) if squashed.MARK in note or drawn in note]
        return notes(
            self._source,
            [*wrong, *untrained(self.subjects), *self.absent, *self._said()],
            self.impossible,
            most,
            self._noun,
        )

    def files(self) -> list[Path]:
        """Files of pictures and weights."""
        return files((path for one in self.plans for path in one.source.files), self.subjects)

    def _protocol(self, one: plan.Plan) -> Result:
        items = [self._measure(one, subject) for subject in self.subjects]
        self.measured[one.protocol] = items
        parameters = dict(items[0].transformation.parameters)
        views = items[0].sweep.views
        self.phrases[one.protocol] = plan.describe(parameters, [len(items[0].sweep)], views)
        every = plan.describe(parameters, [len(item.sweep) for item in items], views)
        with self.progress.step(f"Results of {one.protocol}"):
            found = result_of(Protocol(one, items, every))
        self.found[one.protocol] = found
        return found

    def _measure(self, one: plan.Plan, subject: Subject) -> Measurement:
        made = one.transformation(subject.model.preprocessing)
        asked = self.asked
        swept = sweep(
            subject.model, one.source, made,
            batch=asked.batch, device=asked.device, amp=asked.amp, compile=asked.compile,
            channels_last=asked.channels_last or plan.is_embedded(asked), seed=asked.seed,
            checkpoint=self.checkpoint, progress=self.progress, label=subject.label,
        )  # fmt: skip
        if not len(swept):
            raise UsageError(f"no picture takes the protocol {one.protocol}", where=one.source.name)
        return Measurement(subject, made, swept, {item.metric: item for item in swept.measure()})

    def _taken(self) -> set[str]:
        """Names of the pictures that any model was measured on under any protocol."""
        return {name for items in self.measured.values() for item in items for name in item.sweep.image_ids}

    @property
    def _noun(self) -> str:
        """What a picture is called."""
        return "clip" if {one.kind for one in self.plans} == {"video"} else "picture"

    def _said(self, *, sweeps: bool = False) -> list[str]:
        """Notes of the source, and those of the sweeps, each once."""
        notes = [note for one in self.plans for note in one.source.notes]
        notes += [note for items in self.measured.values() for item in items for note in item.sweep.notes if sweeps]
        return list(dict.fromkeys(notes))
