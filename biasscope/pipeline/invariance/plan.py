"""Which protocols, which pictures, which views: decided before any model runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from biasscope.core.errors import UsageError
from biasscope.core.results import Cell
from biasscope.core.words import counted
from biasscope.images.picture import ImageSource
from biasscope.images.sources.video import PREFIX
from biasscope.models import Preprocessing
from biasscope.pipeline.common.sources import opened, readable
from biasscope.pipeline.common.views import check_views
from biasscope.pipeline.definition import InvarianceAnalysis
from biasscope.transforms import PROTOCOLS, make
from biasscope.transforms.transformation import Transformation

LIMIT, EMBEDDED_LIMIT = 200, 100
EMBEDDED = ("embed", "circular", "rescale", "rotation", "resize")
EMBEDDED_SIZES = "16..64:8"
EMBEDDED_LARGE = 160
"""Side of the embedded scenes that are resized: larger than the networks' input of 64."""
STILL, CLIPS, LARGER = ("crop", "embed", "circular"), ("video",), ("resize",)
OPTIONS = {"fill": "--fill", "side": "--side"}
GRIDS = {"grid": ("grid",), "sizes": ("sizes",), "angles": ("angles",)}
"""Option of the analysis -> parameters of protocols that it fills in."""


@dataclass(frozen=True)
class Plan:
    """One protocol on its pictures."""

    protocol: str
    source: ImageSource
    asked: InvarianceAnalysis

    @property
    def kind(self) -> str:
        """Kind of result."""
        return str(PROTOCOLS[self.protocol].facts["kind"])

    @property
    def title(self) -> str:
        """Title of the protocol, for people."""
        return str(PROTOCOLS[self.protocol].facts["title"])

    def transformation(self, preprocessing: Preprocessing) -> Transformation:
        """Views for a model."""
        options = {name: getattr(self.asked, name) for name in OPTIONS if name in takes(self.protocol)}
        if "frames" in takes(self.protocol):
            options["frames"] = self.asked.clip_length
        grid = grid_of(self.protocol, self.asked)
        made = make(self.protocol, preprocessing=preprocessing, grid=grid, seed=self.asked.seed, **options)
        if self.kind == "shifts":
            check_views(made, grid)
        return made


def takes(protocol: str) -> set[str]:
    """Names of the parameters that a protocol has."""
    return {item.name for item in fields(PROTOCOLS.load(protocol)) if item.init}


def grid_of(protocol: str, asked: InvarianceAnalysis) -> str | None:
    """What a protocol goes through, where it was asked for: its grid, sizes or angles."""
    parameter = PROTOCOLS[protocol].facts["grid"]
    for option, names in GRIDS.items():
        if parameter in names:
            found: str | None = getattr(asked, option)
            return found or (EMBEDDED_SIZES if option == "sizes" and is_embedded(asked) else None)
    return None


def is_embedded(asked: InvarianceAnalysis) -> bool:
    """Whether models and pictures are those of the embedded default."""
    return asked.images is None and not asked.model


def check(asked: InvarianceAnalysis) -> None:
    """Refuse protocols that do not exist, and options that no protocol of the plan takes.

    Raises
    ------
    UsageError
        As said.
    """
    for protocol in asked.protocol:
        PROTOCOLS.load(protocol)
    if asked.protocol:
        check_options(asked, asked.protocol)


def check_options(asked: InvarianceAnalysis, protocols: Sequence[str]) -> None:
    """Refuse options that none of the protocols takes."""
    for option in OPTIONS:
        if getattr(asked, option) is not None and not any(option in takes(name) for name in protocols):
            raise _useless(option, protocols)
    for option, names in GRIDS.items():
        if getattr(asked, option) and not any(PROTOCOLS[name].facts["grid"] in names for name in protocols):
            raise _useless(option, protocols)


def _useless(option: str, protocols: Sequence[str]) -> UsageError:
    hint = f"Leave it out, or name a protocol that takes it beside {', '.join(protocols)}."
    return UsageError("no protocol of these takes it", where=f"--{option}", hint=hint)


def plans(asked: InvarianceAnalysis, given: object | None, largest: tuple[int, int]) -> list[Plan]:
    """Protocols in the order of the report, each with its pictures.

    Parameters
    ----------
    asked
        The analysis.
    given
        Pictures in memory or an open source, in the place of what the analysis names.
    largest
        (height, width) of the largest input of the models.
    """
    source = pictures(asked, given)
    embedded = given is None and asked.images is None
    chosen = list(dict.fromkeys(asked.protocol)) or list(EMBEDDED if embedded else suitable(source, largest))
    check_options(asked, chosen)
    large = pictures(asked, given, EMBEDDED_LARGE) if embedded and "resize" in chosen else source
    return [Plan(name, large if name == "resize" else source, asked) for name in chosen]


def given(asked: InvarianceAnalysis, images: object | None) -> ImageSource | None:
    """Pictures that are given or named, opened; ``None`` for those of the embedded default.

    Raises
    ------
    InputError
        None of them can be read.
    """
    return None if images is None and asked.images is None else readable(pictures(asked, images))


def pictures(asked: InvarianceAnalysis, given: object | None, side: int = 64) -> ImageSource:
    """Open the pictures of an analysis; a folder holds frames where clips alone are asked for."""
    clips = asked.images is not None and set(asked.protocol) == set(CLIPS) and Path(asked.images).is_dir()
    return opened(asked, given, limit=limit(asked), side=side, images=f"{PREFIX}{asked.images}" if clips else None)


def limit(asked: InvarianceAnalysis) -> int | None:
    """Most pictures; ``None`` for all."""
    if asked.limit is None:
        return LIMIT if asked.images is not None else EMBEDDED_LIMIT
    return asked.limit or None


def suitable(source: ImageSource, largest: tuple[int, int]) -> tuple[str, ...]:
    """Protocols for pictures of this sort: clips, or still pictures, larger than the input or not."""
    first = next(iter(source), None)
    if first is not None and first.pixels.ndim == 4:
        return CLIPS
    larger = first is not None and min(first.pixels.shape[:2]) > max(largest)
    return STILL + (LARGER if larger else ())


def describe(parameters: Mapping[str, Cell], counts: Sequence[int], views: int) -> str:
    """Conditions of a sweep in words, for a sentence; ``counts`` are the pictures of each model.

    Examples
    --------
    >>> describe({"grid": "7x7", "fill": "black", "side": 58}, [100], 49)
    '100 pictures, grid 7x7, pasted at 58 pixels into black'
    """
    grid = parameters.get("grid")
    pictures = counted(max(counts), "picture")
    if min(counts) < max(counts):
        pictures = f"{min(counts):,} to {pictures}"
    said = [pictures, f"grid {grid}" if grid else counted(views, "view")]
    if parameters.get("fill"):
        side = f" at {parameters['side']} pixels" if parameters.get("side") else ""
        said.append(f"pasted{side} into {parameters['fill']}")
    return ", ".join(said)
