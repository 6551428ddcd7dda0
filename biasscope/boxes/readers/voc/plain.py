"""VOC files in their usual layout, many at a time with one regular expression; anything unusual is left to the parser.

Usual is what the tools of PASCAL VOC and ImageNet write: ASCII text; folder, filename, source, owner, size and
segmented in this order; in an object its name, then pose and flags, then the box with xmin, ymin, xmax, ymax as decimal
numbers. An attribute, an entity, a comment, another element or order, a part of an object: all of this is unusual, so
that every text that matches is well-formed XML and means what the parser would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from biasscope.boxes.assemble import RAW_BOXES, RAW_IMAGES
from biasscope.boxes.schema import CORNERS

TRUE = ("1", "1.0", "true", "yes")
SEPARATOR = b"\0"
"""Between documents: no XML document holds it, so none can go on in the next one."""
_GAP = r"[ \t\r\n]*+"
_TEXT = r"[ !-%'-;=?-~]*+"
_SIDE = r"(?:[0-9]{1,9})"
_NUMBER = r"(-?[0-9]{1,15}(?:\.[0-9]{1,12})?)"
_HEAD_FIELDS = ("database", "image_width", "image_height")
_OBJECT_FIELDS = ("label", "truncated", "occluded", "difficult", *CORNERS)
FIELDS = (*_HEAD_FIELDS, *_OBJECT_FIELDS, "end", "unusual")
"""Groups of a token: what a head says, what an object says, the end of the document behind either, all the rest."""


def _leaf(*names: str, text: str = _TEXT) -> str:
    """Any one of these elements, with nothing but text inside."""
    return "(?:" + "|".join(rf"<{name}>{text}</{name}>{_GAP}" for name in names) + ")"


def _branch(name: str, *inside: str) -> str:
    return rf"<{name}>{_GAP}{''.join(inside)}</{name}>{_GAP}"


_FLAGS = "|".join(
    [rf"<pose>{_TEXT}</pose>{_GAP}"]
    + [rf"<{name}>({_TEXT})</{name}>{_GAP}" for name in ("truncated", "occluded", "difficult")]
)
_SOURCE = _branch("source", rf"<database>({_TEXT})</database>{_GAP}", _leaf("annotation", "image", "flickrid"), "*+")
_OWNER = _branch("owner", _leaf("flickrid", "name"), "*+")
_SIDES = "".join(rf"<{name}>({_SIDE})</{name}>{_GAP}" for name in ("width", "height"))
_SIZE = _branch("size", _SIDES, rf"(?:<depth>{_TEXT}</depth>{_GAP})?+")
_HEAD = (
    rf"\0(?:<\?xml version=\"1\.0\"(?: encoding=\"(?:utf-8|UTF-8)\")?\?>)?+{_GAP}<annotation>{_GAP}"
    rf"{_leaf('folder', 'filename', 'path')}*+(?:{_SOURCE})?+(?:{_OWNER})?+(?:{_SIZE})?+{_leaf('segmented')}?+"
)
_BOX = _branch("bndbox", *(rf"<{name}>{_NUMBER}</{name}>{_GAP}" for name in ("xmin", "ymin", "xmax", "ymax")))
_OBJECT = _branch("object", rf"<name>({_TEXT})</name>{_GAP}(?:{_FLAGS})*+{_BOX}")
TOKEN = re.compile(rf"(?:{_HEAD}|{_OBJECT})(</annotation>{_GAP}(?=\0|\Z))?|([\s\S]++)".encode())
"""The head of a document, an object, or all the rest from the first unusual place on."""


def plain(
    names: Sequence[str], splits: Sequence[str | None], documents: Sequence[bytes]
) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Raw images and raw boxes of documents; ``None`` when one of them is unusual.

    Images have no id yet: it depends on the names of all of them.

    Examples
    --------
    >>> corners = b"<xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4.5</ymax>"
    >>> cat = b"<object><name>cat</name><bndbox>" + corners + b"</bndbox></object>"
    >>> images, boxes = plain(["a.xml"], [None], [b"<annotation>" + cat + b"</annotation>"])
    >>> boxes.select("label", "x0", "y1", "row").rows()
    [('cat', 1.0, 4.5, 1)]
    >>> plain(["a.xml"], [None], [b"<annotation><!-- none --></annotation>"]) is None
    True
    """
    tokens = TOKEN.findall(SEPARATOR + SEPARATOR.join(documents)) if documents else []
    if not tokens or tokens[-1][-1]:
        return None
    columns = dict(zip(FIELDS, zip(*tokens, strict=True), strict=True))
    head, ended = ~_filled(columns["x0"]), _filled(columns["end"])
    if int(head.sum()) != len(documents) or not ended[-1] or (head[1:] != ended[:-1]).any():
        return None
    image = np.cumsum(head) - 1
    row = np.arange(len(head)) - np.flatnonzero(head)[image]
    return _images(_texts(columns, _HEAD_FIELDS, head), names, splits), _boxes(
        _texts(columns, _OBJECT_FIELDS, ~head), image[~head], row[~head]
    )


def _filled(texts: Sequence[bytes]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.fromiter(map(bool, texts), bool, len(texts))


def _texts(columns: dict[str, tuple[bytes, ...]], names: Sequence[str], mask: Any) -> pl.DataFrame:
    chosen = pl.Series(mask)
    return pl.DataFrame([pl.Series(name, columns[name], pl.Binary).filter(chosen).cast(pl.String) for name in names])


def _images(texts: pl.DataFrame, names: Sequence[str], splits: Sequence[str | None]) -> pl.DataFrame:
    sides = [pl.col(name).cast(pl.Int32, strict=False) for name in ("image_width", "image_height")]
    return texts.select(
        pl.lit("").alias("image_id"),
        pl.Series("split", splits, pl.String),
        *(pl.when(side >= 1).then(side) for side in sides),
        pl.Series("file", names, pl.String),
        pl.when(pl.col("database").str.strip_chars().str.starts_with("ILSVRC"))
        .then(pl.lit("inclusive0"))
        .otherwise(pl.lit("inclusive1"))
        .alias("convention"),
    ).cast(RAW_IMAGES)


def _boxes(texts: pl.DataFrame, image: Any, row: Any) -> pl.DataFrame:
    label = pl.col("label").str.strip_chars()
    return texts.select(
        pl.Series("image", image),
        pl.when(label != "").then(label),
        *CORNERS,
        pl.lit(False).alias("crowd"),
        *(pl.col(name).is_in(TRUE) for name in ("truncated", "occluded", "difficult")),
        pl.Series("row", row),
    ).cast(RAW_BOXES)
