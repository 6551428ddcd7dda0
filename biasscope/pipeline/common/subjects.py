"""The models that are measured, each in the forms that were asked for, with short labels that are unique."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.models import LoadedModel, load_model
from biasscope.pipeline.common.forms import Forms, Impossible, Subject, forms
from biasscope.pipeline.common.labels import Given, label_of, unique
from biasscope.pipeline.common.training import train_ahead

EMBEDDED = ("small:digits8", "small:digits8-antialias", "small:digits8-polyphase", "small:digits8-pac")
"""Models of the embedded default, each trained in its form."""


def subjects(
    given: Sequence[Given], asked: Forms | None, progress: Progress, impossible: list[Impossible] | None = None
) -> list[Subject]:
    """Load every model and make its forms.

    Parameters
    ----------
    asked
        Which forms; ``None`` for every model as it is.
    impossible
        Takes the forms that cannot be made, as long as there is one that can; without it each is an error.

    Raises
    ------
    UsageError
        A model cannot be loaded, or a form cannot be made of it: the message names both.
    """
    made: list[Subject] = []
    failed: list[Impossible] = []
    for model, label in zip(given, unique([label_of(model) for model in given]), strict=True):
        with progress.step(f"Loading {label}"):
            made += forms(_loaded(model), label, asked, failed)
    if failed and (impossible is None or not made):
        one = failed[0]
        hint = f"Leave {one.variant} out of --variants."
        raise UsageError("; ".join(map(str, failed)), where="--variants", hint=hint)
    if impossible is not None:
        impossible += failed
    return made


def _loaded(model: Given) -> LoadedModel:
    """Load a model; code of one's own that draws weights without a seed draws the same ones in every run."""
    import torch

    if isinstance(model, LoadedModel):
        return model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return load_model(model)


def chosen(
    models: Sequence[Given], named: Sequence[str], variants: Sequence[str], progress: Progress
) -> Sequence[Given]:
    """Models in memory, else those that are named, else the embedded ones, of which those missing are trained.

    Where forms are asked for, of the embedded ones only the first is taken, and they are made of it.
    """
    given = models or named or (EMBEDDED[:1] if variants else EMBEDDED)
    train_ahead(given, progress)
    return given
