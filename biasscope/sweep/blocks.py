"""Blocks of pictures: read and prepared once, while the block before is on the model."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TypeVar

import torch
from torch import Tensor

from biasscope.core.errors import InputError, UsageError
from biasscope.images.picture import ImageProblem, Picture
from biasscope.models.preprocessing import Preprocessing
from biasscope.sweep.accumulate import Tables
from biasscope.sweep.checkpoint import Checkpoint, Stored
from biasscope.transforms.transformation import Transformation

T = TypeVar("T")
BLOCK_BYTES = 256 * 2**20
"""Most bytes of prepared pictures in one block."""
Numbered = tuple[int, Picture]


@dataclass(frozen=True)
class Block:
    """Pictures that are swept together.

    Attributes
    ----------
    indices, image_ids, targets
        Number in the order of the source, name and true class (-1 where not known) of each picture, n of them.
    sources
        Prepared pictures (n, ...) on the CPU; ``None`` where answers are stored and nothing else needs them.
    stored
        Tables of an earlier run.
    problems
        Pictures of this block that the transformation refused.
    key
        Name under which its tables are stored.
    pictures
        The pictures themselves, only the first few of the sweep.
    read
        Number of pictures that were read, the refused ones among them.
    """

    indices: tuple[int, ...]
    image_ids: tuple[str, ...]
    targets: Tensor
    read: int
    sources: Tensor | None = None
    stored: Tables | None = None
    problems: tuple[ImageProblem, ...] = ()
    key: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass
class Preparation:
    """Turns pictures into sources, and notes those that the transformation refuses."""

    transformation: Transformation
    preprocessing: Preprocessing
    target: Callable[[Picture], int]
    problems: list[ImageProblem] = field(default_factory=list)

    def source(self, number: int, picture: Picture) -> Tensor | None:
        """Prepared picture, or ``None`` with a problem noted."""
        try:
            return self.transformation.source(picture, self.preprocessing, number)
        except InputError as error:
            self.problems.append(ImageProblem("refused", picture.image_id, str(error)))
            return None

    def block(self, group: list[Numbered], keep: int = 0) -> Block:
        """Prepare a group of pictures; ``keep`` of them stay in the block as they are."""
        self.problems = []
        kept: list[Numbered] = []
        sources: Tensor | None = None
        for number, picture in group:
            made = self.source(number, picture)
            if made is None:
                continue
            if sources is None:
                sources = made.new_empty(len(group), *made.shape)
            _check_shape(made, sources)
            sources[len(kept)] = made
            kept.append((number, picture))
        found = self.described(kept, len(group))
        pictures = tuple(picture for _, picture in kept[:keep])
        prepared = None if sources is None else sources[: len(kept)]
        return replace(found, sources=prepared, problems=tuple(self.problems), pictures=pictures)

    def stored(self, group: list[Numbered], stored: Stored) -> Block:
        """Block whose answers were read from a checkpoint: nothing is prepared."""
        tables, problems = stored
        refused = {problem.image_id for problem in problems}
        kept = [(number, picture) for number, picture in group if picture.image_id not in refused]
        return replace(self.described(kept, len(group)), stored=tables, problems=problems)

    def described(self, kept: list[Numbered], read: int) -> Block:
        """Block that names its pictures."""
        targets = torch.tensor([self.target(picture) for _, picture in kept], dtype=torch.int64)
        return Block(tuple(number for number, _ in kept), tuple(p.image_id for _, p in kept), targets, read)


def blocks(
    pictures: Iterator[Numbered], size: int, preparation: Preparation, checkpoint: Checkpoint | None, keep: int
) -> Iterator[Block]:
    """Prepare pictures block by block; what is stored is not prepared, apart from the first block where it is kept."""
    for group in groups(pictures, size):
        if checkpoint is None:
            block = preparation.block(group, keep)
        else:
            key = checkpoint.key(group, [preparation.target(picture) for _, picture in group])
            block = replace(_from(checkpoint.load(key), group, preparation, keep), key=key)
        keep = 0 if block.image_ids else keep
        yield block


def _from(stored: Stored | None, group: list[Numbered], preparation: Preparation, keep: int) -> Block:
    if stored is None:
        return preparation.block(group, keep)
    if keep:
        return replace(preparation.block(group, keep), stored=stored[0])
    return preparation.stored(group, stored)


def _check_shape(made: Tensor, sources: Tensor) -> None:
    if made.shape != sources.shape[1:]:
        shapes = f"{tuple(made.shape)} after {tuple(sources.shape[1:])}"
        raise UsageError(f"the transformation prepares pictures of different shapes: {shapes}")


def numbered(pictures: Iterable[Picture], shard: tuple[int, int]) -> Iterator[Numbered]:
    """Number pictures in the order of the source and pass on every ``world``-th, from ``rank`` on."""
    rank, world = shard
    return islice(enumerate(pictures), rank, None, world)


def peek(pictures: Iterator[Numbered], preparation: Preparation) -> tuple[Tensor | None, Iterator[Numbered]]:
    """Source of the first picture that can be prepared, and all pictures again."""
    seen: list[Numbered] = []
    for number, picture in pictures:
        seen.append((number, picture))
        made = preparation.source(number, picture)
        if made is not None:
            return made, chain(seen, pictures)
    return None, iter(seen)


def block_size(source: Tensor, batch: int) -> int:
    """Pictures in a block: as many as one batch, fewer where their sources are large (clips)."""
    return min(batch, max(1, BLOCK_BYTES // max(source.numel() * source.element_size(), 1)))


def groups(pictures: Iterator[Numbered], size: int) -> Iterator[list[Numbered]]:
    """Cut pictures into groups; the last one may be shorter."""
    while group := list(islice(pictures, size)):
        yield group


def in_turn(items: Iterator[T]) -> Generator[T]:
    """Pass items on one by one, each made when it is asked for."""
    yield from items


def ahead(items: Iterator[T]) -> Generator[T]:
    """Pass items on while the next one is made in another thread."""
    end = object()
    with ThreadPoolExecutor(1, "biasscope-prepare") as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]
