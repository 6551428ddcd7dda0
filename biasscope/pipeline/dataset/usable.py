"""From a box table to the boxes that statistics may use, batch by batch, with everything else counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.integrity.inspection import Inspector
from biasscope.boxes.schema import BOXES
from biasscope.core.errors import InputError
from biasscope.core.progress import Progress
from biasscope.core.randomness import mix
from biasscope.core.results import Result
from biasscope.pipeline.dataset.shared import SharedImages

BATCH = 1 << 17
SAMPLE_OF_A_STREAM = 20_000
MOST_CLASSES = 100_000
"""Classes beyond which the column of labels is not one: their counts would take 5 GB, the page 250 MB."""
MOST_SPLITS = 12
"""Splits that are compared with the training split: a column called so may hold the names of a thousand videos."""
KEY = "sample_key"


@dataclass
class Usable:
    """Boxes without integrity problems; iterating reads the table once and feeds the inspector on the way.

    ``splits`` is how many there are to be compared.
    """

    table: BoxTable
    progress: Progress = field(default_factory=Progress)
    inspector: Inspector = field(default_factory=Inspector)
    splits: int = 0
    _shared: SharedImages = field(default_factory=SharedImages)

    def batches(self) -> Iterator[pl.DataFrame]:
        """Usable boxes in batches; the first complete pass inspects every row."""
        self.inspector, self._shared = Inspector.of(self.table), SharedImages()
        several = len(self.table.files) > 1
        for batch in self.progress.count(self.inspector.read(self.table, BATCH), "Reading boxes"):
            used = self.inspector.usable(batch)
            self._check_classes()
            if several:
                self._shared.add(used)
            yield used

    def frame(self) -> pl.DataFrame:
        """All usable boxes in memory."""
        parts = list(self.batches())
        return pl.concat(parts) if parts else self.table.boxes.head(0).collect()

    def notes(self) -> Iterator[str]:
        """What the reader assumed, and what was of splits and of images of one name in the batches so far."""
        yield from self.table.notes
        for split, words in sorted(self.table.log.spellings.items()):
            if len(words) > 1:
                named = " and ".join(f"“{word}”" for word in sorted(words))
                yield f"In the column of splits {named} were taken for one, “{split}”; rename them if they are not."
        if self.splits > MOST_SPLITS + 1:
            yield (
                f"There are {self.splits:,} splits: the {MOST_SPLITS} with the most boxes are compared with the "
                "training split, or the largest. If they are no splits, name another column with --split-column."
            )
        if shared := self._shared.count:
            named = "image is" if shared == 1 else "images are"
            yield (
                f"{shared:,} {named} named by more than one file, and taken for the same one. If only the names are "
                "the same, some of their boxes may not have been tested: rename them, or give the splits other names."
            )

    def _check_classes(self) -> None:
        if self.inspector.classes > MOST_CLASSES:
            where = ", ".join(str(path) for path in self.table.files[:3])
            hint = "Is the column of labels the right one? Name it with --columns label=..."
            raise InputError(f"has more than {MOST_CLASSES:,} classes", where=where, hint=hint)


def integrity_of(side: Usable, frame: pl.DataFrame, paths: list[str]) -> Result:
    """What is wrong with the annotations; an error when nothing is left of them."""
    found = side.inspector.result(side.table)
    if frame.height:
        return found
    rows = found.table("rows")
    first = [f"{where}: {detail}" for where, detail in zip(rows["where"][:3], rows["detail"][:3], strict=True)]
    doubt = side.inspector.doubt(side.table)
    said = f"{found.finding} {doubt}" if doubt else found.finding
    raise InputError("no usable box", where=", ".join(paths), hint="\n  ".join([said, *first]))


class Available(NamedTuple):
    """How many boxes there are of which some or all were looked at, and of each split where it is a sample."""

    boxes: int
    splits: Mapping[str, int] | None = None


@dataclass
class Sample:
    """At most ``size`` boxes of a stream, those with the smallest hash of their place in it.

    The ``row`` of a box would not do: it is one of its file only, and of many files each has a row 1.
    """

    seed: int
    size: int = SAMPLE_OF_A_STREAM
    _kept: list[pl.DataFrame] = field(default_factory=list)
    _limit: int = int(np.iinfo(np.uint64).max)
    _met: int = 0
    _splits: Counter[str | None] = field(default_factory=Counter)

    @property
    def met(self) -> Available:
        """Boxes that were sampled from so far."""
        return Available(self._met, {name: count for name, count in self._splits.items() if name is not None})

    def watch(self, batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Pass batches through while sampling from them."""
        for batch in batches:
            self._take(batch)
            yield batch

    def frame(self) -> pl.DataFrame:
        """Boxes sampled so far, in the order they came in."""
        self._shrink()
        return pl.concat(self._kept).drop(KEY) if self._kept else pl.DataFrame(schema=BOXES)

    def _take(self, batch: pl.DataFrame) -> None:
        keys = mix(self.seed, np.arange(self._met, self._met + batch.height, dtype=np.uint64))
        self._met += batch.height
        for name, count in batch["split"].value_counts().rows():
            self._splits[name] += count
        low = np.flatnonzero(keys <= np.uint64(self._limit))
        if len(low) > self.size:
            self._limit = int(np.partition(keys[low], self.size - 1)[self.size - 1])
            low = low[keys[low] <= np.uint64(self._limit)]
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
