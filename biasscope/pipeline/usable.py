"""From a box table to the boxes that statistics may use, batch by batch, with everything else counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from biasscope.boxes.integrity import Inspector
from biasscope.boxes.schema import BoxTable
from biasscope.core.progress import Progress
from biasscope.core.randomness import mix

SAMPLE = 100_000
COORDINATES = ("x0", "y0", "x1", "y1")


@dataclass
class Usable:
    """Boxes without integrity problems; iterating reads the table once and feeds the inspector on the way."""

    table: BoxTable
    progress: Progress = field(default_factory=Progress)
    inspector: Inspector = field(default_factory=Inspector)

    def batches(self) -> Iterator[pl.DataFrame]:
        """Usable boxes in batches; the first complete pass inspects every row."""
        self.inspector = Inspector()
        for batch in self.progress.count(self.table.batches(), "Reading boxes"):
            keep = self.inspector.check(batch)
            yield batch if keep.all() else batch.filter(keep)

    def frame(self) -> pl.DataFrame:
        """All usable boxes in memory."""
        parts = list(self.batches())
        return pl.concat(parts) if parts else self.table.boxes.head(0).collect()


@dataclass
class Reservoir:
    """A sample of fixed size from a stream: the rows with the smallest hash, whatever their order."""

    seed: int
    size: int = SAMPLE
    _kept: pl.DataFrame | None = None

    def watch(self, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Pass batches through while sampling from them."""
        for batch in batches:
            self._take(batch)
            yield batch

    def frame(self) -> pl.DataFrame | None:
        """Rows sampled so far."""
        return None if self._kept is None else self._kept.drop("sample_key")

    def _take(self, batch: pl.DataFrame) -> None:
        bits = [batch[name].to_numpy().astype(np.float64).view(np.uint64) for name in COORDINATES]
        rows = batch["row"].to_numpy().astype(np.uint64)
        keyed = batch.with_columns(sample_key=mix(self.seed, rows, *bits))
        both = keyed if self._kept is None else pl.concat([self._kept, keyed])
        self._kept = both if both.height <= self.size else both.bottom_k(self.size, by="sample_key")
