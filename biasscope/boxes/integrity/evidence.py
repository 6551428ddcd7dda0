"""Do the numbers look like another box convention than the one they were read with? A hint, never a change."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SAMPLE = 200_000
FEWEST, FEWEST_SHARES = 100, 10
MANY = 0.01
"""A corner value counts as usual when at least this share of boxes (and five of them) has it."""
PILE = 3
"""A value outside the frame counts only when it is so many times as frequent as the frame itself."""
MOST = 0.99
PER_CENT, LARGER, FAR = 101, 200, 0.2
"""Per cent end here at most (a pixel may have been added), in images of at least such sides, as pixels would go on
there; so many of them have to lie beyond the first half of either side."""
FEWEST_IMPOSSIBLE, MANY_IMPOSSIBLE = 10, 0.2
"""Boxes, and their share, that no image can hold from which on the convention is doubted."""
LISTED_SHARES = " A list of fractions is read as two corners: write left, top, width and height as columns x, y, w, h."
COUNTED_FROM_0 = (
    "Boxes begin one pixel outside the frame, as numbers that are counted from 0 would, but were read as inclusive1 "
    "(counted from 1). If so, say --box-convention inclusive0 if they end with the last pixel of an object, or edges "
    "if they end behind it; nothing was changed."
)
_TOLERANCE = 0.01
_PLACES = range(-1, 3)
_MEANS = {
    "edges": "pixel edges (edges, or xywh for a corner with a width and height)",
    "inclusive0": "first and last pixel, counted from 0 (inclusive0)",
    "inclusive1": "first and last pixel, counted from 1 (inclusive1)",
}


@dataclass
class Evidence:
    """Counts of corner values at the frame, over the first boxes of known image size, as they came out as edges."""

    boxes: int = 0
    whole: int = 0
    before: int = 0
    behind: int = 0
    shares: int = 0
    large: int = 0
    hundred: int = 0
    far: int = 0
    first: dict[int, int] = field(default_factory=lambda: dict.fromkeys(_PLACES, 0))
    last: dict[int, int] = field(default_factory=lambda: dict.fromkeys(_PLACES, 0))

    def add(self, x0: Floats, x1: Floats, width: Floats, down: tuple[Floats, Floats] | None = None) -> None:
        """Count horizontal corners, in edges, against the width in pixels (NaN where unknown).

        ``down`` is the last corner and the side of the other axis, where these are to be looked at too.
        """
        room = SAMPLE - self.boxes
        if room <= 0:
            return
        if down is not None:
            self._add_large(x1[:room], width[:room], down[0][:room], down[1][:room])
        x0, x1, width = x0[:room], x1[:room], width[:room]
        good = np.isfinite(x0) & np.isfinite(x1) & (width > 1)
        x0, x1, width = x0[good], x1[good], width[good]
        self.boxes += x0.size
        self.whole += int(((np.abs(x0 - np.rint(x0)) < _TOLERANCE) & (np.abs(x1 - np.rint(x1)) < _TOLERANCE)).sum())
        within_a_pixel = (x0 > -_TOLERANCE) & (x1 < 1 + _TOLERANCE) & (x1 > x0) & (width > 2)
        self.shares += int(within_a_pixel.sum())
        self.before += int((x0 < -1 - _TOLERANCE).sum())
        self.behind += int((x1 > width + 1 + _TOLERANCE).sum())
        for place in _PLACES:
            self.first[place] += int((np.abs(x0 - place) < _TOLERANCE).sum())
            self.last[place] += int((np.abs(width - x1 - place) < _TOLERANCE).sum())

    def _add_large(self, x1: Floats, width: Floats, y1: Floats, height: Floats) -> None:
        """Count the last corners of boxes in large images that lie where per cent of the image would."""
        large = np.flatnonzero((np.minimum(width, height) >= LARGER) & np.isfinite(x1 + y1))
        across, down = x1[large], y1[large]
        self.large += large.size
        self.hundred += int(((across <= PER_CENT) & (down <= PER_CENT)).sum())
        self.far += int(((across > PER_CENT / 2) | (down > PER_CENT / 2)).sum())

    def note(self, convention: str) -> str | None:
        """Sentence that names a likelier convention, or ``None``.

        Edges of boxes that touch the frame are 0 and the width. Where nothing is there but many are one pixel aside,
        on the left or on the right, the numbers were written in another convention. Boxes that nearly all lie within
        the first pixel are fractions; those within the first hundred of each side of larger images, per cent.
        """
        if self.boxes >= FEWEST_SHARES and self.shares >= MOST * self.boxes:
            listed = LISTED_SHARES if convention == "xywh" else ""
            return (
                "The coordinates lie between 0 and 1, as shares of the image (fraction) would, but were read as "
                f"pixels ({convention}). If so, all numbers here are wrong: say --box-convention fraction for a "
                f"table or Hugging Face dataset; other formats fix what they hold. Nothing was changed.{listed}"
            )
        if self._per_cent():
            return (
                f"The coordinates lie between 0 and 100 in images of {LARGER} pixels and more, as per cent of the "
                f"image would, but were read as pixels ({convention}). If so, all numbers here are wrong: divide the "
                "coordinates by 100, and read them as shares of the image (--box-convention fraction for a table). "
                "Nothing was changed."
            )
        if self.boxes < FEWEST:
            return None
        whole = self.whole >= MOST * self.boxes
        likelier = self._likelier(convention if convention in _MEANS else "edges") if whole else None
        if likelier is None:
            return COUNTED_FROM_0 if self._from_0(convention) else None
        return (
            f"The coordinates are whole numbers and touch the frame as {_MEANS[likelier]} would, "
            f"but were read as {convention}. If so, say --box-convention {likelier}; nothing was changed."
        )

    def _per_cent(self) -> bool:
        enough = self.large >= max(FEWEST_SHARES, MOST * self.boxes)
        return enough and self.hundred >= MOST * self.large and self.far >= FAR * self.large

    def _from_0(self, now: str) -> bool:
        """Whether boxes begin one pixel before the frame, though nothing tells where those end that touch it."""
        return now == "inclusive1" and self._shifts(now)[0] == -1

    def _shifts(self, now: str) -> tuple[int | None, int | None]:
        """Where first and last corners pile up; a pixel that the convention added or took may have put them outside."""
        before, behind = self.before if now == "inclusive1" else None, self.behind if now == "inclusive0" else None
        return _shift(self.first, self.boxes, before), _shift(self.last, self.boxes, behind)

    def _likelier(self, now: str) -> str | None:
        starts, ends = self._shifts(now)
        if starts is None or ends is None:
            return None
        raw_first, raw_last = starts + (now == "inclusive1"), -ends - (now == "inclusive0")
        found = {(0, 0): "edges", (0, -1): "inclusive0", (1, 0): "inclusive1"}.get((raw_first, raw_last))
        return None if found == now else found


def misread(impossible: int, boxes: int, convention: str, fixed: str = "") -> str | None:
    """Sentence on that too many boxes are such as no image can hold, or ``None``.

    ``fixed`` is the format's own convention where that fixes the layout of its numbers, so that no option changes it.
    """
    if impossible < max(FEWEST_IMPOSSIBLE, MANY_IMPOSSIBLE * boxes):
        return None
    others = " Nothing was changed, and all numbers here are of the other boxes." if impossible < boxes else ""
    other = {
        "xywh": "corners, or a centre (which is not read), instead of a corner with a width and height",
        "fraction": "pixels instead of shares of the image",
    }.get(fixed or convention, "a corner with a width and height (xywh) instead of corners")
    what = f"If so, say --box-convention.{LISTED_SHARES if convention == 'fraction' else ''}"
    if fixed:
        what = (
            "The format has one layout, and --box-convention only says which pixels are meant: if the numbers are in "
            "another layout, write them anew, or as a table with the columns of that layout."
        )
    return (
        f"{impossible:,} of {boxes:,} boxes reach beyond their image or have no area when they are read as "
        f"{convention}: the numbers may be of another convention, such as {other}, or the sizes those of images before "
        f"or after a resize. {what}{others}"
    )


def _shift(counts: dict[int, int], boxes: int, beyond: int | None = None) -> int | None:
    """Where corners pile up, in pixels inwards from the frame: the outermost usual place.

    One pixel outside the frame it has to be a pile, not just boxes that are too large; one pixel inside it has to be a
    hard end, with nothing at the frame. Where so many boxes as ``beyond`` are further outside, it may be a pile beside
    these alone: what is too large is so by more than one pixel, too. Then it has as many as the frame, at least: fewer
    are slips of a pixel.
    """
    usual = [place for place in (-1, 0, 1) if counts[place] >= max(5, MANY * boxes)]
    if not usual:
        return None
    place = usual[0]
    frame = counts[0]
    if place == -1 and counts[-1] < (PILE * frame if beyond is None else max(frame, PILE * min(beyond, frame))):
        return 0 if 0 in usual else None
    if place == 1 and (counts[0] or counts[1] < counts[2]):
        return None
    return place
