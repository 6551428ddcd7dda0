"""Which boxes the statistics may use, and a complete count of those they may not.

Nothing is clipped, repaired or dropped silently: every problem is counted completely, its first thousand rows are
listed with file and row, and each problem states whether such boxes stay in the statistics. Memory does not grow with
the number of boxes, except eight bytes a box and an image for recognising duplicates (by hash: among 50 million boxes
the chance of one false alarm is about one in ten thousand).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.boxes.evidence import Evidence
from biasscope.boxes.schema import CORNERS, BoxTable
from biasscope.boxes.seen import Mask, SeenBoxes, SeenImages, mixed
from biasscope.core.results import Result, Scalar, Table, column, table

LISTED = 1000
TOLERANCE = 1e-3
"""Pixels a box may leave its frame before it is outside."""
ROUNDING = 2e-6
"""The same as a share of the frame: what six decimals of a fraction leave."""
Floats = NDArray[np.float64]


class Problem(NamedTuple):
    """A problem: name for people, whether such boxes stay in the statistics, what it means."""

    title: str
    used: bool
    explanation: str


PROBLEMS = {
    "unreadable": Problem("Unreadable rows", False, "Rows, files or entries that could not become a box."),
    "not_finite": Problem("Missing or infinite coordinates", False, "A coordinate is missing, no number, or infinite."),
    "degenerate": Problem("Degenerate boxes", False, "Width or height is zero or negative, as pixel edges."),
    "outside": Problem(
        "Boxes outside the frame",
        False,
        f"A side lies beyond the image by more than {TOLERANCE:g} px (or {ROUNDING:g} of its side, the rounding of "
        "fractions). Not clipped.",
    ),
    "swapped": Problem(
        "Width and height swapped",
        False,
        "The box lies outside the image, but inside if width and height were exchanged: the image was probably turned "
        "by its EXIF orientation.",
    ),
    "duplicate": Problem(
        "Duplicate boxes", False, "Same image, label and corners as an earlier box; the first one stays."
    ),
    "unknown_size": Problem(
        "Unknown image size", False, "In pixels, but the size of the image is unknown: give --images or --sizes."
    ),
    "fraction": Problem(
        "Fractions of unknown frames",
        True,
        "In fractions, and the size of the image is unknown: measured in a frame of 1 x 1, so that shape and scale are "
        "distorted by its aspect ratio; give --images or --sizes.",
    ),
    "size_conflict": Problem(
        "Different sizes for one image", True, "The same image is given with another size; each box keeps its own."
    ),
    "unlabelled": Problem("Unlabelled boxes", False, "The box has no class."),
    "crowd": Problem("Crowd boxes", False, "Marked as a group of objects (crowd), so it is no single object."),
}
HARMLESS = frozenset({"crowd"})
"""No violation of a format: not counted by ``violations``."""


@dataclass(frozen=True)
class _Batch:
    frame: pl.DataFrame
    corners: tuple[Floats, Floats, Floats, Floats]
    width: Floats
    height: Floats


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
        self._rows, self._images = SeenBoxes(), SeenImages()
        self._labels: set[int] = set()
        self._evidence = Evidence()

    def check(self, batch: pl.DataFrame) -> Mask:
        """Which rows of a batch the statistics may use, shape (N,); the others are counted and listed."""
        if not batch.height:
            return np.ones(0, bool)
        self.boxes += batch.height
        corners = tuple(_floats(batch, name) for name in CORNERS)
        made = _Batch(batch, corners, _floats(batch, "image_width"), _floats(batch, "image_height"))  # type: ignore[arg-type]
        self._evidence.add(corners[0], corners[2], made.width)
        self._labels.update(np.flatnonzero(np.bincount(_codes(batch["label"]))[1:]).tolist())
        usable = np.ones(batch.height, bool)
        for code, rows in (*_geometry(made), *self._repeated(made), *_plain(batch)):
            self._note(code, made, rows)
            if not PROBLEMS[code].used:
                usable[rows] = False
        self.excluded += int(batch.height - usable.sum())
        return usable

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
        note = self._evidence.note(source.convention)
        return Result(
            kind="integrity",
            title="Integrity of the annotations",
            finding=_finding(self.boxes, self.excluded, found),
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
                Scalar("classes", len(self._labels), "Classes", unit="classes"),
                Scalar("excluded", self.excluded, "Boxes left out of the statistics", unit="boxes", better="lower"),
                Scalar("violations", self.violations, "Problems that --strict refuses", better="lower"),
            ],
            tables=[_problem_table(found), self._row_table()],
            notes=[
                f"At most {LISTED} rows of each problem are listed; the counts are complete.",
                *([note] if note else []),
            ],
        )

    def _repeated(self, batch: _Batch) -> list[tuple[str, NDArray[np.int64]]]:
        frame = batch.frame
        image = mixed(frame["image_id"].hash().to_numpy(), _codes(frame["split"]))
        rows = mixed(image, _codes(frame["label"]), *batch.corners)
        size = mixed(np.zeros(rows.size, np.uint64), np.nan_to_num(batch.width), np.nan_to_num(batch.height))
        met, conflicts = self._images.meet(image, size)
        copies = self._rows.copies(rows, met)
        finite = np.isfinite(np.stack(batch.corners)[:, copies]).all(0)
        return [("duplicate", copies[finite]), ("size_conflict", conflicts)]

    def _note(self, code: str, batch: _Batch, rows: NDArray[np.int64]) -> None:
        if not rows.size:
            return
        self.counts[code] += int(rows.size)
        listed = self._listed[code]
        for place in rows[: LISTED - len(listed)].tolist():
            where, image = batch.frame.item(place, "file"), batch.frame.item(place, "image_id")
            listed.append((f"{where}:{batch.frame.item(place, 'row')}", image, _detail(batch, place)))

    def _take_log(self, source: BoxTable) -> None:
        self.counts["unreadable"] = source.log.counts.total()
        rows = source.log.rows[:LISTED]
        self._listed["unreadable"] = [
            (row.where, None, ": ".join(filter(None, (row.reason, row.detail)))) for row in rows
        ]

    def _image_counts(self, source: BoxTable) -> tuple[int, int]:
        if source.empty is not None:
            without = source.empty.unique(("image_id", "split")).select(pl.len()).collect().item()
            return self._images.count + without, without
        listed = source.images.unique(("image_id", "split")).select(pl.len()).collect().item()
        return max(listed, self._images.count), max(0, listed - self._images.count)

    def _row_table(self) -> Table:
        rows = [(code, *row) for code, listed in self._listed.items() for row in listed]
        names = ("code", "where", "image_id", "detail")
        columns = [column(name, [row[place] for row in rows]) for place, name in enumerate(names)]
        return table("rows", columns, row="one problem of one row")


def inspect(source: BoxTable) -> Result:
    """Integrity of a whole table, in one pass over its batches."""
    inspector = Inspector()
    for batch in source.batches():
        inspector.check(batch)
    return inspector.result(source)


def _geometry(batch: _Batch) -> list[tuple[str, NDArray[np.int64]]]:
    x0, y0, x1, y1 = batch.corners
    width, height = batch.width, batch.height
    inside = (x0 >= -TOLERANCE) & (y0 >= -TOLERANCE) & (x1 <= width + TOLERANCE) & (y1 <= height + TOLERANCE)
    suspects = np.flatnonzero(~(inside & (x1 > x0) & (y1 > y0)))
    if not suspects.size:
        return []
    return [
        (code, suspects[mask]) for code, mask in _judge(*(part[suspects] for part in (*batch.corners, width, height)))
    ]


def _judge(x0: Floats, y0: Floats, x1: Floats, y1: Floats, width: Floats, height: Floats) -> list[tuple[str, Mask]]:
    numbers = np.stack([x0, y0, x1, y1])
    finite = np.isfinite(numbers).all(0)
    unknown = np.isnan(width) | np.isnan(height)
    fraction = unknown & finite & (np.abs(np.where(finite, numbers, 0)).max(0) <= 2)
    width, height = np.where(fraction, 1, width), np.where(fraction, 1, height)
    least = np.where(fraction, 0, TOLERANCE)
    degenerate = finite & ((x1 <= x0) | (y1 <= y0))
    placed = finite & ~degenerate & (~unknown | fraction)
    beyond = placed & ~_within(numbers, width, height, least)
    swapped = beyond & (width != height) & _within(numbers, height, width, least)
    return [
        ("not_finite", ~finite),
        ("degenerate", degenerate),
        ("outside", beyond & ~swapped),
        ("swapped", swapped),
        ("unknown_size", unknown & ~fraction),
        ("fraction", fraction),
    ]


def _within(numbers: Floats, width: Floats, height: Floats, least: Floats) -> Mask:
    x0, y0, x1, y1 = numbers
    across, down = np.maximum(least, ROUNDING * width), np.maximum(least, ROUNDING * height)
    with np.errstate(invalid="ignore"):
        inside: Mask = (x0 >= -across) & (y0 >= -down) & (x1 <= width + across) & (y1 <= height + down)
    return inside


def _plain(batch: pl.DataFrame) -> list[tuple[str, NDArray[np.int64]]]:
    crowd = (
        np.flatnonzero(batch["crowd"].fill_null(False).to_numpy()) if batch["crowd"].any() else np.empty(0, np.int64)
    )
    label = batch["label"]
    missing = np.flatnonzero(label.is_null().to_numpy()) if label.null_count() else np.empty(0, np.int64)
    return [("unlabelled", missing), ("crowd", crowd)]


def _detail(batch: _Batch, place: int) -> str:
    numbers = ", ".join(f"{corner[place]:.6g}" for corner in batch.corners)
    width, height = batch.width[place], batch.height[place]
    frame = "unknown size" if np.isnan(width) or np.isnan(height) else f"{width:.0f} x {height:.0f}"
    return f"({numbers}) in {frame}, label {batch.frame.item(place, 'label')}"


def _finding(boxes: int, excluded: int, found: list[tuple[str, Problem, int]]) -> str:
    parts = ", ".join(f"{count} {problem.title.lower()}" for _, problem, count in found if count)
    if not parts:
        return f"All {boxes} boxes can be used: no problem was found."
    return f"{excluded} of {boxes} boxes are left out of the statistics; found: {parts}."


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


def _floats(batch: pl.DataFrame, name: str) -> Floats:
    values = batch[name]
    if values.null_count():
        values = values.cast(pl.Float64).fill_null(float("nan"))
    return np.asarray(values.to_numpy(), np.float64)


def _codes(values: pl.Series) -> NDArray[np.int64]:
    """Number of each category, from 1; 0 for none."""
    codes = values.to_physical()
    if codes.null_count() == len(codes):
        return np.zeros(len(codes), np.int64)
    shifted = (
        codes.to_numpy().astype(np.int64) if not codes.null_count() else codes.fill_null(0).to_numpy().astype(np.int64)
    )
    shifted += 1
    if codes.null_count():
        shifted[codes.is_null().to_numpy()] = 0
    return shifted
