"""Which boxes the statistics may use, and a complete count of those they may not.

Nothing is clipped, repaired or dropped silently: every problem is counted completely, its first thousand rows are
listed with file and row, and each problem states whether such boxes stay in the statistics. Memory does not grow with
the number of boxes, except eight bytes a box and an image for recognising duplicates (by hash: among 50 million boxes
the chance of one false alarm is about one in ten thousand).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Self

import numpy as np
import polars as pl

from biasscope.boxes.boxtable import IMAGE, ROWS, BoxTable
from biasscope.boxes.integrity.evidence import Evidence, misread
from biasscope.boxes.integrity.keysets import Keys, Mask
from biasscope.boxes.integrity.problems import HARMLESS, PROBLEMS, Batch, Places, codes_of, detail, geometry, plain
from biasscope.boxes.integrity.seen import SeenBoxes, SeenImages, images_mixed, mixed, sizes_mixed
from biasscope.boxes.integrity.verdict import LISTED, Inspected, Row, verdict
from biasscope.core.errors import InputError
from biasscope.core.results import Result


class Inspector:
    """Inspects batches one after the other.

    Boxes of unknown image size count as fractions of a 1 x 1 frame when no coordinate is beyond 2, else as pixels of
    an unknown frame.

    Parameters
    ----------
    pixels
        Whether all boxes are in pixels, however small their coordinates.

    Examples
    --------
    >>> from biasscope.boxes.schema import BOXES
    >>> row = {"image_id": "a", "label": "cat", "x0": 0.0, "y0": 0.0, "x1": 9.0, "y1": 30.0, "crowd": False}
    >>> row |= {"image_width": 40, "image_height": 20, "file": "a.csv", "row": 1}
    >>> inspector = Inspector()
    >>> inspector.check(pl.DataFrame([row], schema=BOXES)).tolist(), inspector.counts["swapped"]
    ([False], 1)
    """

    def __init__(self, *, pixels: bool = False) -> None:
        self.pixels = pixels
        self.counts: Counter[str] = Counter()
        self.boxes = self.excluded = 0
        self._listed: dict[str, list[Row]] = {code: [] for code in PROBLEMS}
        self._rows, self._images, self._unsized = SeenBoxes(), SeenImages(), SeenImages()
        self._labels: set[int] = set()
        self._evidence = Evidence()

    @classmethod
    def of(cls, source: BoxTable) -> Self:
        """Inspector that knows what the numbers of a table can be.

        Raises
        ------
        InputError
            It is a frame or something else that no reader gave.
        """
        if not isinstance(source, BoxTable):
            raise InputError(
                "boxes are no table of a reader", hint="Give what read_boxes(...) returns, not its .boxes."
            )
        return cls(pixels=source.pixels)

    def read(self, source: BoxTable, rows: int = ROWS) -> Iterator[pl.DataFrame]:
        """Batches of a table; of each the inspector knows what its numbers can be, until the next is read."""
        for part in source.parts or (source,):
            self.pixels = part.pixels
            yield from part.batches(rows)

    def usable(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rows of a batch that the statistics may use; the others are counted and listed."""
        keep = self.check(batch)
        return batch if keep.all() else batch.filter(keep)

    def check(self, batch: pl.DataFrame) -> Mask:
        """Which rows of a batch the statistics may use, shape (N,); the others are counted and listed."""
        if not batch.height:
            return np.ones(0, bool)
        self.boxes += batch.height
        made = Batch.of(batch)
        x0, _, x1, y1 = made.corners
        self._evidence.add(x0, x1, made.width, (y1, made.height))
        self._labels.update(np.flatnonzero(np.bincount(codes_of(batch["label"]))[1:]).tolist())
        usable = np.ones(batch.height, bool)
        for code, rows in (*geometry(made, pixels=self.pixels), *plain(batch)):
            self._take(code, made, rows, usable)
        for code, rows in self._repeated(made, usable):
            self._take(code, made, rows, usable)
        self.excluded += int(batch.height - usable.sum())
        return usable

    @property
    def classes(self) -> int:
        """Classes met so far."""
        return len(self._labels)

    def doubt(self, source: BoxTable) -> str | None:
        """Sentence on why the box convention that a table was read with is probably not its own, or ``None``."""
        impossible = self.counts["outside"] + self.counts["degenerate"]
        if "fraction" in (source.convention, source.layout):  # of an unknown size too: it is no share of anything
            impossible += self.counts["unknown_size"]
        known = self._evidence.note(source.convention)  # which names the convention, so it goes first
        return known or misread(impossible, self.boxes, source.convention, source.layout)

    @property
    def violations(self) -> int:
        """Problems that a strict reader would not accept (crowd boxes are none), over the batches so far.

        Rows that could not become boxes are known to the table's log; :meth:`result` adds them.
        """
        return sum(count for code, count in self.counts.items() if code not in HARMLESS)

    def result(self, source: BoxTable) -> Result:
        """Result of kind ``integrity``, once all batches of the table were checked."""
        self._take_log(source)
        images, without = self._image_counts(source)
        found = Inspected(
            counts=self.counts,
            listed=self._listed,
            boxes=self.boxes,
            excluded=self.excluded,
            images=images,
            without=without,
            classes=self.classes,
            violations=self.violations,
        )
        return verdict(found, source, self.doubt(source))

    def _repeated(self, batch: Batch, usable: Mask) -> list[tuple[str, Places]]:
        """Copies among the rows that are usable so far, and among the others: no row gives way to one left out."""
        frame = batch.frame
        image = images_mixed(frame)
        rows = mixed(image, codes_of(frame["label"]), *batch.corners)
        if not usable.all():
            np.invert(rows, out=rows, where=~usable)
        unknown = np.isnan(batch.width) | np.isnan(batch.height)
        met, conflicts = self._meet(image, sizes_mixed(batch.width, batch.height), unknown)
        copies = self._rows.copies(rows, met)
        finite = np.isfinite(np.stack(batch.corners)[:, copies]).all(0)
        return [("duplicate", copies[finite]), ("size_conflict", conflicts)]

    def _meet(self, image: Keys, size: Keys, unknown: Mask) -> tuple[Mask, Places]:
        """Rows of images that were met before, and rows that give one another size; an unknown size is none."""
        if not unknown.any() and not self._unsized.count:
            return self._images.meet(image, size)
        met = self._images.has(image) | self._unsized.has(image)
        known = np.flatnonzero(~unknown)
        conflicts = self._images.meet(image[known], size[known])[1] if known.size else known
        if unknown.any():
            self._unsized.meet(image[unknown], np.zeros(int(unknown.sum()), np.uint64))
        return met, known[conflicts]

    def _take(self, code: str, batch: Batch, rows: Places, usable: Mask) -> None:
        """Count and list rows with a problem, which are no more usable where it leaves them out."""
        self._note(code, batch, rows)
        if not PROBLEMS[code].used:
            usable[rows] = False

    def _note(self, code: str, batch: Batch, rows: Places) -> None:
        if not rows.size:
            return
        self.counts[code] += int(rows.size)
        listed = self._listed[code]
        for place in rows[: LISTED - len(listed)].tolist():
            where, image = batch.frame.item(place, "file"), batch.frame.item(place, "image_id")
            listed.append((f"{where}:{batch.frame.item(place, 'row')}", image, detail(batch, place)))

    def _take_log(self, source: BoxTable) -> None:
        self.counts["unreadable"] = source.log.counts.total()
        rows = source.log.rows[:LISTED]
        self._listed["unreadable"] = [
            (row.where, None, ": ".join(filter(None, (row.reason, row.detail)))) for row in rows
        ]

    def _image_counts(self, source: BoxTable) -> tuple[int, int]:
        if source.empty is not None:
            empty = images_mixed(source.without_objects())
            without = int((~(self._images.has(empty) | self._unsized.has(empty))).sum())
            return self._met() + without, without
        listed = source.images.unique(IMAGE).select(pl.len()).collect().item()
        met = self._met()
        return max(listed, met), max(0, listed - met)

    def _met(self) -> int:
        """Images that boxes speak of; one may have boxes with and without a size."""
        return self._images.count + self._unsized.beyond(self._images)


def inspect(source: BoxTable) -> Result:
    r"""Integrity of a whole table, in one pass over its batches.

    Parameters
    ----------
    source
        Boxes as a reader found them.

    Returns
    -------
        Counts and shares of what is odd, with the worst rows; bad rows of the reader among them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from biasscope.boxes import read_boxes
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "boxes.csv"
    >>> _ = path.write_text("image,xmin,ymin,xmax,ymax,label,width,height\na,0,0,9,9,cat,20,20\nb,0,0,9,,dog,20,20\n")
    >>> inspect(read_boxes(path, box_convention="inclusive0")).finding
    '1 of 2 boxes is left out of the statistics; found: missing or infinite coordinates (1).'
    """
    inspector = Inspector.of(source)
    for batch in inspector.read(source):
        inspector.check(batch)
    return inspector.result(source)
