"""Boxes as plain arrays: what the comparison, repair and leakage statistics take from a BOXES frame.

Rows are put into one order (image, then corners, then label), so that seeded draws do not depend on the order in which
a file was written or read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.bias.counting.keys import image_keys
from biasscope.bias.counting.rows import CORNERS
from biasscope.bias.frames import NEEDED, checked, reading
from biasscope.core.randomness import uniform

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOLERANCE = 0.5
UNIT_FRAME = 1000.0
"""Side of the frame that stands for one of unknown size, in pixels."""


@dataclass(frozen=True)
class Columns:
    """Usable boxes.

    Attributes
    ----------
    corners
        ``x0, y0, x1, y1`` as pixel edges, clipped to the frame when they leave it by less than half a pixel,
        shape (N, 4). Boxes in fractions of an unknown size are given in a frame of 1000 x 1000.
    width, height
        Frame of each box in pixels, shape (N,).
    label
        Index into ``labels``, shape (N,).
    sized
        Whether the frame of each box is of known size, shape (N,).
    image
        Number of the image, 0 to ``images - 1``, shape (N,).
    keys
        Id of each image, behind its split and a zero character where it has one, shape (images,).
    labels
        Names of the classes, sorted. A box without a label belongs to none and is left out.
    images
        Number of images that hold a usable box.
    available
        Boxes, usable or not, before any sampling: of the frame, or of what it is a sample of.
    left_out
        Boxes, of those sampled, that are not used: without label, not finite, without area, or outside the frame.
    drawn
        Whether the frame itself is a sample.
    """

    corners: Floats
    width: Floats
    height: Floats
    sized: NDArray[np.bool_]
    label: Ints
    image: Ints
    keys: pl.Series
    labels: tuple[str, ...]
    images: int
    available: int = 0
    left_out: int = 0
    drawn: bool = False

    @property
    def sampled(self) -> bool:
        """Whether some of the available boxes were not looked at."""
        return self.n + self.left_out < self.available

    @property
    def n(self) -> int:
        """Number of boxes."""
        return len(self.label)

    @property
    def unsized(self) -> int:
        """Boxes whose frame is of unknown size."""
        return int((~self.sized).sum())

    def name_of(self, row: int) -> str:
        """Name of the image of a box, behind that of its split."""
        return "/".join(filter(None, (self.keys[int(self.image[row])] or "?").split("\x00")))

    @property
    def relative(self) -> tuple[Floats, Floats]:
        """Relative width and height of each box."""
        return (
            (self.corners[:, 2] - self.corners[:, 0]) / self.width,
            (self.corners[:, 3] - self.corners[:, 1]) / self.height,
        )

    def take(self, rows: NDArray[np.bool_] | Ints) -> Columns:
        """Some of the boxes; images are numbered anew, classes are not."""
        image, numbers = np.unique(self.image[rows], return_inverse=True)
        parts = {name: getattr(self, name)[rows] for name in ("corners", "width", "height", "sized", "label")}
        number, keys = numbers.astype(np.int64), self.keys.gather(image)
        return replace(self, **parts, image=number, keys=keys, images=len(image))


def columns_of(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    labels: tuple[str, ...] | None = None,
    most: int | None = None,
    seed: int = 0,
    available: int | None = None,
) -> Columns:
    """Arrays from a frame with the columns of BOXES.

    Parameters
    ----------
    boxes
        One row an object, pixel edges.
    labels
        Names of the classes, where they must agree with those of another frame; from the frame when not given.
    most
        Boxes to take. Of more, all boxes of a share of the images, chosen by a hash of image and seed.
    seed
        Seed of that choice.
    available
        Boxes that the frame is a sample of, where it is one.

    Raises
    ------
    InputError
        For anything but a frame of polars with these columns.

    Examples
    --------
    >>> frame = pl.DataFrame({"image_id": ["a", "a"], "label": ["cat", None], "x0": [0.0, 1], "y0": [0.0, 1],
    ...     "x1": [5.0, 5], "y1": [5.0, 5], "image_width": [10, 10], "image_height": [10, 10]})
    >>> columns_of(frame).n, columns_of(frame).left_out, columns_of(frame).labels
    (1, 1, ('cat',))
    """
    held, thinned = _thinned(boxes, most, seed)
    whole = held if available is None else available
    keyed = thinned.lazy().select(_image_key(thinned), pl.col("label").cast(pl.String), *CORNERS, *NEEDED[-2:])
    frame = keyed.sort("image_id", *CORNERS, "label", maintain_order=True).collect()
    sized = (frame["image_width"].is_not_null() & frame["image_height"].is_not_null()).to_numpy()
    corners = frame.select(CORNERS).to_numpy().astype(np.float64)
    corners[~sized] *= UNIT_FRAME
    width, height = (frame[name].fill_null(UNIT_FRAME).to_numpy().astype(np.float64) for name in NEEDED[-2:])
    usable = frame["label"].is_not_null().to_numpy() & _inside(corners, width, height)
    frame, corners, width, height = frame.filter(usable), corners[usable], width[usable], height[usable]
    limits = np.stack([width, height, width, height], axis=1)
    names = labels if labels is not None else tuple(frame["label"].unique().sort().to_list())
    image = frame["image_id"].rle_id().to_numpy().astype(np.int64)
    keys = frame["image_id"].rle().struct.field("value")
    return Columns(
        np.clip(corners, 0.0, limits),
        width,
        height,
        sized[usable],
        _codes(frame["label"], names),
        image,
        keys,
        names,
        len(keys),
        whole,
        int((~usable).sum()),
        whole > held,
    )


def labels_of(*frames: pl.DataFrame | pl.LazyFrame) -> tuple[str, ...]:
    """Class names that occur in any of the frames, sorted."""
    lazy = [checked(frame, ["label"]).lazy() for frame in frames]
    found = [frame.select(pl.col("label").cast(pl.String).unique()) for frame in lazy]
    with reading():
        return tuple(pl.concat(found).unique().drop_nulls().sort("label").collect()["label"].to_list())


def sampled_note(*sides: Columns) -> str:
    """What a result says where not all boxes were looked at; those of a frame that is a sample came one by one."""
    how = "" if any(side.drawn for side in sides) else ", by image"
    return f"Boxes were sampled{how}; the parameters say how many were used."


def group_numbers(columns: Columns, groups: int, rng: np.random.Generator) -> Ints:
    """Group of each box: its image's place in a seeded shuffle, modulo ``groups``."""
    place = rng.permutation(columns.images)
    return np.asarray(place[columns.image] % groups, np.int64)


