"""The embedded digit scenes as a box table, for analyses without a path."""

from __future__ import annotations

import numpy as np
import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.schema import BOXES, FLAGS, IMAGES
from biasscope.images.scenes import LAW_TEXT, Scenes, place

SOURCE = "embedded digit scenes"


def embedded_boxes(seed: int = 0, *, uniform: bool = False) -> BoxTable:
    """5,000 simulated scenes with one digit each, train and validation; the law is in the notes.

    Examples
    --------
    >>> embedded_boxes().boxes.select("label").collect().n_unique()
    10
    """
    scenes = place(seed=seed, uniform=uniform)
    law = "Simulated placement: every digit uniform given its size." if uniform else LAW_TEXT
    note = f"The placement of these objects is SIMULATED (seed {seed}); no dataset was given. {law}"
    frame = _frame(scenes)
    return BoxTable(
        boxes=frame.lazy(),
        images=frame.select(IMAGES.names()).lazy(),
        format="embedded",
        convention="edges",
        notes=(note,),
    )


def _frame(scenes: Scenes) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "image_id": scenes.names,
            "split": np.where(scenes.train, "train", "val").tolist(),
            "label": [str(digit) for digit in scenes.digit],
            "x0": scenes.x0,
            "y0": scenes.y0,
            "x1": scenes.x0 + scenes.size,
            "y1": scenes.y0 + scenes.size,
            "image_width": [scenes.side] * len(scenes),
            "image_height": [scenes.side] * len(scenes),
            **{flag: [False] * len(scenes) for flag in FLAGS},
            "file": [SOURCE] * len(scenes),
            "row": range(1, len(scenes) + 1),
        }
    ).cast(BOXES)
