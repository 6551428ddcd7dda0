"""Products of transformations taken apart: what each needs alone, beside what both need together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from biasscope.copies.interaction import Combined, combine
from biasscope.copies.result import CopiesSweep
from biasscope.core.errors import UsageError

COLUMNS = {"shift": ("dy", "dx"), "rotate": ("angle",), "scale": ("scale",)}
LEAST = 2
"""Numbers of copies that each transformation must have been trained on alone."""


def alone(found: CopiesSweep, axis: str) -> CopiesSweep:
    """Part of a sweep in which one transformation alone was trained and is asked about.

    Parameters
    ----------
    found
        Sweep over a product of transformations.
    axis
        ``shift``, ``rotate`` or ``scale``.

    Raises
    ------
    UsageError
        The sweep has no such axis, or no network was trained on that transformation alone.
    """
    if axis not in found.axes:
        raise UsageError(f"the sweep has no axis {axis!r}", hint=f"It has {', '.join(found.axes)}.")
    place, reference = found.axes.index(axis), int(str(found.settings["reference"]))
    mine = [i for i, run in enumerate(found.runs) if all(n == 1 for k, n in enumerate(run.copies) if k != place)]
    if not mine:
        raise UsageError(f"no network was trained on {axis} alone", hint="Ask for copies such as 4x1 and 1x3 too.")
    others = [name for other in found.axes if other != axis for name in COLUMNS[other]]
    still = np.logical_and.reduce([found.coordinates[name] == found.coordinates[name][reference] for name in others])
    views = np.flatnonzero(still)
    return replace(
        found,
        runs=tuple(replace(found.runs[i], copies=(found.runs[i].copies[place],)) for i in mine),
        predictions=found.predictions[torch.tensor(mine)][:, torch.from_numpy(views)],
        **{name: getattr(found, name)[torch.tensor(mine)] for name in ("losses", "seconds", "steps")},
        engines=tuple(found.engines[i] for i in mine),
        coordinates={name: values[views] for name, values in found.coordinates.items()},
        inside=found.inside[views],
        axes=(axis,),
        available=(found.available[place],),
        settings={**found.settings, "reference": int(np.flatnonzero(views == reference)[0])},
    )


def multiplies(
    found: CopiesSweep, target: float | str = 0.95, *, measure: str = "consistency", draws: int = 400, seed: int = 0
) -> dict[str, Combined]:
    """Whether the needs of two transformations multiply, by variant.

    The need of each is that of networks trained on it alone and asked about it alone; that of both is of networks
    trained on products and asked about all of them.

    Parameters
    ----------
    found
        Sweep over two transformations.
    target, measure, draws, seed
        As in `CopiesSweep.needed`.

    Raises
    ------
    UsageError
        There are not two transformations, or too few networks were trained on either alone.
    """
    if len(found.axes) != 2:
        raise UsageError(f"there are {len(found.axes)} transformations, not two")
    parts = [alone(found, axis) for axis in found.axes]
    for part in parts:
        if len({run.total for run in part.runs}) < LEAST:
            what = f"{part.axes[0]} alone was trained on one number of copies"
            raise UsageError(what, hint="Ask for copies such as 4x1 and 1x3 too.")
    first, second, both = (one.needed(target, measure=measure, draws=draws, seed=seed) for one in (*parts, found))
    return {name: combine(first[name], second[name], both[name]) for name in found.variants}
