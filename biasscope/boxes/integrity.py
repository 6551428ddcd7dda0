"""Which boxes the statistics may use, and a complete count of those they may not.

Nothing is clipped, repaired or dropped silently: every problem is counted completely, its first thousand rows are
listed with file and row, and each problem states whether such boxes stay in the statistics. Memory does not grow with
the number of boxes, except eight bytes a box and an image for recognising duplicates (by hash: among 50 million boxes
the chance of one false alarm is about one in ten thousand).
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from biasscope.boxes.evidence import Evidence
from biasscope.boxes.keysets import Keys, Mask
from biasscope.boxes.problems import (
    HARMLESS,
    PROBLEMS,
    TOLERANCE,
    Batch,
    Places,
    Problem,
    codes_of,
    detail,
    geometry,
    plain,
)
from biasscope.boxes.schema import BoxTable
from biasscope.boxes.seen import SeenBoxes, SeenImages, mixed, sizes_mixed
from biasscope.core.results import Result, Scalar, Table, column, table
from biasscope.images.words import counted

LISTED = 1000
FEWEST_IMPOSSIBLE, MANY_IMPOSSIBLE = 10, 0.2
"""Boxes, and their share, that no image can hold from which on the convention is doubted."""


class Inspector:
    """Inspects batches one after the other.

    Boxes of unknown image size count as fractions of a 1 x 1 frame when no coordinate is beyond 2, else as pixels of
    an unknown frame.

    Examples
    --------
    >>> from biasscope.boxes.schema import BOXES
    >>> row = {"image_id": "a", "label": "cat", "x0": 0.0, "y0": 0.0, "x1": 9.0, "y1": 30.0, "crowd": False}
    >>> row |= {"image_width": 40, "image_height": 20, "file": "a.csv", "row": 1}
    >>> inspector = Inspector()
    >>> inspector.check(pl.DataFrame([row], schema=BOXES)).tolist(), inspector.counts["swapped"]
    ([False], 1)
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.boxes = self.excluded = 0
        self._listed: dict[str, list[tuple[str, str | None, str]]] = {code: [] for code in PROBLEMS}
        self._rows, self._images, self._unsized = SeenBoxes(), SeenImages(), SeenImages()
        self._labels: set[int] = set()
        self._evidence = Evidence()

    def check(self, batch: pl.DataFrame) -> Mask:
        """Which rows of a batch the statistics may use, shape (N,); the others are counted and listed."""
        if not batch.height:
            return np.ones(0, bool)
        self.boxes += batch.height
        made = Batch.of(batch)
        self._evidence.add(made.corners[0], made.corners[2], made.width)
        self._labels.update(np.flatnonzero(np.bincount(codes_of(batch["label"]))[1:]).tolist())
        usable = np.ones(batch.height, bool)
        for code, rows in (*geometry(made), *self._repeated(made), *plain(batch)):
            self._note(code, made, rows)
            if not PROBLEMS[code].used:
                usable[rows] = False
        self.excluded += int(batch.height - usable.sum())
        return usable

    @property
    def classes(self) -> int:
        """Classes met so far."""
        return len(self._labels)

    def doubt(self, convention: str) -> str | None:
        """Sentence on why the box convention read with is probably not that of the numbers, or ``None``."""
        impossible = self.counts["outside"] + self.counts["degenerate"]
        if impossible < max(FEWEST_IMPOSSIBLE, MANY_IMPOSSIBLE * self.boxes):
            return self._evidence.note(convention)
        return (
            f"{impossible:,} of {self.boxes:,} boxes reach beyond their image or have no area when they are read as "
            f"{convention}: the numbers may be of another convention, such as corners instead of a corner with a width "
            "and height. If so, say --box-convention; nothing was changed, and all numbers here are of the other boxes."
        )

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
        found = [(code, PROBLEMS[code], self.counts[code]) for code in PROBLEMS]
        note = self.doubt(source.convention)
        return Result(
            kind="integrity",
            title="Integrity of the annotations",
            finding=_finding(self.boxes, self.excluded, found) + self._advice(source),
            parameters={
                "tolerance": TOLERANCE,
                "listed": LISTED,
                "format": source.format,
                "convention": source.convention,
            },
            scalars=[
                Scalar("boxes", self.boxes, "Boxes", unit="boxes"),
                Scalar("images", images, "Images", unit="images"),
                Scalar("images_without_objects", without, "Images without objects", unit="images"),
                Scalar("classes", self.classes, "Classes", unit="classes"),
                Scalar("excluded", self.excluded, "Boxes left out of the statistics", unit="boxes", better="lower"),
                Scalar("violations", self.violations, "Problems that --strict refuses", better="lower"),
            ],
            tables=[_problem_table(found), self._row_table()],
            notes=[
                f"At most {LISTED} rows of each problem are listed; the counts are complete.",
                *([note] if note else []),
            ],
        )

    def _repeated(self, batch: Batch) -> list[tuple[str, Places]]:
        frame = batch.frame
        image = mixed(frame["image_id"].hash().to_numpy(), codes_of(frame["split"]))
        rows = mixed(image, codes_of(frame["label"]), *batch.corners)
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

    def _advice(self, source: BoxTable) -> str:
        """What to do when nothing can be used: why rows were unreadable, and where sizes could come from."""
        if self.boxes > self.excluded:
            return ""
        first = "; ".join(f"{reason} ({count:,})" for reason, count in source.log.counts.most_common(3))
        advice = f" Unreadable: {first}." if first else ""
        if 2 * self.counts["unknown_size"] > self.boxes:
            advice += " The annotation gives no image sizes: give --images or --sizes."
        return advice

    def _image_counts(self, source: BoxTable) -> tuple[int, int]:
        if source.empty is not None:
            without = source.without_objects()
            return self._met() + without, without
        listed = source.images.unique(("image_id", "split")).select(pl.len()).collect().item()
        met = self._met()
        return max(listed, met), max(0, listed - met)

    def _met(self) -> int:
        """Images that boxes speak of; one may have boxes with and without a size."""
        return self._images.count + self._unsized.beyond(self._images)

    def _row_table(self) -> Table:
        rows = [(code, *row) for code, listed in self._listed.items() for row in listed]
        names = ("code", "where", "image_id", "detail")
        columns = [column(name, [row[place] for row in rows]) for place, name in enumerate(names)]
        return table("rows", columns, row="one problem of one row")


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
    inspector = Inspector()
    for batch in source.batches():
        inspector.check(batch)
    return inspector.result(source)


def _finding(boxes: int, excluded: int, found: list[tuple[str, Problem, int]]) -> str:
    parts = ", ".join(f"{problem.title.lower()} ({count:,})" for _, problem, count in found if count)
    used = "The one box" if boxes == 1 else f"All {boxes:,} boxes"
    if not boxes and not parts:
        return "The input holds no boxes."
    if not parts:
        return f"{used} can be used: no problem was found."
    if not boxes:
        return f"The input holds no readable boxes; found: {parts}."
    if not excluded:
        return f"{used} can be used; found: {parts}."
    are = "is" if excluded == 1 else "are"
    return f"{excluded:,} of {counted(boxes, 'box')} {are} left out of the statistics; found: {parts}."


def _problem_table(found: list[tuple[str, Problem, int]]) -> Table:
    return table(
        "problems",
        {
            "code": [code for code, _, _ in found],
            "title": [problem.title for _, problem, _ in found],
            "count": [count for _, _, count in found],
            "used": [problem.used for _, problem, _ in found],
            "explanation": [problem.explanation for _, problem, _ in found],
        },
        row="one sort of problem",
    )
