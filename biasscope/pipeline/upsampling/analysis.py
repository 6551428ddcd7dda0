"""`analyze_upsampling`: every model, every layer that upsamples, one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar
from biasscope.images.picture import ImageSource
from biasscope.models import LoadedModel
from biasscope.pipeline.common import inventory
from biasscope.pipeline.common.calls import called, in_memory
from biasscope.pipeline.common.forms import Subject
from biasscope.pipeline.common.labels import Given
from biasscope.pipeline.common.origin import files
from biasscope.pipeline.common.run import notes, reported
from biasscope.pipeline.common.sources import listed, opened, place, readable
from biasscope.pipeline.common.subjects import subjects
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.pipeline.upsampling import plan, results, words
from biasscope.pipeline.upsampling.measurement import Measurement, best
from biasscope.pipeline.upsampling.position import coverage
from biasscope.report.model import Report
from biasscope.upsampling import analyse, compare, layer_by_layer

QUESTION = "Which layer writes a checkerboard, how strong is it, and what removes it at which price?"
SHOWN = 8
"""Outputs that are kept for pictures and spectra."""


class Look(TypedDict):
    """How models are looked at, as they are and after remedies alike."""

    batch: int
    channels: int
    margin: int | None


def analyze_upsampling(
    *models: str | nn.Module | LoadedModel,
    images: Any = None,
    inputs: Any = None,
    definition: UpsamplingAnalysis | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Report:
    """Look for checkerboards, forward and in the gradients, in models or in three small decoders.

    Parameters
    ----------
    *models
        Specifications as :func:`biasscope.load_model` reads them, modules, or loaded models: decoders, generators,
        segmentation and classification networks (of the last, the gradients).
    images
        Whatever :func:`biasscope.open_images` opens, or an open source.
    inputs
        Instead of pictures, what the models take, ready, as a tensor or array: (N, C, ...) with one to three axes, or
        latents (N, C).
    definition
        What to analyse and how, instead of models, images and options.
    progress
        Shows what is going on; silent by default.
    **options
        Fields of :class:`~biasscope.pipeline.definition.UpsamplingAnalysis`, as ``latent="100x1x1"``.

    Returns
    -------
    Report
        The answer; write it with :func:`biasscope.report.write.write`.

    Raises
    ------
    UsageError
        An option is out of range or unknown, or a model cannot be loaded or run.
    InputError
        Pictures cannot be read.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.ConvTranspose2d(2, 1, 3, 2))
    >>> report = analyze_upsampling(net, inputs=torch.rand(2, 2, 16, 16), remedies="hold")
    >>> [result.kind for result in report.results]
    ['patterns', 'overlap', 'remedies', 'weights', 'models']
    >>> report.result("overlap").scalars[0].value
    4.0
    """
    asked = definition or called(UpsamplingAnalysis, models, images, options)
    return reported("upsampling", QUESTION, Run(asked, models, in_memory(images), inputs, progress or Progress()))


@dataclass
class Run:
    """One analysis while it runs."""

    asked: UpsamplingAnalysis
    models: Sequence[Given]
    images: Any
    inputs: Any
    progress: Progress
    items: list[Measurement] = field(default_factory=list)
    source: ImageSource | None = None

    def results(self) -> Iterator[Result]:
        """Results in the order of the report."""
        plan.named(self.asked)
        given = self.models or self.asked.model or plan.EMBEDDED
        plan.shaped(self.models, self.asked, self.inputs)
        pictures = self.inputs is None and self.asked.latent is None
        ahead = plan.limit(self.asked)
        if pictures:
            self.source = readable(opened(self.asked, self.images, limit=ahead))
        found = subjects(given, None, self.progress)
        most = plan.limit(self.asked, [one.model for one in found])
        if pictures and most != ahead:
            self.source = opened(self.asked, self.images, limit=most)
        self.items = [self._looked_at(one, most) for one in found]
        with self.progress.step("Results"):
            yield from results.results(self.items, self.asked)
        position = coverage(self.items, self.source, self.asked, self.progress)
        if position is not None:
            yield position
        yield inventory.models([item.subject for item in self.items])
        if self.source is not None:
            count = max(len(item.inputs) for item in self.items)
            yield inventory.images(self.source, self.source.problems, count, self.source.notes)

    def _looked_at(self, subject: Subject, most: int | None) -> Measurement:
        asked, inputs = self.asked, self._inputs(subject, most)
        module, device = subject.model.module, plan.device(self.asked)
        look: Look = {"batch": asked.batch, "channels": asked.channels, "margin": asked.margin}
        home = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
        try:
            moved, ready = module.to(device), inputs.to(device)
            with self.progress.step(f"Looking at {subject.label}"):
                found = analyse(
                    moved, ready, draws=asked.draws, heads=asked.heads, seed=asked.seed, progress=self.progress, **look
                )
            names = plan.remedies(asked, found)
            tried = compare(moved, ready, names, shown=SHOWN, seed=asked.seed, progress=self.progress, **look)
            chosen = best(tried)
            known = tried[0].strength is not None and tried[0].strength.step is not None
            singles = () if chosen is None or not known else layer_by_layer(
                moved, ready, chosen.name, seed=asked.seed, progress=self.progress, **look
            )  # fmt: skip
        except UsageError as error:
            raise plan.refused(error, subject.label, asked, self.inputs) from error
        finally:
            module.to(home)
        return Measurement(subject, found, inputs.cpu(), tried, self.source is not None, singles)

    def _inputs(self, subject: Subject, most: int | None) -> Tensor:
        if self.inputs is not None:
            return plan.given(self.inputs, subject.model.module, self.asked.limit or None)
        made = plan.latents(self.asked, most) if self.source is None else plan.prepared(self.source, subject.model)
        return plan.in_kind(made, subject.model.module)

    @property
    def title(self) -> str:
        """Models and what they were given."""
        where = "latents" if self.asked.latent else "tensors in memory"
        if self.source is not None:
            where = place(self.source, self.asked)
        return f"Upsampling of {listed([item.label for item in self.items])} on {where}"

    def answer(self, results: Sequence[Result]) -> list[str]:
        """Sentences of the first screen."""
        problems = self.source.problems if self.source is not None else []
        return [*words.answer(self.items)[: 4 if problems else 5], *([inventory.said(problems)] if problems else [])]

    def headline(self, results: Sequence[Result]) -> list[Scalar]:
        """Numbers of the first screen."""
        return words.headline([one for result in results for one in result.scalars], self.items)

    def notes(self) -> list[str]:
        """How the inputs came about."""
        if self.source is None:
            law = "Latents are independent and standard normal." if self.asked.latent else "Inputs were given ready."
            return [law]
        return notes(self.source, self.source.notes)

    def files(self) -> list[Path]:
        """Files of pictures and weights."""
        return files(self.source.files if self.source is not None else (), [item.subject for item in self.items])
