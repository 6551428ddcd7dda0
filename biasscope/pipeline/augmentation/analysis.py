"""`analyze_augmentation`: a plan, a sweep a model, one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from biasscope.copies import CopiesSweep, Data
from biasscope.copies.pool import make_pool
from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar
from biasscope.models.device import resolve_device
from biasscope.pipeline.augmentation import pictures, plan, products, words, workers
from biasscope.pipeline.augmentation.delivered import check, transforms
from biasscope.pipeline.augmentation.result import result
from biasscope.pipeline.augmentation.study import Study
from biasscope.pipeline.augmentation.subjects import Given, label, starts_trained, trainable
from biasscope.pipeline.common.calls import called, in_memory
from biasscope.pipeline.common.labels import unique
from biasscope.pipeline.common.origin import with_weights
from biasscope.pipeline.common.run import reported
from biasscope.pipeline.definition import AugmentationAnalysis
from biasscope.report.model import Report

QUESTION = "How many transformed copies of every image does learning invariance need?"


def analyze_augmentation(
    *models: Given,
    images: Any = None,
    definition: AugmentationAnalysis | None = None,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Report:
    """Answer question 4 for models and images, or for small networks and embedded digits when none are given.

    Parameters
    ----------
    *models
        ``small:4``, ``small:8``, specifications as :func:`biasscope.load_model` reads them, or functions that build an
        untrained network.
    images
        ``centred:COUNT@SIDE``, ``scenes:COUNT@SIDE``, whatever :func:`biasscope.open_images` opens, or
        :class:`biasscope.copies.Data`.
    definition
        What to analyse and how, instead of models, images and options.
    checkpoint
        Folder for finished and running networks; with the same arguments an analysis that was killed goes on there.
    progress
        Shows what is going on; silent by default.
    **options
        Fields of :class:`~biasscope.pipeline.definition.AugmentationAnalysis`, as ``copies=[1, 4, 16]``.

    Returns
    -------
    Report
        The answer; write it with :func:`biasscope.report.write.write`.

    Raises
    ------
    UsageError
        An option is out of range or unknown, or a model does not take the images.
    InputError
        The images cannot be used.

    Examples
    --------
    >>> words = {"copies": [1, 4], "variants": "plain", "seeds": 1, "steps": 2, "shifts": "2x2"}
    >>> report = analyze_augmentation("small:4:4", images="centred:60@24", **words)
    >>> [result.kind for result in report.results]
    ['copies', 'transforms', 'images']
    """
    asked = definition or called(AugmentationAnalysis, models, images, _texts(options), label)
    run = Run(asked, models, in_memory(images), checkpoint, progress or Progress())
    return reported("augmentation", QUESTION, run)


def _texts(options: Mapping[str, object]) -> dict[str, object]:
    """Copies and target may be numbers, products of copies tuples."""
    given = options.get("copies", [])
    several = given if isinstance(given, list | tuple) else [given]
    texts = {"copies": ["x".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in several]}
    return {**options, **texts, **({"target": str(options["target"])} if "target" in options else {})}


@dataclass
class Run:
    """One analysis while it runs."""

    asked: AugmentationAnalysis
    models: Sequence[Given]
    images: Any
    checkpoint: str | Path | None
    progress: Progress
    studies: list[Study] = field(default_factory=list)
    data: Data = field(init=False)

    def results(self) -> list[Result]:
        """Results in the order of the report."""
        plain = not (self.models or self.asked.model)
        embedded = plain and self.images is None and self.asked.images is None
        asked = plan.asked(self.asked, embedded=embedded)
        given: list[Given] = list(self.models or self.asked.model or plan.EMBEDDED)
        with self.progress.step("Opening images"):
            self.data = pictures.prepared(self.asked, self.images)
        height, width = self.data.train.shape[2:]
        check(self.asked.augment, (height, width))
        self._sweeps(given, asked)
        strides = list(dict.fromkeys(self._stride(study) for study in self.studies))
        with self.progress.step("Results of the sweeps"):
            found = [
                result(self.studies, asked),
                transforms(self.asked.augment, (height, width), strides, self.asked.seed),
            ]
        return [*found, pictures.result(self.data, self.studies[0].sizes[0], len(self.studies[0].sweep.targets))]

    def files(self) -> list[Path]:
        """Files of weights and images."""
        specs = [one for one in self.models or self.asked.model if isinstance(one, str)]
        return with_weights(self.data.files, specs)

    def _sweeps(self, given: Sequence[Given], asked: plan.Asked) -> None:
        words = {**asked.words, **{name: getattr(self.asked, name) for name in workers.SETTINGS}}
        words["checkpoint"] = None if self.checkpoint is None else str(self.checkpoint)
        models = self._models(given, asked)
        names = unique([label(one) for one in given])
        texts = [one for one in given if isinstance(one, str) and one.startswith("small:")]
        apart = len(texts) == len(given) > 1 < workers.cores() and self._on_cpu()
        turns = ceil(len(given) / workers.cores()) if apart else len(given)
        words["budget"] = None if asked.budget is None else asked.budget / turns
        done: list[CopiesSweep | None] = [None] * len(given)
        if apart:
            total = None if asked.budget else len(given) * asked.networks
            done = workers.together(texts, words, self.data, self.progress, total)
        for name, model, ready in zip(names, models, done, strict=True):
            sweep = ready or workers.sweep(model, self.data, words, self.progress)
            self.studies.append(Study(name, sweep, asked.target, len(given) == 1, self.asked.seed))

    def _models(self, given: Sequence[Given], asked: plan.Asked) -> list[Any]:
        """Models that take the images; grey images get three equal channels where one of them takes no others."""
        try:
            return [trainable(one, self._shape(asked), self.data.classes) for one in given]
        except UsageError as error:
            if self.data.train.shape[1] != 1 or "channels, but got" not in error.what:
                raise
        self.data = pictures.coloured(self.data)
        return [trainable(one, self._shape(asked), self.data.classes) for one in given]

    def _on_cpu(self) -> bool:
        return resolve_device(self.asked.device).type == "cpu"

    def _shape(self, asked: plan.Asked) -> tuple[int, int, int]:
        """Channels and sides of what a network sees; a crop cuts the largest shift off each side."""
        channels, height, width = self.data.train.shape[1:]
        if asked.words["edges"] != "crop" or "shift" not in asked.words["transform"]:
            return channels, height, width
        cut = 2 * max(
            make_pool("shift", shifts=asked.words[name] or asked.words["shifts"]).reach
            for name in ("shifts", "test_shifts")
        )
        return channels, height - cut, width - cut

    @staticmethod
    def _stride(study: Study) -> int:
        return study.sweep.subsampling[study.sweep.variants[0]].stride_product

    @property
    def title(self) -> str:
        """Models and images."""
        names = ", ".join(study.model for study in self.studies[:3])
        where = self.data.name if self.asked.images or self.images is not None else plan.DEFAULT_IMAGES
        return f"Copies that {names} need on {where}"

    def answer(self, results: Sequence[Result]) -> list[str]:
        """Sentences of the first screen."""
        return words.answer(self.studies, products.answer(self.studies))

    def headline(self, results: Sequence[Result]) -> list[Scalar]:
        """Numbers of the first screen."""
        return words.headline(self.studies, results[0].scalars)

    def notes(self) -> list[str]:
        """What was made small, and how."""
        said = []
        if not (self.models or self.asked.model):
            said.append("No model was given: small networks of stride product 4 and 8, trained from scratch here.")
        if self.images is None and self.asked.images is None:
            said.append(
                "No images were given: embedded digits, all of them in the middle, so that only copies show them "
                "elsewhere."
            )
        trained = [label(one) for one in self.models or self.asked.model if starts_trained(one)]
        if trained:
            said.append(
                f"{', '.join(trained)}: training starts from the given weights, which all repetitions share; what they "
                "were trained on before counts too. @none trains from scratch."
            )
        return said + words.thinned(self.studies) + list(self.data.notes)
