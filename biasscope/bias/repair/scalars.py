"""Numbers of the question whether the augmentation repairs the bias: effects before and after, visibility, scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from biasscope.bias.measures import ADDED, EFFECTS, TITLES, Measures, Triple, scalar_of, triple
from biasscope.bias.medians import METHOD as ORDER
from biasscope.bias.medians import median_over_images
from biasscope.bias.repair.measured import NAMED, Counted, Rows, Side
from biasscope.bias.shares import METHOD as EXACT
from biasscope.bias.shares import share_over_images
from biasscope.core.results import Scalar


def sizes_of(measured: list[Measures], sides: tuple[Side, Side], draws: int) -> dict[str, tuple[int, int]]:
    """Objects behind each measure before and after; after, the mean over draws."""
    held = [{name: int(part.counts[name].sum()) for name in EFFECTS} for part in measured]
    found = {}
    for name in TITLES:
        like = name if name in EFFECTS else None if name in ("edge_contact", "median_scale") else "effect"
        before, after = (
            counts[like] if like else len(side.position.scale) for counts, side in zip(held, sides, strict=True)
        )
        found[name] = (before, round(after / draws))
    return found


def effect_scalars(rows: Rows, sizes: Mapping[str, tuple[int, int]], moved: Triple, level: float) -> list[Scalar]:
    """Every measure before and after, and how much the placement effect changed."""
    order = ["effect", "effect_feasible", "effect_raw", "displacement_v", "displacement_u"]
    order += ["concentration_u", "concentration_v", "edge_contact", "median_scale"]
    made = [
        scalar_of(f"{name}_{when}", rows[name][at], f"{NAMED[name]}, {when}", level=level, n=sizes[name][at])
        for name in order
        for at, when in enumerate(("before", "after"))
    ]
    title = "Change of the placement effect, objects clear of the frame"
    changed = scalar_of("effect_change", moved, title, level=level, n=min(sizes["effect"]), method=ADDED)
    return [*made[:2], changed, *made[2:]]


def visibility_scalars(counted: Counted, level: float) -> list[Scalar]:
    """How much of the objects is left after the augmentation, and how large they look against evaluation."""
    image, visible = np.tile(counted.image, len(counted.visible)), counted.visible.ravel()
    cut, lost = (flags.astype(np.float64) for flags in (visible < 1 - 1e-9, visible <= 0))
    shares = {
        "visible_fraction": ("Mean visible share of an object's area (0 when lost)", visible),
        "lost": ("Share of objects cropped away", lost),
        "cut": ("Share of objects of which a part is cut off, lost ones included", cut),
    }
    made = []
    for name, (title, values) in shares.items():
        share = triple(share_over_images(values, image, level=level))
        made.append(scalar_of(name, share, title, level=level, n=len(counted.label), method=EXACT))
    ratio = triple(median_over_images(counted.ratio.ravel(), image, level=level))
    title = "Apparent scale, training over evaluation (median)"
    last = scalar_of("apparent_scale_ratio", ratio, title, level=level, n=counted.images, method=ORDER)
    return [*made, last]
