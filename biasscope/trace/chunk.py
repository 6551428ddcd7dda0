"""Which views of which pictures go through the network together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import UsageError


@dataclass(frozen=True)
class Chunk:
    """Views of a few pictures; the reference of each stands in front of its views.

    Attributes
    ----------
    pictures
        Numbers of the pictures.
    views
        Numbers of the views, the reference first.
    room
        Pictures and views that the batch has room for; what is left is filled up and not counted.
    first, last
        Whether these are the first views of the pictures, or the last.
    """

    pictures: tuple[int, ...]
    views: tuple[int, ...]
    room: tuple[int, int]
    first: bool
    last: bool

    @property
    def fresh(self) -> slice:
        """Places of the views that were not in an earlier chunk."""
        return slice(0 if self.first else 1, len(self.views))

    @cached_property
    def shared(self) -> dict[Any, Any]:
        """What one measure worked out about the chunk and others can use; and the ``batch`` that it goes through in."""
        return {}

    @cached_property
    def full(self) -> bool:
        """Whether nothing had to be filled up."""
        return self.room == (len(self.pictures), len(self.views))

    @cached_property
    def fresh_views(self) -> Tensor:
        """Numbers of the fresh views."""
        return torch.tensor(self.views[self.fresh])

    @property
    def slots(self) -> tuple[list[int], list[int]]:
        """View and picture of every place of the batch, padding included."""
        pictures = [*self.pictures, *self.pictures[:1] * (self.room[0] - len(self.pictures))]
        views = [*self.views, *self.views[:1] * (self.room[1] - len(self.views))]
        return views * len(pictures), [picture for picture in pictures for _ in views]


@dataclass(frozen=True)
class Layout:
    """How S views are laid out in batches of one shape.

    Attributes
    ----------
    pictures, views
        Pictures and views (reference included) in a batch.
    """

    pictures: int
    views: int

    @classmethod
    def of(cls, views: int, batch: int) -> Layout:
        """Balance the chunks, so that little is filled up.

        >>> Layout.of(225, 49), Layout.of(8, 64)
        (Layout(pictures=1, views=46), Layout(pictures=8, views=8))
        """
        if batch < 2 <= views:
            raise UsageError(f"a batch of {batch} has no room for a view beside its reference")
        others = max(views - 1, 1)
        parts = ceil(others / max(batch - 1, 1))
        here = ceil(others / parts) + 1 if views > 1 else 1
        return cls(max(batch // here, 1) if parts == 1 else 1, here)

    def chunks(self, pictures: tuple[int, ...], others: Sequence[int], reference: int) -> Iterator[Chunk]:
        """Chunks of a few pictures; all views of a picture follow each other, the ``others`` in their order."""
        parts = [others[start : start + self.views - 1] for start in range(0, len(others), max(self.views - 1, 1))] or [
            []
        ]
        room = (self.pictures, self.views)
        for number, part in enumerate(parts):
            yield Chunk(pictures, (reference, *part), room, number == 0, number == len(parts) - 1)
