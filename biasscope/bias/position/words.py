"""The position result in words: the finding, names of numbers, and how to read them."""

from __future__ import annotations

from biasscope.bias.coordinates import CONTACT, CONTACT_FRACTION
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.testing import ASYMPTOTIC_ABOVE
from biasscope.bias.testing.monte_carlo import EXCEEDING, MOST_DRAWS
from biasscope.core.words import counted

POPULATION = {"one": "one box an image", "all": "all boxes"}
WARNED_ABOVE = 1.1
"""Pooled design effect above which the finding says that tests over all boxes reject too often."""
COUNTED = {
    "raw": "Classes non-uniform in raw centres",
    "feasible": "Classes non-uniform given box sizes",
    "interior": "Classes non-uniform among boxes off the frame's edge",
    "joint": "Classes not even over centre and height together, as no real mix of sizes is",
    "cvm_u": "Classes non-uniform across, given box sizes",
    "cvm_v": "Classes non-uniform down, given box sizes",
}
TESTED = {
    "interior": "p of uniform placement, boxes off the frame's edge",
    "joint": "p of an even spread over centre and height, which no real mix of sizes has",
}
MEASURES = {
    "displacement_u": "Mean displacement to the right",
    "displacement_v": "Mean displacement downwards",
    "concentration_u": "Concentration across (1 is uniform)",
    "concentration_v": "Concentration down (1 is uniform)",
    "correlation": "Correlation of across and down",
}


CORRECTED = {
    "bh": "by Benjamini-Hochberg: of the classes that it names up to {alpha:.3g} %, on average, are named by chance",
    "by": "by Benjamini-Yekutieli: of the classes that it names up to {alpha:.3g} %, on average, are named by chance",
    "holm": "by Holm: that it names any class by chance happens in up to {alpha:.3g} % of datasets",
}


def finding(rejected: dict[str, int], family: dict[str, int], *, touching: bool = False) -> str:
    """One sentence with the numbers, without its full stop; ``touching``: some boxes touch the frame."""
    if family["feasible"] == 0:
        raw = f"; raw centres reject uniform placement in {_of(rejected, family, 'raw')}" if family["raw"] else ""
        alone = [
            f"; {where} alone {_of(rejected, family, name)} {'is' if family[name] == 1 else 'are'} non-uniform"
            for name, where in (("cvm_u", "horizontally"), ("cvm_v", "vertically"))
            if family[name]
        ]
        both = " on both axes" if alone else ""
        return f"Given the box sizes (feasible coordinates) no class could be tested{both}{''.join(alone)}{raw}"
    return (
        f"Raw centres reject uniform placement in {_of(rejected, family, 'raw')}; "
        f"given the box sizes (feasible coordinates) {rejected['feasible']:,} of {family['feasible']:,} "
        f"{'does' if rejected['feasible'] == 1 else 'do'}{_inside(rejected, family) if touching else ''}"
    )


def _inside(rejected: dict[str, int], family: dict[str, int]) -> str:
    """What is left of the rejections without boxes that the frame may have cut, and which therefore gather at it.

    >>> _inside({"feasible": 9, "interior": 4}, {"interior": 10})
    ', and 4 of 10 when boxes that touch the frame, which may cut them off, are left out'
    >>> _inside({"feasible": 9, "interior": 0}, {"interior": 0})
    ', and none can be tested when boxes that touch the frame, which may cut them off, are left out'
    """
    if not rejected["feasible"]:
        return ""
    left = f"{rejected['interior']:,} of {family['interior']:,}" if family["interior"] else "none can be tested"
    return f", and {left} when boxes that touch the frame, which may cut them off, are left out"


def warning(per_image: str, design_effect: float) -> str:
    """What the finding must add where boxes of one image were counted as if they were independent.

    >>> warning("all", 2.8)
    '; boxes of one image are not independent (design effect 2.8), so these tests reject too often: see per-image one'
    >>> warning("one", 2.8), warning("all", 1.0)
    ('', '')
    """
    if per_image == "one" or not design_effect > WARNED_ABOVE:
        return ""
    return (
        f"; boxes of one image are not independent (design effect {design_effect:.1f}), so these tests reject too "
        "often: see per-image one"
    )


