"""Counting and statistics alone: CPU seconds for a million boxes of 1000 classes, against usual ways of counting."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from biasscope.bias import count_boxes
from biasscope.bias.position import position
from biasscope.bias.scale import scale
from tests.benchmarks import generate
from tests.benchmarks.measure import record

BOXES, ROUNDS = 1_000_000, 5


def main() -> None:
    """Measure in this process, rounds interleaved, process CPU time; the first round warms up."""
    frame = boxes()
    counts = {mode: count_boxes(frame, per_image=mode) for mode in ("one", "all")}
    works: dict[str, Callable[[], object]] = {
        "count, one box an image": lambda: count_boxes(frame, per_image="one"),
        "count, every box": lambda: count_boxes(frame, per_image="all"),
        "position statistics": lambda: position(counts["one"]),
        "scale statistics": lambda: scale(counts["one"]),
        "one 8x8 map a class, polars group_by": lambda: by_group(frame),
        "one 8x8 map a class, a mask a class": lambda: by_mask(frame),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS + 1):
        for name, work in works.items():
            started = time.process_time()
            work()
            taken[name].append(time.process_time() - started)
    record("counts", [_row(name, times[1:]) for name, times in taken.items()])


def boxes() -> pl.DataFrame:
    """A million boxes in the BOXES schema, as far as counting reads it."""
    made = pl.concat(list(generate.frames(BOXES)))
    return made.select(
        image_id=pl.col("image").cast(pl.String).str.zfill(12),
        split=pl.lit(None, pl.String).cast(pl.Categorical()),
        label=("class " + pl.col("label").cast(pl.String)).cast(pl.Categorical()),
        x0="x0",
        y0="y0",
        x1="x1",
        y1="y1",
        image_width=pl.col("width").cast(pl.Int32),
        image_height=pl.col("height").cast(pl.Int32),
    )


def by_group(frame: pl.DataFrame) -> pl.DataFrame:
    """Counts of feasible cells with a group_by."""
    u = pl.col("x0") / (pl.col("image_width") - (pl.col("x1") - pl.col("x0")))
    v = pl.col("y0") / (pl.col("image_height") - (pl.col("y1") - pl.col("y0")))
    cell = (v * 8).floor().clip(0, 7) * 8 + (u * 8).floor().clip(0, 7)
    return frame.select("label", cell=cell).group_by("label", "cell").len()


def by_mask(frame: pl.DataFrame) -> list[np.ndarray]:
    """Counts of feasible cells with a mask for each class."""
    x0, y0, x1, y1 = (frame[name].to_numpy() for name in ("x0", "y0", "x1", "y1"))
    u = x0 / (frame["image_width"].to_numpy() - (x1 - x0))
    v = y0 / (frame["image_height"].to_numpy() - (y1 - y0))
    label = frame["label"].to_physical().to_numpy()
    square = [[0, 1], [0, 1]]
    return [np.histogram2d(v[label == one], u[label == one], 8, square)[0] for one in np.unique(label)]


def _row(name: str, times: list[float]) -> dict[str, object]:
    return {"work": name, "cpu": statistics.median(times), "spread": max(times) - min(times)}


if __name__ == "__main__":
    main()
