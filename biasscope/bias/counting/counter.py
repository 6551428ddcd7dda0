"""One pass over frames of boxes: labels aligned by name, images kept apart, tables filled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.bias.counting.background import Background
from biasscope.bias.counting.distinct import Distinct
from biasscope.bias.counting.fold import Fold
from biasscope.bias.counting.keys import categories, image_keys, text_hashes
from biasscope.bias.counting.rows import CORNERS, Rows, concatenate, snapped, usable
from biasscope.bias.counting.running import Running
from biasscope.bias.counting.selection import OneAnImage, together
from biasscope.bias.counting.tables import CLUSTER, FRAME, MOST_NARROW, Settings
from biasscope.bias.grid import GRID_TOLERANCE, detect_grid
from biasscope.core.randomness import mix

FOLDED_AT_ONCE = 1 << 17
"""Boxes that are folded together: a fold fills every table, however few the boxes."""
CHOSEN_AT_ONCE, CHOSEN_OF_A_STREAM = 1 << 17, 1 << 15
"""Chosen boxes that are folded together; parts that hold more stay as they are."""
GRID_SEEN_IN = 1 << 16
"""First usable boxes, in which it is seen whether corners are whole pixels."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Counter:
    """Running counts: :meth:`add` frames, then :meth:`finish` once."""

    def __init__(self, settings: Settings, *, detect: bool, hold: int | None = None) -> None:
        self.settings, self._detect = settings, detect
        self._index: dict[str, int] = {}
        self._label_keys = np.zeros(0, np.uint64)
        self._skipped = 0
        self._counted = 0
        self._tables = Running({"boxes": (), "cluster": (settings.groups, len(CLUSTER)), **settings.shapes})
        self._pooled = Running({**settings.shapes, **settings.pooled_shapes})
        self._chosen = OneAnImage(settings.seed, hold=hold)
        self._pairs, self._images = Distinct(), Distinct()
        self._early: list[Rows] = []
        self._waiting: list[Rows] = []
        self._folding = Background()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folding.__exit__()
        self._chosen.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Count the boxes of a frame."""
        rows = self._rows(frame)
        keep = usable(rows)
        if not keep.all():
            rows = rows.at(keep)
            self._skipped += int((~keep).sum())
        if len(rows.key) == 0:
            return
        if not self._detect:
            self._count(rows)
            return
        self._early.append(rows)
        if sum(len(part.key) for part in self._early) >= GRID_SEEN_IN:
            self._settle()

    def _settle(self) -> None:
        """Decide on the grid from the first boxes, and count them: however they are cut into batches."""
        early, self._early, self._detect = self._early, [], False
        if early:
            rows = concatenate(early)
            first = rows.at(slice(GRID_SEEN_IN))
            self.settings = replace(self.settings, grid=detect_grid(*first.box[:4], first.sized))
            self._count(rows)

    def _count(self, rows: Rows) -> None:
        if self.settings.grid == "integer":
            rows = snapped(rows, GRID_TOLERANCE)
        boxes = self._tables.rows("boxes", len(self._index))
        boxes += np.bincount(rows.label, minlength=len(boxes))
        self._counted += len(rows.key)
        if self.settings.per_image == "one":
            fold = Fold(rows, self.settings)
            fold.count_clusters(self._tables, len(self._index))
            fold.count_pooled_clusters(self._pooled)
            self._chosen.add(rows, self._label_keys)
        else:
            self._count_all(rows)

    def finish(self) -> dict[str, Any]:
        """Fields of :class:`biasscope.bias.counting.counts.BoxCounts`, labels sorted by name."""
        self._settle()
        most = CHOSEN_AT_ONCE if self._chosen.hold is None else CHOSEN_OF_A_STREAM
        for rows, first in together(self._chosen.parts(self._label_keys), most):
            self._count_chosen(rows, first)
        self._fold_waiting()
        self._folding.finish()
        labels = sorted(self._index)
        order = np.array([self._index[label] for label in labels], np.int64)
        by_label = {name: self._row_by_row(name, order) for name in self._tables.shapes}
        if self.settings.per_image == "all":
            by_label["cluster"] = by_label["moments"][..., : len(CLUSTER)].copy()
        return {
            "settings": self.settings,
            "labels": tuple(labels),
            "skipped": self._skipped,
            **by_label,
            **{name: self._pooled.rows(name, 1)[0] for name in self.settings.pooled_shapes},
            "images": self._images_of(by_label["frame"], order),
        }

    @property
    def _wide(self) -> bool:
        return self._counted > MOST_NARROW

    def _count_all(self, rows: Rows) -> None:
        self._waiting.append(rows)
        if sum(len(part.key) for part in self._waiting) >= FOLDED_AT_ONCE:
            self._fold_waiting()

    def _fold_waiting(self) -> None:
        if not self._waiting:
            return
        rows = concatenate(self._waiting)
        self._waiting.clear()
        self._folding.hand_over(partial(self._fold, Fold(rows, self.settings), len(self._index), self._wide))
        self._pairs.add(mix(rows.key, self._label_keys[rows.label]), rows.label.astype(np.int64))
        self._images.add(rows.key)

    def _fold(self, fold: Fold, labels: int, wide: bool) -> None:
        """Count every box; nothing else touches these tables meanwhile."""
        fold.count(self._tables, labels, wide=wide)
        fold.count_pooled(self._pooled)
        fold.count_pooled_clusters(self._pooled)

    def _count_chosen(self, rows: Rows, first: NDArray[np.bool_]) -> None:
        Fold(rows, self.settings).count(self._tables, len(self._index), wide=self._wide)
        fold = Fold(rows.at(first), self.settings, pooled=True)
        fold.count_pooled(self._pooled)
        fold.count(self._pooled, 1, wide=self._wide)

    def _row_by_row(self, name: str, order: Ints) -> Ints:
        """Table in the order of the sorted labels, then the pooled row."""
        table = self._tables.take(name)
        made = np.zeros((len(order) + 1, *table.shape[1:]), table.dtype)
        counted = np.flatnonzero(order < len(table))  # labels met only on rows that were left out have no row
        made[counted] = table[order[counted]]
        own = self._pooled.take(name) if name in self._pooled.shapes else table[:0]
        made[-1] = own[0] if len(own) else made[:-1].sum(0)
        return made

    def _images_of(self, frame: Ints, order: Ints) -> Ints:
        if self.settings.per_image == "one":
            return np.asarray(frame[:, :, FRAME.index("n")].sum(1))
        return np.concatenate([self._pairs.counts(len(order))[order], self._images.counts()])

    def _rows(self, frame: pl.DataFrame) -> Rows:
        split = frame["split"] if "split" in frame.columns else None
        label, names = categories(frame["label"])
        sides = [_floats(frame[name]) for name in ("image_width", "image_height")]
        sized = np.isfinite(sides[0]) & np.isfinite(sides[1])
        x0, y0, x1, y1 = (_floats(frame[name]) for name in CORNERS)
        if not sized.all():
            sides = [np.where(sized, side, 1.0) for side in sides]
        width, height = (side.astype(np.float32) for side in sides)
        place = np.append(self._places(names), -1).astype(np.int32)[label]
        return Rows(image_keys(frame["image_id"], split), place, x0, y0, x1, y1, width, height, sized)

    def _places(self, names: pl.Series) -> Ints:
        """Row of each label name in the running tables; new names get the next rows."""
        for name in names.to_list():
            if name is not None:
                self._index.setdefault(name, len(self._index))
        if len(self._index) > len(self._label_keys):
            self._label_keys = text_hashes(pl.Series(list(self._index), dtype=pl.String()))
        return np.array([-1 if name is None else self._index[name] for name in names.to_list()], np.int64)


def _floats(column: pl.Series) -> Floats:
    """Column as floats, null as NaN."""
    return column.cast(pl.Float64()).to_numpy()
