"""The contract between readers and statistics: the BOXES and IMAGES frames.

Convention
----------
Coordinates are pixel EDGES in float: origin top left, pixel i covers [i, i + 1), so a box over the first two columns
of an image has ``x0 = 0`` and ``x1 = 2``. One row an object. Images are listed in a second frame, also those without
objects.
When the size of an image is unknown and its annotation is in fractions, coordinates stay fractions of a 1 x 1 frame and
the size columns are null.
"""

from __future__ import annotations

import polars as pl

FLAGS = ("crowd", "truncated", "occluded", "difficult")
CORNERS = ("x0", "y0", "x1", "y1")

BOXES = pl.Schema(
    {
        "image_id": pl.String(),
        "split": pl.Categorical(),
        "label": pl.Categorical(),
        **dict.fromkeys(CORNERS, pl.Float64()),
        "image_width": pl.Int32(),
        "image_height": pl.Int32(),
        **dict.fromkeys(FLAGS, pl.Boolean()),
        "file": pl.Categorical(),
        "row": pl.Int64(),
    }
)
"""``image_id`` is the file name without its extension (or the id, where a format has no file name); ``split`` and
``label`` may be null; flags never; ``file`` and ``row`` say where the box came from (``row`` counts from 1)."""

IMAGES = pl.Schema(
    {"image_id": pl.String(), "split": pl.Categorical(), "image_width": pl.Int32(), "image_height": pl.Int32()}
)


EMPTY = "biasscope_without_objects"
"""Column that marks rows of images without objects, where boxes and those are in one frame."""

APART = "biasscope_apart"
"""Column of names that tell images from those of other paths."""

ANY = "biasscope_any"
"""Split that stands for all of them."""
