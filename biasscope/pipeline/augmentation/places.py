"""Tables of what happens where, and of what it cost: maps, the knee, single networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.sweep import table
from biasscope.core.results import Table
from biasscope.pipeline.augmentation.study import Study
from biasscope.pipeline.augmentation.tables import Row, of_rows

Floats = NDArray[np.float64]


def chosen(study: Study) -> list[int]:
    """Numbers of copies that are looked at closely: the first, one in the middle, the last."""
    copies = sorted({run.total for run in study.sweep.runs})
    return sorted({copies[0], copies[len(copies) // 2], copies[-1]})


def rows_of(study: Study, variant: str, n: int) -> list[int]:
    """Indices of the networks of a variant with n copies and the largest training set, as the estimates count them."""
    copies, rows = table(study.sweep, variant, study.sizes[0])
    return [int(row) for row in rows[list(copies).index(n)]]


def maps(studies: Sequence[Study]) -> Table:
    """Agreement with the unmoved version and accuracy at every shift that was asked, for some n; mean over seeds."""
    found = [row for study in studies if "shift" in study.sweep.axes for row in _maps(study)]
    return of_rows("map", found, "Every shift that was asked", "shift")


def _maps(study: Study) -> Iterator[Row]:
    sweep = study.sweep
    still = (np.asarray(sweep.coordinates["angle"]) == 0) & (np.asarray(sweep.coordinates["scale"]) == 1)
    agreement, accuracy = sweep.maps("agreement"), sweep.maps("accuracy")
    for variant in sweep.variants:
        for n in chosen(study):
            mine = rows_of(study, variant, n)
            for view in np.flatnonzero(still).tolist():
                yield {
                    "variant": study.label(variant),
                    "n": n,
                    "dy": int(sweep.coordinates["dy"][view]),
                    "dx": int(sweep.coordinates["dx"][view]),
                    "inside": bool(sweep.inside[view]),
                    "value": float(agreement[mine, view].mean()),
                    "accuracy": float(accuracy[mine, view].mean()),
                }


def knee(studies: Sequence[Study]) -> Table:
    """Agreement and accuracy by distance, where the trained range was left, or where no map of shifts shows them."""
    shown = [study for study in studies if not study.sweep.inside.all() or "shift" not in study.sweep.axes]
    found = [row for study in shown for row in _knee(study)]
    return of_rows("knee", found, "Inside and outside the trained range", "distance")


def _knee(study: Study) -> Iterator[Row]:
    sweep = study.sweep
    axis, far = _distance(study)
    rings = sorted({(float(d), bool(i)) for d, i in zip(far, sweep.inside, strict=True)})
    reference = int(str(sweep.settings["reference"]))
    for variant in sweep.variants:
        for n in chosen(study):
            answers = sweep.predictions[rows_of(study, variant, n)]
            same = (answers == answers[:, reference, None]).double().mean(0).numpy()
            right = (answers == sweep.targets).double().mean(0).numpy()
            for distance, inside in rings:
                views = np.flatnonzero((far == distance) & (sweep.inside == inside))
                yield {
                    "variant": study.label(variant),
                    "n": n,
                    "axis": axis,
                    "distance": distance,
                    "inside": inside,
                    "versions": len(views),
                    **_both("consistency", same[views]),
                    **_both("accuracy", right[views]),
                }


def _distance(study: Study) -> tuple[str, Floats]:
    """Largest shift along either axis; without shifts the angle, or the octaves of scale."""
    where = {name: np.asarray(values, np.float64) for name, values in study.sweep.coordinates.items()}
    if "shift" in study.sweep.axes:
        return "shift (px)", np.maximum(np.abs(where["dy"]), np.abs(where["dx"]))
    if "rotate" in study.sweep.axes:
        return "angle", np.abs(where["angle"])
    return "octaves", np.abs(np.log2(where["scale"])).round(6)


def _both(name: str, values: Floats) -> dict[str, Any]:
    """Mean over versions and images with its interval over images."""
    value, low, high = _mean(values.mean(0))
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _mean(by_image: Floats) -> tuple[float, float | None, float | None]:
    if len(by_image) < 2:
        return float(by_image.mean()), None, None
    half = 1.96 * by_image.std(ddof=1) / len(by_image) ** 0.5
    middle = float(by_image.mean())
    return middle, max(middle - half, 0.0), min(middle + half, 1.0)


def cost(studies: Sequence[Study]) -> Table:
    """Seconds of training by variant."""
    found = []
    for study in studies:
        for variant in study.sweep.variants:
            mine = [place for place, run in enumerate(study.sweep.runs) if run.variant == variant]
            seconds = float(study.sweep.seconds[mine].sum())
            engines = {study.sweep.engines[place] for place in mine}
            found.append(
                {
                    "variant": study.label(variant),
                    "networks": len(mine),
                    "steps": int(study.sweep.steps[mine].sum()),
                    "seconds": round(seconds, 3),
                    "seconds_per_network": round(seconds / len(mine), 4),
                    "device": str(study.sweep.settings["device"]),
                    "vectorised": "vectorised" in engines,
                    "engine": str(study.sweep.settings.get(f"engine {variant}", ", ".join(sorted(engines)))),
                }
            )
    return of_rows("cost", found, "What training took", "variant")


def networks(studies: Sequence[Study]) -> Table:
    """Every network: what it was trained on, how long, and how it answers inside the trained range."""
    found = []
    for study in studies:
        inside = {name: study.sweep.by_image(name, "inside").mean(1) for name in ("consistency", "accuracy")}
        shown = study.sweep.shown
        for place, run in enumerate(study.sweep.runs):
            found.append(
                {
                    "variant": study.label(run.variant),
                    "n": run.total,
                    "train_images": run.train_images,
                    "seed": run.seed,
                    "steps": int(study.sweep.steps[place]),
                    "shown": float(shown[place]),
                    "loss": float(study.sweep.losses[place, int(study.sweep.steps[place]) - 1]),
                    **{name: float(values[place]) for name, values in inside.items()},
                    "seconds": round(float(study.sweep.seconds[place]), 3),
                }
            )
    return of_rows("networks", found, "Every network", "network")
