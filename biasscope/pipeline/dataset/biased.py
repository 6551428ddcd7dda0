"""What the first sentences say of placement: bias or chance, for which classes, and which could not be tested why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from biasscope.core.results import Result
from biasscope.core.words import counted
from biasscope.pipeline.dataset.several import one_of_several, said_once

MOST = 3
LONGEST = 80
"""Letters of a label that a sentence holds."""
SMALLEST = 0.0001
"""p below which its number is of no use."""
LEAST_CUT = 0.01
"""Share of boxes at the frame from which on they are worth a word."""
RATE = ("bh", "by")
"""Corrections that hold the share of false ones among the classes named."""
AXES = {"q_cvm_u": "Horizontally", "q_cvm_v": "Vertically"}
"""Test of one axis alone -> which axis."""
SIDES = (
    ("edge_left", "edge_right", "no_slack_x", "marginal_u"),
    ("edge_top", "edge_bottom", "no_slack_y", "marginal_v"),
)
"""Of each axis: shares of boxes that touch the frame on either side, boxes without room, and those with it in bins."""


class _Row(NamedTuple):
    """One class: what is in the table, corrected p of one axis alone, and the share at the frame of boxes with room."""

    label: str
    verdict: str
    boxes: int
    images: int
    q: float | None
    axes: tuple[float | None, ...]
    touching: tuple[float, ...]


def biased(item: Result) -> Iterator[str]:
    """Verdict of a position result in a sentence, naming the most biased classes, and what one axis alone tells."""
    rows = _rows(item)
    left = [row for row in rows if row.verdict == "not tested"]
    tested = len(rows) - len(left)
    found = [row for row in rows if row.verdict == "non-uniform"]
    few = f" ({len(left):,} more {_lacking(left, item)})" if left else ""
    barely = "" if found else _barely(rows, item)
    alone = [*_on_one_axis(rows, item, barely), *([] if found else _together(rows, item, barely))]
    if not tested:
        yield _none_tested(left, item)
    elif found:
        of = f"{len(found):,} of {counted(tested, 'class')}"
        chance = _chance(found, [row.q or 0 for row in found], item)
        yield f"{_claim(found, item)} {of}{few}{_names(found)}.{chance}{_doubt(found, item)}"
    else:
        where = "the one class" if tested == 1 else f"any of {tested:,} classes"
        both = " on both axes together" if any(_told(rows, item)) else ""
        yield f"Bias is not told from chance in {where}{both}{few}, given the box sizes."
    yield from said_once(alone, barely)


def _rows(item: Result) -> list[_Row]:
    classes = item.table("classes")
    axes = zip(*(classes[name] for name in AXES), strict=True)
    plain = [classes[name] for name in ("label", "verdict", "boxes", "images", "q")]
    sides = ([_touching(*row) for row in zip(*(classes[name] for name in names), strict=True)] for names in SIDES)
    return [_Row(*row) for row in zip(*plain, axes, zip(*sides, strict=True), strict=True)]


def _touching(one: float | None, other: float | None, without: int, held: Sequence[int]) -> float:
    """Share at the frame of the boxes with room on an axis; those without touch both of its sides, and are not tested.

    >>> round(_touching(0.75, 0.85, 70, [20, 10]), 3)
    0.667
    """
    tested = sum(held)
    at = ((one or 0) + (other or 0)) * (tested + without) - 2 * without
    return min(max(at / tested, 0.0), 1.0) if tested else 0.0


def _claim(found: Sequence[_Row], item: Result, barely: str = "") -> str:
    """What a rejection says; not that it is bias where boxes of one image were taken for independent, or ``barely``."""
    doubted = barely or _clustered(found, item)
    return "Uniform placement is rejected for" if doubted else "This is bias, not chance, for"


def _doubt(found: Sequence[_Row], item: Result, barely: str = "") -> str:
    if not _clustered(found, item):
        return barely
    return " Whether that is bias or chance, tests of all boxes of an image cannot tell."


def _chance(found: Sequence[_Row], q: Sequence[float], item: Result) -> str:
    """How many of the classes named may be so by chance, where that is one or more: a share q of all that are rejected.

    Those that are named may be a part of these, and what chance rejects may all be among them.
    """
    many = round(len(q) * max(q, default=0.0))
    if item.parameters["correction"] not in RATE or many < 1 or _clustered(found, item):
        return ""
    return f" {'It' if len(found) == 1 else f'Up to {min(many, len(found)):,} of these'} may be named by chance."


def _clustered(found: Sequence[_Row], item: Result) -> bool:
    return item.parameters["per_image"] == "all" and any(row.boxes > row.images for row in found)


def _none_tested(left: Sequence[_Row], item: Result) -> str:
    least, crowded = item.parameters["minimum"], _crowded(left, item)
    who = "the only one" if len(left) == 1 else f"all {len(left):,}"
    images = f"{'is' if len(left) == 1 else 'are'} in fewer than {least} images, of which one box each is tested"
    if left and crowded == len(left):
        return f"No class can be tested: {who} {images}."
    both = " on both axes" if any(_room(left)) else ""
    why = f"{'has' if len(left) == 1 else 'have'} fewer than {least} boxes with free room{both}"
    return f"No class can be tested{both}: {who} {why}{f' or {images}' if crowded else ''}."


def _lacking(left: Sequence[_Row], item: Result) -> str:
    """Why classes were not tested."""
    crowded, one = _crowded(left, item), len(left) == 1
    boxes, images = (
        f"{'has' if one else 'have'} too few boxes with free room",
        f"{'is' if one else 'are'} in too few images",
    )
    return images if crowded == len(left) else f"{boxes} or {images}" if crowded else boxes


def _crowded(left: Sequence[_Row], item: Result) -> int:
    """Classes with boxes enough, but too few images where one box of an image is tested."""
    least = int(str(item.parameters["minimum"]))
    return sum(row.images < least <= row.boxes for row in left) if item.parameters["per_image"] == "one" else 0


def _room(rows: Sequence[_Row]) -> list[list[tuple[_Row, float]]]:
    """Classes that could be tested on one axis alone, with q, for each axis; the surest first."""
    found = [[(row, q) for row in rows if (q := row.axes[axis]) is not None] for axis in range(len(AXES))]
    return [sorted(pairs, key=lambda pair: pair[1]) for pairs in found]


def _told(rows: Sequence[_Row], item: Result) -> list[list[_Row]]:
    """Classes whose placement along each axis is no chance, though both axes together do not show it."""
    quiet = [row for row in rows if row.verdict == "not rejected"]
    return [[row for row, _ in _sure(pairs, item)] for pairs in _room(quiet)]


def _barely(rows: Sequence[_Row], item: Result) -> str:
    """What is to be said of a rejection along one axis, or of all classes together, where both axes reject none."""
    axes = [q for pairs in _room(rows) for _, q in pairs]
    together = [] if (p := _pooled(rows, item)) is None else [p]
    tests = any(row.verdict != "not tested" for row in rows) + bool(axes) + bool(together)
    return one_of_several([*axes, *together], tests, _alpha(item))


def _on_one_axis(rows: Sequence[_Row], item: Result, barely: str) -> Iterator[str]:
    """What one axis tells of classes of which both together do not, for want of room in the other or of boxes."""
    rest = [row for row in rows if row.verdict != "non-uniform"]
    left = _room([row for row in rest if row.verdict == "not tested"])
    told, whose = _told(rows, item), "class" if len(rest) == len(rows) else "other"
    for where, sure, few, every, tested in zip(AXES.values(), told, left, _room(rest), _room(rows), strict=True):
        rejected = [q for _, q in _sure(tested, item)]
        if not any(told):
            yield from _along(where, few, f"{len(few):,} of these", item, rejected, barely)
        elif sure or few:
            yield from _along(where, every, counted(len(every), whose), item, rejected, barely)


def _sure(pairs: Sequence[tuple[_Row, float]], item: Result) -> list[tuple[_Row, float]]:
    return [(row, q) for row, q in pairs if q <= _alpha(item)]


def _alpha(item: Result) -> float:
    return float(str(item.parameters["alpha"]))


def _along(
    where: str, pairs: Sequence[tuple[_Row, float]], of: str, item: Result, rejected: Sequence[float], barely: str
) -> Iterator[str]:
    """``rejected``: q of all classes that this axis rejects, named here or not."""
    found = [row for row, _ in _sure(pairs, item)]
    have = f"{where} alone, where {of} {'has' if len(pairs) == 1 else 'have'} room enough,"
    if found:
        claim = _claim(found, item, barely)
        cut = _cut(max(row.touching[list(AXES.values()).index(where)] for row in found))
        named = f"{len(found):,}{_names(found)}.{_chance(found, rejected, item)}{cut}{_doubt(found, item, barely)}"
        yield f"{have} {claim[0].lower()}{claim[1:]} {named}"
    elif pairs:
        yield f"{have} bias is not told from chance."


def _cut(share: float) -> str:
    """Boxes at the frame, which are left out of no test of one axis alone.

    >>> _cut(0.31), _cut(0.001)
    (' This counts boxes that touch the frame there (up to 31 % of a class), which may cut them off.', '')
    """
    if share < LEAST_CUT:
        return ""
    most = f"up to {100 * share:.0f} % of a class"
    return f" This counts boxes that touch the frame there ({most}), which may cut them off."


def _together(rows: Sequence[_Row], item: Result, barely: str) -> Iterator[str]:
    """What all classes together show where none does by itself."""
    p, effect = _pooled(rows, item), item.scalar("pooled_effect").value
    if p is not None and p <= _alpha(item):
        claim = "reject uniform placement" if barely else "do show bias, not chance"
        yield f"All classes together {claim} (Cramér's V {effect:.2g}, p {_small(p)}).{barely}"


def _pooled(rows: Sequence[_Row], item: Result) -> float | None:
    """Test of all classes together; None where there is one, or where all boxes of an image were counted."""
    if len(rows) < 2 or item.parameters["per_image"] != "one":
        return None
    p = item.table("pooled")["feasible_p"][0]
    return p if isinstance(p, float) else None


def _small(p: float) -> str:
    return f"= {p:.2g}" if p >= SMALLEST else f"< {SMALLEST:g}"


def _names(found: Sequence[_Row]) -> str:
    """The first few labels, each in quotation marks and cut where it is long."""
    short = [row.label if len(row.label) <= LONGEST else f"{row.label[: LONGEST - 1]}\u2026" for row in found[:MOST]]
    shown = [f"\u201c{label}\u201d" for label in short]
    named = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f": {named}" if len(found) <= MOST else f"; most for {named}"
