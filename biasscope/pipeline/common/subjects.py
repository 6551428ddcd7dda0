"""The models that are measured, each in the forms that were asked for, with short labels that are unique."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Protocol

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.models import (
    LoadedModel,
    SurgeryTable,
    antialias,
    circular,
    load_model,
    pac,
    polyphase,
    surgery_table,
    weights_sha256,
)
from biasscope.pipeline.definition.invariance import VARIANTS

EMBEDDED = ("small:digits8", "small:digits8-antialias", "small:digits8-polyphase", "small:digits8-pac")
"""Models of the embedded default, each trained in its form."""
BASELINE = "baseline"
PAC_SCALE = 1e-4
Given = str | nn.Module | LoadedModel


class Forms(Protocol):
    """What an analysis asks of the forms of a model."""

    @property
    def variants(self) -> Sequence[str]:
        """Forms; none for the model as it is."""

    @property
    def filter_size(self) -> int:
        """Taps of the blur of ``antialias``."""

    @property
    def stem(self) -> bool:
        """Whether that blur is also put behind the strided convolution that reads the picture."""


@dataclass(frozen=True)
class Subject:
    """One model in one form.

    Attributes
    ----------
    label
        Short and unique, as ``resnet20`` or ``resnet20 (antialias)``.
    family
        Label of the model that it is a form of.
    variant
        ``baseline`` or the form.
    trained
        Whether the weights were trained in this form; surgery alone keeps those of the baseline.
    model
        The model.
    architecture
        Name of the architecture where it is known, as ``resnet50``, for published figures.
    """

    label: str
    family: str
    variant: str
    trained: bool
    model: LoadedModel
    architecture: str = ""

    @property
    def surgery(self) -> SurgeryTable:
        """What surgery replaced and kept."""
        return surgery_table(self.model.module)


@dataclass(frozen=True)
class Impossible:
    """A form that cannot be made of a model, and why."""

    family: str
    variant: str
    reason: str

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"{self.family} has no form {self.variant}: {self.reason}"


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
            plain = model if isinstance(model, LoadedModel) else load_model(model)
            made += _forms(plain, label, asked, failed)
    if failed and (impossible is None or not made):
        one = failed[0]
        hint = f"Leave {one.variant} out of --variants."
        raise UsageError("; ".join(map(str, failed)), where="--variants", hint=hint)
    if impossible is not None:
        impossible += failed
    return made


def label_of(model: Given) -> str:
    """Short name of a model: what its specification calls it, without weights, options and folders.

    Examples
    --------
    >>> [label_of(spec) for spec in ("torchvision:vgg16@none?seed=1", "file:/w/resnet20.safetensors?arch=x")]
    ['vgg16', 'resnet20']
    """
    text = model if isinstance(model, str) else _spec(model)
    scheme, _, name = text.partition(":")
    name = name.partition("?")[0]
    return (PurePath(name).stem if scheme == "file" else name.partition("@")[0]) or scheme


def unique(labels: Sequence[str]) -> list[str]:
    """Labels that are all different, in the same order.

    Examples
    --------
    >>> unique(["a", "b", "a", "a #2"])
    ['a', 'b', 'a #2', 'a #2 #2']
    """
    taken: list[str] = []
    for label in labels:
        number, name = 1, label
        while name in taken:
            number += 1
            name = f"{label} #{number}"
        taken.append(name)
    return taken


def _spec(model: nn.Module | LoadedModel) -> str:
    return model.provenance.spec if isinstance(model, LoadedModel) else f"module:{type(model).__name__}"


def _forms(plain: LoadedModel, label: str, asked: Forms | None, failed: list[Impossible]) -> Iterator[Subject]:
    architecture = _architecture(plain)
    family, variant = _trained_form(plain, label)
    for form in dict.fromkeys((asked and asked.variants) or [BASELINE]):
        if asked is None or form == BASELINE:
            yield Subject(label, family, variant, True, plain, architecture)
            continue
        try:
            changed = _operated(plain, form, asked)
        except UsageError as error:
            at = f" ({error.where})" if error.where else ""
            failed.append(Impossible(label, form, f"{error.what}{at}"))
        else:
            name = form if variant == BASELINE else f"{variant}, {form}"
            yield Subject(f"{label} ({form})", family, name, False, changed, architecture)


def _trained_form(plain: LoadedModel, label: str) -> tuple[str, str]:
    """Family and form; the small networks are trained in several forms of one network."""
    form = plain.provenance.recipe.get("form", "plain") if plain.provenance.spec.startswith("small:") else "plain"
    return (label, BASELINE) if form == "plain" else (label.replace(f"-{form}", ""), form)


def _architecture(plain: LoadedModel) -> str:
    recipe, spec = plain.provenance.recipe, plain.provenance.spec
    name = recipe.get("arch", spec if spec.startswith(("torchvision:", "timm:")) else "")
    return name.rpartition(":")[2].partition("?")[0].partition("@")[0]


def _operated(plain: LoadedModel, form: str, asked: Forms) -> LoadedModel:
    """Copy of a model after surgery, with the hash of the weights it has then."""
    shape = (plain.preprocessing.channels, *plain.preprocessing.size)
    surgeries: dict[str, Callable[[nn.Module], nn.Module]] = {
        "antialias": partial(antialias, filter_size=asked.filter_size, stem=asked.stem, example=shape),
        "polyphase": partial(polyphase, example=shape),
        "pac": partial(pac, scale=PAC_SCALE, example=shape),
        "circular": partial(circular, example=shape),
    }
    module = surgeries[form](plain.module).eval()
    count = sum(parameter.numel() for parameter in module.parameters())
    provenance = replace(plain.provenance, sha256=weights_sha256(module), parameters=count)
    return replace(plain, module=module, provenance=provenance)


__all__ = ["BASELINE", "EMBEDDED", "VARIANTS", "Given", "Impossible", "Subject", "label_of", "subjects", "unique"]
