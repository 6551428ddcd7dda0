"""Counts of boxes by label, image-hash group and bin: all that the statistics need, and they add up over shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.bias.counting.counter import Counter
from biasscope.bias.counting.tables import CLUSTER, FRAME, MOMENTS, MOST_NARROW, RAW_MOMENTS, UNIT, Settings
from biasscope.bias.frames import NEEDED, checked, no_frame, reading
from biasscope.bias.grid import GRIDS
from biasscope.core.errors import UsageError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
BATCH = 1 << 18
HOLD = 1 << 17


@dataclass(frozen=True)
class BoxCounts:
    """The sufficient statistic of a box dataset. ``+`` merges shards, aligning labels by name.

    Tables have one row a label, in the order of ``labels`` (sorted), and a last row for the pooled set. Position cells
    are row-major, rows from the top. Shards must not share images: one that is in two shards counts in both.

    Attributes
    ----------
    settings
        How boxes were counted.
    labels
        Names of the labels, sorted.
    boxes, images
        Usable boxes and images of each row: all of them, also those that ``per_image="one"`` leaves out of the tables.
    raw, feasible
        ``(rows, groups, bins**2)`` maps of raw centres (cx, cy) and feasible coordinates (u, v).
    interior
        ``(rows, bins**2)`` map of the boxes that do not touch the frame, among the places that do not.
    joint
        ``(rows, 64)`` counts of (cy, cx, relative height) in 4 x 4 x 4 cells.
    fine
        ``(rows, 2, 256)`` marginals of u and v.
    scale
        ``(rows, groups, 25)`` apparent scale, in the bins of :func:`biasscope.bias.counting.tables.scale_edges`.
    fine_scale
        ``(rows, 513)`` apparent scale, for quantiles: bins of :func:`biasscope.bias.counting.tables.fine_scale_edges`.
    moments, raw_moments, frame, cluster
        ``(rows, groups, columns)`` fixed-point sums; read them with :meth:`moment`. ``cluster`` is of all boxes.
    pooled_fine
        ``(groups, 4, 256)`` marginals of u, v, cx, cy of the pooled set.
    pooled_scale
        ``(groups, 513)`` apparent scale of the pooled set in fine bins.
    pooled_cluster
        ``(1024, columns)`` sums of all boxes by many more groups, for the pooled design effect.
    cy_height, cx_height
        ``(16, 16)`` pooled counts: rows relative height, columns cy (cx).
    skipped
        Rows left out because they have no label or do not fit their frame.

    Examples
    --------
    >>> import polars as pl
    >>> from biasscope.bias import count_boxes
    >>> frame = pl.DataFrame({"image_id": ["a", "b"], "label": ["cat", "dog"], "x0": [0.0, 5.0], "y0": [0.0, 5.0],
    ...     "x1": [2.0, 10.0], "y1": [2.0, 10.0], "image_width": [10, 10], "image_height": [10, 10]})
    >>> cats, dogs = (count_boxes(part) for part in frame.partition_by("label"))
    >>> (cats + dogs).labels, (cats + dogs).boxes.tolist()
    (('cat', 'dog'), [1, 1, 2])
    """

    settings: Settings
    labels: tuple[str, ...]
    boxes: Ints
    images: Ints
    raw: Ints
    feasible: Ints
    interior: Ints
    joint: Ints
    fine: Ints
    scale: Ints
    fine_scale: Ints
    moments: Ints
    raw_moments: Ints
    frame: Ints
    cluster: Ints
    pooled_fine: Ints
    pooled_scale: Ints
    pooled_cluster: Ints
    cy_height: Ints
    cx_height: Ints
    skipped: int = field(default=0)

    @property
    def shared_images(self) -> Ints | None:
        """Images that the boxes in the tables share; None where each is in one of its own (``per_image="one"``)."""
        return self.images if self.settings.per_image == "all" else None

    def moment(self, name: str, table: str = "moments") -> Floats:
        """One column of a table of sums as floats, shape ``(rows, groups)`` (``pooled_cluster``: ``(groups,)``)."""
        names = SUMS[table]
        values = getattr(self, table)[..., names.index(name)]
        return np.asarray(values / (1.0 if name in WHOLE else UNIT), np.float64)

    def __add__(self, other: BoxCounts) -> BoxCounts:
        if self.settings != other.settings:
            raise UsageError(
                f"counts made with different settings do not add up: {self.settings} and {other.settings}",
                hint="Count every shard with the same per_image, grid, bins, groups and seed.",
            )
        labels = tuple(sorted({*self.labels, *other.labels}))
        wide = int(self.boxes[-1]) + int(other.boxes[-1]) > MOST_NARROW
        merged: dict[str, Any] = {
            name: _aligned(self, name, labels, wide) + _aligned(other, name, labels, wide)
            for name in (*BY_LABEL, *POOLED)
        }
        return replace(self, labels=labels, skipped=self.skipped + other.skipped, **merged)


SUMS = {
    "moments": MOMENTS,
    "raw_moments": RAW_MOMENTS,
    "frame": FRAME,
    "cluster": CLUSTER,
    "pooled_cluster": CLUSTER,
}
WHOLE = frozenset({"n", "n_u", "n_v", *FRAME[:8]})
POOLED = tuple(Settings().pooled_shapes)
BY_LABEL = ("boxes", "images", *Settings().shapes, "cluster")


def _aligned(counts: BoxCounts, name: str, labels: tuple[str, ...], wide: bool) -> Ints:
    values: Ints = getattr(counts, name)
    values = values.astype(np.int64) if wide else values
    if name in POOLED or labels == counts.labels:
        return values
    aligned = np.zeros((len(labels) + 1, *values.shape[1:]), values.dtype)
    place = {label: index for index, label in enumerate(labels)}
    aligned[[*(place[label] for label in counts.labels), len(labels)]] = values
    return aligned


def count_boxes(
    boxes: pl.DataFrame | pl.LazyFrame | Iterable[pl.DataFrame],
    *,
    per_image: Literal["one", "all"] = "one",
    grid: Literal["auto", "integer", "continuous"] = "auto",
    bins: int = 8,
    groups: int = 20,
    seed: int = 0,
) -> BoxCounts:
    """Count boxes; the result depends neither on row order (``grid`` apart) nor on how rows are cut into batches.

    Parameters
    ----------
    boxes
        Frame in the BOXES schema, or batches of it (``label`` and ``split`` may be null). Only ``image_id``, ``split``,
        ``label``, the corners and the image size are read. A lazy frame is streamed.
    per_image
        ``one`` keeps one box of every (image, label) for the classes and one of every image for the pooled set, chosen
        by a hash of content and seed, so that boxes are independent and p-values valid. Rows may come in any order: it
        keeps 53 bytes a pair until the end, in temporary files when the boxes come in batches. ``all`` counts every box
        and keeps nothing: intervals stay valid, p-values do not when images hold several boxes.
    grid
        Whether corners are whole pixels; ``auto`` decides on the first 65,536 usable boxes. Name it when counting
        shards apart, or where part of the boxes are whole pixels and part are not.
    bins
        Cells along each side of the position maps.
    groups
        Image-hash groups for the jackknife.
    seed
        Seed of groups, chosen boxes and the randomised transform of the integer grid.

    Returns
    -------
        Counts that can be added to those of other shards.

    Raises
    ------
    UsageError
        For a setting out of range.
    InputError
        When a column is missing or of another type, for anything but frames of polars, or when a file behind a lazy
        frame cannot be read.

    Examples
    --------
    >>> frame = pl.DataFrame({"image_id": ["a", "b"], "label": ["cat"] * 2, "x0": [0.0, 5.0], "y0": [0.0, 5.0],
    ...     "x1": [2.0, 10.0], "y1": [2.0, 10.0], "image_width": [10, 10], "image_height": [10, 10]})
    >>> counts = count_boxes(frame)
    >>> counts.labels, counts.boxes.tolist(), counts.settings.grid
    (('cat',), [2, 2], 'integer')
    """
    if per_image not in ("one", "all") or grid not in GRIDS or bins < 2 or groups < 2:
        raise UsageError(
            f"cannot count with per_image={per_image!r}, grid={grid!r}, bins={bins}, groups={groups}",
            hint="per_image is one or all, grid auto, integer or continuous, bins and groups at least 2.",
        )
    settings = Settings(per_image, "continuous" if grid == "auto" else grid, bins, groups, seed)
    hold = None if isinstance(boxes, pl.DataFrame) else HOLD
    with Counter(settings, detect=grid == "auto", hold=hold) as counter:
        for frame in _batches(boxes):
            counter.add(frame)
        return BoxCounts(**counter.finish())


def _batches(boxes: pl.DataFrame | pl.LazyFrame | Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    if isinstance(boxes, pl.LazyFrame):
        boxes = _streamed(boxes)
    elif isinstance(boxes, pl.DataFrame):
        boxes = [boxes]
    elif hasattr(boxes, "columns") or not isinstance(boxes, Iterable):  # a frame of others would go over its columns
        raise no_frame(boxes)
    for frame in boxes:
        yield from checked(frame).iter_slices(BATCH)


def _streamed(boxes: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    boxes = checked(boxes)
    names = [name for name in COLUMNS if name in boxes.collect_schema().names()]
    with reading():
        yield from boxes.select(names).collect_batches(chunk_size=4 * BATCH, maintain_order=False)


COLUMNS = (*NEEDED, "split")
