"""Options that every command shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter

from biasscope.core.errors import UsageError

if TYPE_CHECKING:
    from biasscope.core.progress import Progress

MODELS = Group("Models", sort_key=10)
PICTURES = Group("Pictures", sort_key=20)
RUNNING = Group("Running", sort_key=50)
PARTS = Group("Parts of the report", sort_key=60)
COMMON = Group("Common options", sort_key=90)
"""Groups of options that several commands have; those of one command alone stand between them."""

FLAG = Parameter(negative=())
"""A switch without its opposite."""
SEVERAL = Parameter(negative=(), consume_multiple=False)
"""A list, one item each time."""


@Parameter(name="*", group=MODELS)
@dataclass(frozen=True)
class Forms:
    """Forms of each model.

    Parameters
    ----------
    variants
        Forms of each model that are made by surgery, weights kept and nothing retrained: baseline, antialias,
        polyphase, pac, circular; several joined with commas. A form that cannot be made of a model, or in
        which nothing would be replaced, is listed.
    filter_size
        Taps of the blur of the variant antialias, 1 to 7.
    stem
        Whether that blur is also put behind the strided convolution that reads the picture.
    """

    variants: Annotated[list[str] | None, SEVERAL] = None
    filter_size: int = 4
    stem: Annotated[bool, FLAG] = False


@Parameter(name="*", group=PICTURES)
@dataclass(frozen=True)
class Reading:
    """How pictures are read.

    Parameters
    ----------
    image_column
        Column of the table that holds the pictures.
    split
        Split of the dataset.
    stream
        Read a Hugging Face dataset as a stream; the limit then takes the first pictures.
    """

    image_column: str | None = None
    split: str | None = None
    stream: Annotated[bool, FLAG] = False


@Parameter(name="*", group=COMMON)
@dataclass(frozen=True)
class Common:
    """Where the answer goes and how the run behaves.

    Parameters
    ----------
    output
        Folder for report.json and report.html.
    format
        What stdout carries: a summary, or the whole report.
    seed
        Seed of everything random: 0 unless given.
    device
        Where models run: auto (the default), cpu, cuda, cuda:1, mps.
    quiet
        No progress and no summary.
    config
        TOML file with options; one table a command. Environment variables (BIASSCOPE_...) and the command line win.
    debug
        Show tracebacks.
    """

    output: Annotated[Path, Parameter(alias="-o")] = Path("biasscope-report")
    format: Literal["text", "json"] = "text"
    seed: int | None = None
    device: str | None = None
    quiet: Annotated[bool, Parameter(alias="-q", negative=())] = False
    config: Path | None = None
    debug: Annotated[bool, Parameter(negative=())] = False

    def __post_init__(self) -> None:
        """Refuse a device that torch cannot know."""
        if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d+)?", self.device or "auto"):
            raise UsageError(
                f"{self.device!r} is no device", where="--device", hint="Say auto, cpu, cuda, cuda:1 or mps."
            )

    def progress(self) -> Progress:
        """Progress for this run: none with ``--quiet``."""
        from biasscope.core.progress import Progress, Terminal

        return Progress() if self.quiet else Terminal()


FORMS, READING, DEFAULTS = Forms(), Reading(), Common()
