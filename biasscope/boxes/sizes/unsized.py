"""Why the sizes of images are not known, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from biasscope.boxes.sizes.lookup import ImageFiles
from biasscope.boxes.sizes.table import SizeTable

LOOKED_AT = 1000
"""Images whose names are looked up again."""


def places_of_sizes(images: Path | None, sizes: Path | None) -> dict[str, Path]:
    """Where sizes are to be taken from: options that were given, and their values."""
    return {option: place for option, place in (("--sizes", sizes), ("--images", images)) if place is not None}


def missing_sizes(given: Mapping[str, Path], images: pl.LazyFrame) -> str:
    r"""What to do about images whose sizes are not known; part of a sentence.

    Parameters
    ----------
    given
        Options that say where sizes are, as :func:`places_of_sizes` gives them.
    images
        Ids and splits of such images.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sizes.csv"
    >>> _ = path.write_text("image,width,height\na.jpg,20,10\n")
    >>> missing_sizes({"--sizes": path}, pl.LazyFrame({"image_id": ["b"], "split": [None]}))
    '--sizes has a usable size of none of these images, such as b'
    >>> missing_sizes({}, pl.LazyFrame())
    'give --images or --sizes'
    """
    if not given:
        return "give --images or --sizes"
    asked = images.select("image_id", pl.col("split").cast(pl.String)).drop_nulls("image_id").head(LOOKED_AT).collect()
    return "; ".join(_why(option, place, asked.rows()) for option, place in given.items())


def _why(option: str, place: Path, images: list[tuple[str, str | None]]) -> str:
    sizes = option == "--sizes"
    names = SizeTable(place).names if sizes else ImageFiles(place).names
    found = [(image_id, names.like(image_id, split)) for image_id, split in images]
    several = [image_id for image_id, like in found if len(like) > 1 or (sizes and like)]
    if several:
        return f"{option} has several {'sizes' if sizes else 'pictures'} for one name, such as {_shown(several[0])}"
    if any(like for _, like in found):
        return f"{option} has pictures that cannot be read"
    elsewhere = [image_id for image_id, split in images if names.of_another_split(image_id, split)]
    if elsewhere:
        return f"{option} has {_shown(elsewhere[0])} only in a folder of another split, where it is another image"
    what = "has a usable size of" if sizes else "holds"
    return f"{option} {what} none of these images" + (f", such as {_shown(images[0][0])}" if images else "")


def _shown(place: str) -> str:
    return place.removeprefix("./")
