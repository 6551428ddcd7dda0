"""Results along one axis: size of the picture in its frame, and angle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Table, number
from biasscope.images.picture import Picture
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.invariance import published, samples
from biasscope.pipeline.invariance.measurement import Measurement, interval_of
from biasscope.pipeline.invariance.shifts import roles
from biasscope.pipeline.invariance.tables import Part

TOP = 5
FEW_CLASSES = 20
"""With fewer classes the published top-5 accuracies of 1000 classes stand for nothing that can be compared."""


def rescale(items: Sequence[Measurement], found: Mapping[str, Picture]) -> Part:
    """Accuracy by size, with the published curves and the human point where there are classes enough."""
    rows = [row for item in items for row in _sizes(item)]
    curve = tabled("curve", rows, "Accuracy by size of the picture in its frame", "size")
    if not _many_classes(items):
        return Part("rescale", [curve, *_shared(items, found)])
    note = (
        f"Published curves: top-5 of 1000 classes, digitised (grade {published.RESCALE_GRADE}), in a frame of "
        f"{published.RESCALE_FRAME} pixels; other pictures and weights than here."
    )
    if any(item.subject.untrained for item in items):
        note += " They are of trained networks: nothing can be concluded beside random weights."
    return Part("rescale", [curve, published_curves(), *_shared(items, found)], notes=[note])


def rotation(items: Sequence[Measurement], found: Mapping[str, Picture]) -> Part:
    """Agreement with the upright picture, and accuracy, by angle."""
    rows = [row for item in items for row in _angles(item)]
    curve = tabled("curve", rows, "Agreement with the upright picture by angle", "angle")
    return Part("rotation", [curve, *_shared(items, found)])


def published_curves() -> Table:
    """Digitised curves and the human point, one row a series and size."""
    rows = [
        {"series": series, "size": size, "share": size / published.RESCALE_FRAME, "top5": value}
        for series, curve in published.RESCALE.items()
        for size, value in curve.items()
    ]
    return tabled(
        "published", [row | {"grade": published.RESCALE_GRADE} for row in rows], "Published top-5 accuracies", "size"
    )


def _many_classes(items: Sequence[Measurement]) -> bool:
    return any(len(item.sweep.class_names or ()) >= FEW_CLASSES for item in items)


def _shared(items: Sequence[Measurement], found: Mapping[str, Picture]) -> list[Table]:
    return samples.tables(items, {"worst": roles(items)["worst"]}, found)


def _sizes(item: Measurement) -> Iterator[dict[str, Any]]:
    sizes = np.asarray(item.sweep.coordinates["size"], float)
    order = np.argsort(sizes, kind="stable")
    frame = item.subject.model.preprocessing.size[0]
    known = item.truth >= 0
    ranks = np.asarray(item.sweep.rank_true.numpy())[:, known]
    top1, top5 = (_ends(f"top{top}", ranks < top) for top in (1, TOP))
    top1 = _ends("top1", item.right())
    agreement = item.kept().mean(1)
    for view in order:
        yield {
            "model": item.label,
            "size": number(sizes[view]),
            "share": number(sizes[view] / frame),
            **{key: number(values[view]) for key, values in (*top1.items(), *top5.items())},
            "agreement": number(agreement[view]),
            "n": len(item.sweep),
            **{f"top{top}_pictures": item.known for top in (1, TOP)},
        }


def _angles(item: Measurement) -> Iterator[dict[str, Any]]:
    angles = np.asarray(item.sweep.coordinates["angle"], float)
    columns = _ends("agreement", item.kept()) | _ends("accuracy", item.right())
    for view in np.argsort(angles, kind="stable"):
        shown = {key: number(values[view]) for key, values in columns.items()}
        yield {
            "model": item.label,
            "angle": number(angles[view]),
            **shown,
            "n": len(item.sweep),
            "accuracy_pictures": item.known,
        }


def _ends(name: str, hits: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """Share of pictures at each view and its interval; NaN where nothing is labelled."""
    n = hits.shape[1]
    share = hits.mean(1) if n else np.full(len(hits), np.nan)
    low, high = interval_of(share, n)
    return {name: share, f"{name}_low": low, f"{name}_high": high}
