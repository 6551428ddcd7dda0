"""A table of image sizes: CSV, Parquet or COCO JSON with the name, the width and the height of each image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import polars as pl

from biasscope.boxes.files.listing import head
from biasscope.boxes.files.names import key_of, stem_of
from biasscope.boxes.readers.coco.tables import LISTED, read_tables
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.names import ImageNames
from biasscope.boxes.tables.commas import DECIMAL, THOUSANDS, first_words, meaning
from biasscope.boxes.tables.damage import incomplete
from biasscope.boxes.tables.fields import IMAGE_HEIGHT, IMAGE_WIDTH, side
from biasscope.boxes.tables.opening import EXTRA, column_names, readable, rows_held, scan
from biasscope.core.errors import InputError

Size = tuple[int | None, int | None]
UNKNOWN: Size = (None, None)
_IMAGE = ("image_id", "file_name", "filename", "image", "imageid", "file", "path", "id", "name")
_WIDTH, _HEIGHT = (*IMAGE_WIDTH, "w"), (*IMAGE_HEIGHT, "h")
SIDES = {"table_width": pl.Int32(), "table_height": pl.Int32()}
FOUND = pl.Struct(SIDES)
"""Type of a width and a height."""


class SizeTable:
    r"""Sizes of images, found by name and, where the table names folders, by folder and split.

    Where several sizes remain, which one is meant cannot be told: the size is unknown.

    Attributes
    ----------
    accents
        Whether names in the table have others than the letters of ASCII; accents in ``key`` are in their letters.
    folders
        Whether names in the table have folders.
    frame
        Sizes by the name without folders and suffix (column ``key``), where all of a name are the same.
    whole
        Whether whole floats (1.0) are their integers in ``key``: not where names have both.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sizes.csv"
    >>> _ = path.write_text("image,width,height\ntrain/1.jpg,20,10\nval/1.jpg,40,30\n")
    >>> SizeTable(path).find("1", "val"), SizeTable(path).find("1")
    ((40, 30), (None, None))

    Raises
    ------
    InputError
        The file cannot be read, or has no columns for the image, its width and its height.
    """

    def __init__(self, path: Path) -> None:
        named = _coco_sizes(path) if path.suffix.lower() == ".json" else _table_sizes(path)
        named = named.drop_nulls().with_columns(pl.col("name").str.replace_all("\\", "/", literal=True))
        self._named = named
        self.folders = bool(named["name"].str.contains("/", literal=True).any())
        stems = pl.Series("key", map(stem_of, named["name"]), pl.String).str.normalize("NFC")
        keys = pl.Series("key", map(key_of, named["name"]), pl.String).str.normalize("NFC")
        self.accents = bool((stems.str.len_bytes() > stems.str.len_chars()).any())
        self.whole = keys.n_unique() == stems.n_unique()
        known = named.select(keys if self.whole else stems, *SIDES).unique(maintain_order=True)
        self.frame = known.filter(pl.col("key").is_unique())

    @cached_property
    def _sizes(self) -> dict[str, set[Size]]:
        sizes: dict[str, set[Size]] = defaultdict(set)
        for name, width, height in self._named.rows():
            sizes[name].add((width, height))
        return sizes

    @cached_property
    def names(self) -> ImageNames:
        """Names that have a size."""
        return ImageNames(self._sizes)

    def find(self, image_id: str | None, split: str | None = None) -> Size:
        """Width and height of an image, or ``None`` twice."""
        names = [] if image_id is None else self.names.like(image_id, split)
        sizes = {size for name in names for size in self._sizes[name]}
        return sizes.pop() if len(sizes) == 1 else UNKNOWN

    def found(self, images: pl.Series) -> pl.Series:
        """Sizes of images given as structs of their id and split, as structs."""
        asked = images.struct.unnest()
        once = asked.unique()
        sizes = pl.DataFrame([self.find(*image) for image in once.rows()], schema=SIDES, orient="row")
        made = asked.join(once.hstack(sizes), on=once.columns, how="left", nulls_equal=True, maintain_order="left")
        return made.select(pl.struct(*SIDES)).to_series()


def check_size_table(path: Path) -> None:
    """A file begins as one of sizes does; no more of it is read.

    Raises
    ------
    InputError
        It is no JSON object, or has no columns for the image, its width and its height.
    """
    if path.suffix.lower() != ".json":
        _columns(column_names(path), path)
    elif head(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        raise InputError("is no COCO JSON file", where=str(path), hint="Sizes can also be a CSV or Parquet file.")


def _columns(given: Sequence[str], path: Path) -> list[str]:
    """Names of the columns for the image, its width and its height."""
    names = {name.strip().lower(): name for name in given if name != EXTRA}
    chosen = [next((names[name] for name in options if name in names), "") for options in (_IMAGE, _WIDTH, _HEIGHT)]
    if "" in chosen:
        raise InputError(
            f"columns for image, width and height were not found among {', '.join(names.values())}",
            where=str(path),
            hint="Name them image_id, width and height.",
        )
    return chosen


def _table_sizes(path: Path) -> pl.DataFrame:
    frame = scan(path)
    schema = frame.collect_schema()
    image, *sides = _columns(schema.names(), path)
    commas = _commas(path, sides)
    made = {key: side(name, schema[name], commas) for key, name in zip(SIDES, sides, strict=True)}
    with readable(path, "a table of sizes"):
        named = frame.select(pl.col(image).cast(pl.String).alias("name"), **made).collect()
    if (rows := rows_held(path, frame)) not in (None, named.height):
        raise incomplete(named.height, rows or 0, [path])
    return named


def _commas(path: Path, sides: Sequence[str]) -> str:
    """What commas in sides mean: where nothing else tells, they set thousands apart, as sides are whole numbers.

    Not where all end in zeros and some are so long that no picture is (``640,000``): those are decimals.
    """
    words = first_words(path, *([name] for name in sides))
    try:
        return meaning(words, path)
    except InputError:
        doubtful = [word.strip() for sort in words for word in sort if "," in word]
        zeros = all(word.endswith(",000") for word in doubtful)
        return DECIMAL if zeros and max(map(len, doubtful)) > len("99,000") else THOUSANDS


def _coco_sizes(path: Path) -> pl.DataFrame:
    parts = read_tables(path, RowLog()).parts
    listed = pl.concat(parts) if parts else pl.DataFrame(schema=LISTED)
    return listed.rename(dict(zip(LISTED, ("name", *SIDES), strict=True)))
