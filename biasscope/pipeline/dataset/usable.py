"""From a box table to the boxes that statistics may use, batch by batch, with everything else counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from biasscope.boxes.integrity import Inspector
from biasscope.boxes.schema import BOXES, BoxTable
from biasscope.core.progress import Progress
from biasscope.core.randomness import mix

BATCH = 1 << 17
SAMPLE, SAMPLE_OF_A_STREAM = 30_000, 20_000
KEY = "sample_key"


@dataclass
class Usable:
    """Boxes without integrity problems; iterating reads the table once and feeds the inspector on the way."""

    table: BoxTable
    progress: Progress = field(default_factory=Progress)
    inspector: Inspector = field(default_factory=Inspector)

    def batches(self) -> Iterator[pl.DataFrame]:
        """Usable boxes in batches; the first complete pass inspects every row."""
        self.inspector = Inspector()
        for batch in self.progress.count(self.table.batches(BATCH), "Reading boxes"):
            keep = self.inspector.check(batch)
            yield batch if keep.all() else batch.filter(keep)

    def frame(self) -> pl.DataFrame:
        """All usable boxes in memory."""
        parts = list(self.batches())
        return pl.concat(parts) if parts else self.table.boxes.head(0).collect()


@dataclass
class Sample:
    """At most ``size`` boxes of a stream, those with the smallest hash of their row number."""

    seed: int
    size: int = SAMPLE
    _kept: list[pl.DataFrame] = field(default_factory=list)
    _limit: int = int(np.iinfo(np.uint64).max)

    def watch(self, batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Pass batches through while sampling from them."""
        for batch in batches:
            self._take(batch)
            yield batch

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sample of a frame; the frame itself when it is small enough."""
        if frame.height <= self.size:
            return frame
        self._take(frame)
        return self.frame()

    def frame(self) -> pl.DataFrame:
        """Boxes sampled so far, in the order they came in."""
        self._shrink()
        return pl.concat(self._kept).drop(KEY) if self._kept else pl.DataFrame(schema=BOXES)

    def _take(self, batch: pl.DataFrame) -> None:
        keys = mix(self.seed, batch["row"].to_numpy().astype(np.uint64))
        if len(keys) > self.size:
            self._limit = min(self._limit, int(np.partition(keys, self.size - 1)[self.size - 1]))
        low = np.flatnonzero(keys <= np.uint64(self._limit))
        if not len(low):
            return
        self._kept.append(batch[low].with_columns(pl.Series(KEY, keys[low])))
        if self._height > 2 * self.size:
            self._shrink()

    @property
    def _height(self) -> int:
        return sum(part.height for part in self._kept)

    def _shrink(self) -> None:
        if self._height <= self.size:
            return
        both = pl.concat(self._kept)
        self._limit = int(np.partition(both[KEY].to_numpy(), self.size - 1)[self.size - 1])
        self._kept = [both.filter(pl.col(KEY) <= self._limit).head(self.size)]