def notes(
    counts: BoxCounts, minimum: int, draws: int, again: int, correction: str = "none", alpha: float = 0.05
) -> list[str]:
    """How to read the numbers, and what they rest on."""
    made = [
        "Why raw and feasible differ: a box of relative width w can only have its centre between w/2 and 1 - w/2, "
        "so raw centres gather in the middle even when boxes are placed at random, and the raw test rejects for "
        "large boxes by geometry alone. Feasible coordinates u = (cx - w/2) / (1 - w) and v likewise are uniform "
        "under random placement for any mix of sizes; a rejection there is about placement, or about boxes that the "
        "frame cuts off. The raw answer stands beside it because the literature uses it.",
        "Classes are ranked by effect size (bias-corrected Cramér's V: 0 uniform, 1 all in one cell), never by p.",
        f"Chi-square p-values come from {draws:,} simulated samples of each class size up to {ASYMPTOTIC_ABOVE:,} "
        f"boxes and from the asymptotic distribution above; {_smallest(draws, again)}. Classes with fewer than "
        f"{minimum} boxes are not tested and do not count in the family.",
        "Intervals are 95 % delete-a-group jackknife intervals over images; those of effects are made for the squared "
        "effect and are wide rather than narrow near 0, those of shares are binomial, of as many boxes as theirs are "
        "worth.",
        *(_family_note(correction, alpha) if counts.settings.per_image == "one" else []),
        "p-values of displacement, concentration and correlation are not corrected over classes; q-values are, those "
        "of one axis alone over the two axes too. Those of all classes together are one question each, not corrected "
        "either. The concentration is 12 times the variance about the class's own mean.",
        "Jensen-Shannon and Wasserstein distances are without what chance adds to those of as many boxes.",
        "The joint of centre and height uses 4 x 4 x 4 cells and tests them for equal shares, which no real mix of "
        "sizes has; Azulay & Weiss never published their binning, test or level, so the number is not theirs.",
        f"A side touches the frame within {CONTACT} px ({CONTACT_FRACTION} of a frame of unknown size). Such boxes "
        "pile up at u, v = 0 or 1: that is often truncation, not placement. The interior test leaves them out and "
        "conditions on it.",
        _boxes_note(counts),
        _grid_note(counts),
    ]
    if counts.skipped:
        made.append(f"{counts.skipped:,} rows were left out: no label, or a box that does not fit its frame.")
    return made


def _family_note(correction: str, alpha: float) -> list[str]:
    """What the corrected tests promise, each by itself and together, of boxes that are independent.

    >>> _family_note("bh", 0.001)[0].partition("any bias ")[2]
    'up to 0.3 % are rejected by one of the three.'
    """
    if correction not in CORRECTED:
        return []
    promised = CORRECTED[correction].format(alpha=100 * alpha)
    return [
        f"Each test is corrected over its classes {promised}. That of both axes together, that of one axis alone, and "
        f"that of all classes as one are each held to {alpha:g} by themselves: of datasets without any bias up to "
        f"{min(300 * alpha, 100):.3g} % are rejected by one of the three."
    ]


def _of(rejected: dict[str, int], family: dict[str, int], name: str) -> str:
    return f"{rejected[name]:,} of {counted(family[name], 'class')}"


def _smallest(draws: int, again: int) -> str:
    smallest = f"the smallest a simulated one can be is {1 / (max(draws, again) + 1):.1e}"
    if not again:
        return smallest
    enough = "the most that are made" if again == MOST_DRAWS else "as many as a lone rejection needs"
    return f"where fewer than {EXCEEDING} are as far out as the class, from {again:,} new ones ({enough}); {smallest}"


def _boxes_note(counts: BoxCounts) -> str:
    if counts.settings.per_image == "one":
        return (
            "Tests, maps and effects use one box an image and class (one an image for all classes together), "
            "chosen by a seeded hash, since boxes of one image are not independent; boxes and images count "
            "everything. The design effect is of all boxes: how many times the variance of independent boxes their "
            "mean position has."
        )
    return (
        "Every box counts. Boxes of one image are not independent. Effects allow for that (they come from pairs of "
        "boxes in different groups of images) and so do intervals; p-values do not, and reject too often where the "
        "design effect is above 1."
    )


def _grid_note(counts: BoxCounts) -> str:
    if counts.settings.grid == "integer":
        return (
            "Corners are whole pixels: a box with s pixels of slack has s + 1 places, over which u is spread by a "
            "seeded randomised integral transform. Boxes without slack on an axis have no position there and are "
            "counted apart."
        )
    return "Corners are not whole pixels: u = x0 / (W - w). Boxes without slack on an axis are counted apart."