def representatives(columns: Columns, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows of one box of each class of each image, sorted, and of one box of each image, chosen at random.

    The one of an image is as likely to be any of its boxes as any other, and is the one of its class too.
    """
    order = np.argsort(rng.random(columns.n))
    pair = columns.image * len(columns.labels) + columns.label
    of_class, of_image = (order[np.unique(of[order], return_index=True)[1]] for of in (pair, columns.image))
    return np.sort(of_class), of_image


def _thinned(boxes: pl.DataFrame | pl.LazyFrame, most: int | None, seed: int) -> tuple[int, pl.DataFrame]:
    lazy = checked(boxes).lazy()
    columns = [*NEEDED, *(["split"] if "split" in lazy.collect_schema() else [])]
    with reading():
        frame = lazy.select(columns).collect()
    if most is None or frame.height <= most:
        return frame.height, frame
    keys = image_keys(frame["image_id"], frame["split"] if "split" in columns else None)
    return frame.height, frame.filter(uniform(keys, seed & 0xFFFFFFFF) < most / frame.height)


def _image_key(boxes: pl.DataFrame | pl.LazyFrame) -> pl.Expr:
    """Image ids are unique within a split only."""
    if "split" not in boxes.lazy().collect_schema():
        return pl.col("image_id")
    split = pl.col("split").cast(pl.String).fill_null("")
    return pl.concat_str([split, "image_id"], separator="\x00").alias("image_id")


def _inside(corners: Floats, width: Floats, height: Floats) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = corners.T
    with np.errstate(invalid="ignore"):
        placed = (x0 >= -TOLERANCE) & (y0 >= -TOLERANCE) & (x1 <= width + TOLERANCE) & (y1 <= height + TOLERANCE)
        return np.asarray(placed & (x1 > x0) & (y1 > y0))


def _codes(labels: pl.Series, names: tuple[str, ...]) -> Ints:
    codes = labels.cast(pl.Enum(list(names))).to_physical() if len(labels) else labels.cast(pl.Int64)
    return codes.to_numpy().astype(np.int64)
