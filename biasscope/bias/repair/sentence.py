"""What the repair found, in one sentence, and how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from biasscope.bias.columns import UNIT_FRAME
from biasscope.bias.coordinates import CONTACT_FRACTION
from biasscope.core.results import Cell, Scalar


def finding(augmentation: str, scalars: Mapping[str, Scalar], images: int) -> str:
    """One sentence: whether the augmentation repairs the placement bias, and at what price."""
    before, after = scalars["effect_before"], scalars["effect_after"]
    if images == 0:
        return f"There are no objects of which to say whether {augmentation} repairs the placement bias."
    if before.interval is None or after.interval is None:
        return f"{_untold(augmentation, before, images)}; {_price(scalars)}."
    numbers = f"effect on objects clear of the frame {_with(before)} before, {_with(after)} after"
    return f"{augmentation} {_verdict(scalars)} ({numbers}); {_price(scalars)}."


def _untold(augmentation: str, before: Scalar, images: int) -> str:
    """Why it cannot be said: that is the augmentation's doing only where enough was clear of the frame before."""
    if images == 1:
        return f"Whether {augmentation} repairs the placement bias cannot be told from a single image"
    if before.n == 0:
        return f"No object is clear of the frame even before {augmentation}, so that no placement can be compared"
    if before.interval is None:
        return f"Too few objects are clear of the frame to say whether {augmentation} repairs the placement bias"
    return f"{augmentation} leaves too few objects clear of the frame to say whether it repairs the placement bias"


def _verdict(scalars: Mapping[str, Scalar]) -> str:
    before, after, change = (scalars[name].interval for name in ("effect_before", "effect_after", "effect_change"))
    if before is None or after is None or change is None:
        return "has an effect on placement that could not be estimated"
    if change.low > 0:
        return "brings in a placement bias" if before.low <= 0 else "makes the placement bias stronger"
    if change.high >= 0:
        none = ", of which none was measurable before" if before.low <= 0 else ""
        return f"does not measurably change the placement bias{none}"
    if after.low > 0:
        return "weakens the placement bias but does not remove it"
    return "weakens the placement bias, and whether any is left cannot be told from these boxes"


def _price(scalars: Mapping[str, Scalar]) -> str:
    cut, lost, ratio = (scalars[name].value for name in ("cut", "lost", "apparent_scale_ratio"))
    whole, part = 1 - (cut or 0), (cut or 0) - (lost or 0)
    said = f"it leaves {whole:.0%} of the objects whole, cuts a part off {part:.0%} and loses {lost or 0:.0%}"
    return said if ratio is None else f"{said}, and shows them {ratio:.2f} times as large as evaluation does"


def _with(item: Scalar) -> str:
    bounds = item.interval
    return f"{item.value:.3f}" + (f" [{bounds.low:.3f}, {bounds.high:.3f}]" if bounds else "")


def notes(
    *, unsized: int, used: int, available: Cell, sampled: bool, drawn: bool, views: Sequence[str] = ()
) -> list[str]:
    """How to read the numbers, and what was assumed."""
    said = [
        "Placement is measured in feasible coordinates of the objects that do not touch the frame: a crop that cuts an "
        "object says nothing of where it was put. The share of objects that touch the frame is given beside it.",
        "Over all objects the effect in feasible coordinates usually grows, because objects cut by the crop pile up at "
        "the frame. That is truncation, not placement.",
        "Objects that are placed uniformly are still uniform after any random crop inside the picture, among those "
        "that stay clear of the frame; so both numbers have the same zero. Padding, with which a crop reaches out of "
        "the picture, leaves fewer of them near the frame: the effect after it is above 0 for uniform objects too.",
        "The effect (Cramér's V) is corrected for chance over groups of images, so that several draws of one box and "
        "several boxes of one image do not look like bias.",
        "Apparent scale compares the magnification of the whole object, training over evaluation; above 1 training "
        "shows objects larger.",
        *views,
    ]
    if unsized:
        side, near = f"{UNIT_FRAME:g}", CONTACT_FRACTION * UNIT_FRAME
        said.append(
            f"{unsized} boxes lie in images of unknown size; their images are taken as {side} x {side} pixels, in "
            f"which a side touches the frame within {near:g} px."
        )
    chosen = "sampled" if drawn else "sampled by image"
    taken = f"{used:,} of {available:,} boxes, {chosen}" if sampled else f"all {used:,} boxes"
    said.append(
        f"Everything here is of {taken}, also several of one image; position and scale of the dataset may be of one "
        "box an image, so that medians differ. n is the number of objects behind a number; after the augmentation it "
        "is that of one draw, on average."
    )
    return said
