"""One model in the forms that were asked for, made by surgery; those that cannot be made are collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import (
    LoadedModel,
    SurgeryTable,
    antialias,
    circular,
    pac,
    polyphase,
    surgery_table,
    weights_sha256,
)

BASELINE = "baseline"
PAC_SCALE = 1e-4


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
    def untrained(self) -> bool:
        """Whether the weights are known to be random."""
        return self.model.provenance.source.endswith(", untrained")

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


def forms(plain: LoadedModel, label: str, asked: Forms | None, failed: list[Impossible]) -> Iterator[Subject]:
    """Forms of a model, or the model as it is.

    Parameters
    ----------
    plain
        The model.
    label
        Its name.
    asked
        Which forms; ``None`` for the model as it is.
    failed
        Takes the forms that cannot be made.
    """
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
            continue
        why = _unchanged(plain, changed)
        if why:
            failed.append(Impossible(label, form, why))
        else:
            name = form if variant == BASELINE else f"{variant}, {form}"
            yield Subject(f"{label} ({form})", family, name, False, changed, architecture)


def _unchanged(plain: LoadedModel, changed: LoadedModel) -> str:
    """Why a form is the model itself, where it is: nothing was replaced."""
    table = surgery_table(changed.module)
    if len(table) > len(surgery_table(plain.module)):
        return ""
    kept = "; ".join(dict.fromkeys(f"{row.name} was left: {row.reason}" for row in table.kept))
    return f"there is nothing to replace{f' ({kept})' if kept else ''}"


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
