"""Small networks, sources and transformations that the engine is tested with, whatever the others do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from biasscope.core.errors import InputError
from biasscope.core.progress import Progress
from biasscope.images.picture import ImageProblem, ImageSource, Picture
from biasscope.models import LoadedModel, Preprocessing, load_model
from biasscope.transforms.transformation import Transformation, Views

SIDE, CLASSES = 12, 5
PLAIN = Preprocessing(size=(SIDE, SIDE), resize=None, mean=(0.5,), std=(0.25,))


class TinyNet(nn.Module):
    """Strided and zero-padded: its answers depend on where things are."""

    def __init__(self, classes: int = CLASSES, channels: int = 1, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.conv = nn.Conv2d(channels, 6, 3, stride=2, padding=1)
            self.head = nn.Linear(6, classes)
            nn.init.normal_(self.head.weight, std=6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(x).relu().mean((2, 3)))


def loaded(net: nn.Module | None = None, preprocessing: Preprocessing = PLAIN, **options: object) -> LoadedModel:
    """Net with its preprocessing."""
    return load_model(TinyNet() if net is None else net, preprocessing=preprocessing, **options)


@dataclass
class ListSource(ImageSource):
    """Pictures from a list; those in ``broken`` cannot be read."""

    pictures: list[Picture] = field(default_factory=list)
    broken: tuple[str, ...] = ()
    known: bool = True

    def __iter__(self) -> Iterator[Picture]:
        self.problems.clear()
        for picture in self.pictures:
            if picture.image_id in self.broken:
                self.problems.append(ImageProblem("truncated", picture.image_id, "cut off"))
            else:
                yield picture

    @property
    def count(self) -> int | None:
        return len(self.pictures) if self.known else None


def source(
    count: int = 7, seed: int = 0, *, label: bool = True, shape: tuple[int, ...] = (SIDE, SIDE), **options: object
):
    """Random pictures with labels; every third has none."""
    rng = np.random.default_rng(seed)
    pictures = [
        Picture(
            f"picture-{number}",
            rng.integers(0, 256, shape, np.uint8),
            number % CLASSES if label and number % 3 < 2 else None,
            (2.0, 3.0, 8.0, 9.0),
        )
        for number in range(count)
    ]
    return ListSource("toys", labels="integers" if label else "", pictures=pictures, **options)


class RollViews(Views):
    """Circular shifts, one pair at a time."""

    def __init__(self, sources: torch.Tensor, offsets: np.ndarray) -> None:
        self.sources, self.offsets = sources, offsets

    def write(self, out: torch.Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        for place, (view, picture) in enumerate(zip(views, pictures, strict=True)):
            out[place] = self.sources[picture].roll(tuple(self.offsets[view].tolist()), (1, 2))


@dataclass(frozen=True)
class Roll(Transformation):
    """Circular shifts over a grid, row by row; the middle is the reference, left and upper neighbours come before.

    ``refuses`` names pictures that it does not take.
    """

    name = "roll"
    reach: int = 1
    factor: int = 1
    refuses: tuple[str, ...] = ()

    @property
    def offsets(self) -> np.ndarray:
        axis = np.arange(-self.reach, self.reach + 1)
        return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2) * self.factor

    @property
    def coordinates(self):
        return {"dy": self.offsets[:, 0], "dx": self.offsets[:, 1]}

    @property
    def reference(self) -> int:
        return len(self.offsets) // 2

    @property
    def steps(self):
        side = 2 * self.reach + 1
        number = np.arange(side**2)
        return np.stack([np.where(number % side, number - 1, -1), np.where(number < side, -1, number - side)])

    @property
    def parameters(self):
        return {"reach": self.reach, "factor": self.factor}

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> torch.Tensor:
        if picture.image_id in self.refuses:
            raise InputError("too small", where=picture.image_id)
        return preprocessing(picture.pixels)

    def open(self, sources: torch.Tensor, indices: Sequence[int]) -> RollViews:
        return RollViews(sources, self.offsets)


@dataclass(frozen=True)
class Still(Roll):
    """The same picture again and again; it claims to interpolate."""

    name = "still"
    interpolates = True
    factor: int = 0

    def round_trip(self) -> Transformation:
        return Roll(self.reach)


class Listener(Progress):
    """Remembers what was said and how far bars went."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.done, self.total, self.texts = 0, None, []

    def warn(self, text: str) -> None:
        self.said.append(text)

    def bar(self, text, total):
        from contextlib import nullcontext

        self.texts.append(text)
        self.total = total
        return nullcontext(self._advance)

    def _advance(self, done: int) -> None:
        self.done += done
