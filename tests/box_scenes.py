"""Box datasets with a known placement law, for the tests of the statistics."""

from __future__ import annotations

import numpy as np
import polars as pl


def scene(
    classes: int = 5,
    boxes: int = 60,
    *,
    seed: int = 0,
    integer: bool = True,
    per_image: int = 1,
    beta: float = 1.0,
    jitter: float | None = None,
) -> pl.DataFrame:
    """Boxes of any size placed in their frames by a Beta(beta, beta) law (1: uniform); an image holds one class.

    With ``jitter`` the boxes of an image are copies of one, moved by that many pixels.
    """
    random = np.random.default_rng(seed)
    images = classes * boxes
    width, height = random.integers(200, 640, (2, images)).repeat(per_image, 1).astype(float)
    w, h = (
        np.maximum(np.floor(side * np.exp(random.uniform(np.log(0.05), 0, images)).repeat(per_image)), 1)
        for side in (width, height)
    )
    if jitter is None:
        place = random.beta(beta, beta, (2, images * per_image))
    else:
        place = random.beta(beta, beta, (2, images)).repeat(per_image, 1)
    x0, y0 = (
        np.floor(part * (side - size + 1)) for part, side, size in zip(place, (width, height), (w, h), strict=True)
    )
    if jitter is not None:
        move = np.rint(random.uniform(-jitter, jitter, (2, images * per_image)))
        x0, y0 = np.clip(x0 + move[0], 0, width - w), np.clip(y0 + move[1], 0, height - h)
    if not integer:
        x0, y0 = place[0] * (width - w), place[1] * (height - h)
    label = np.arange(classes).repeat(boxes * per_image)
    return frame(
        [f"i{i:06d}" for i in np.arange(images).repeat(per_image)],
        [f"c{i}" for i in label],
        x0,
        y0,
        x0 + w,
        y0 + h,
        width,
        height,
    )


def frame(image_id, label, x0, y0, x1, y1, width, height, split=None) -> pl.DataFrame:
    """Frame with the columns that counting reads."""
    data = {
        "image_id": image_id,
        "label": label,
        "x0": x0,
        "y0": y0,
        "x1": x1,
        "y1": y1,
        "image_width": width,
        "image_height": height,
    }
    made = pl.DataFrame(data, strict=False).with_columns(
        pl.Series("split", split or [None] * len(image_id), dtype=pl.String)
    )
    return made.with_columns(
        pl.col("label", "split").cast(pl.Categorical()),
        pl.col("x0", "y0", "x1", "y1").cast(pl.Float64),
        pl.col("image_width", "image_height").cast(pl.Int32),
    )
