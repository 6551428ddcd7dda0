"""Open Images CSV: one row a box, corners as fractions of the image.

Convention
----------
``XMin, XMax, YMin, YMax`` are edges as fractions of the frame. ``IsGroupOf`` is read as crowd. Without ``images`` or
``sizes`` boxes stay fractions of a 1 x 1 frame. A file ``class-descriptions*.csv`` beside it names the classes.
"""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.files.listing import Found
from biasscope.boxes.schema import CORNERS
from biasscope.boxes.source import Request
from biasscope.boxes.tables.commas import first_words, meaning, plain
from biasscope.boxes.tables.fields import image_name, number, plain_words, text
from biasscope.boxes.tables.opening import csv_header, scans
from biasscope.boxes.tables.tabular import Layout, Parts, build, flags_of, images_of, joined
from biasscope.core.errors import InputError

NAME = "openimages"
_CORNERS = ("XMin", "YMin", "XMax", "YMax")
_NEEDED = frozenset({"ImageID", "LabelName", *_CORNERS})
_FLAGS = {"crowd": "IsGroupOf", "truncated": "IsTruncated", "occluded": "IsOccluded"}


def detect(request: Request) -> bool:
    """CSV files with the columns of Open Images."""
    return any(_has(found) for found in request.of(".csv")[:8])


def read(request: Request) -> BoxTable:
    """Boxes of Open Images files; see the module for the convention."""
    convention = choose_corners(request.convention, "fraction", "Open Images CSV")
    files = [found for found in request.of(".csv") if _has(found)]
    if not files:
        raise InputError("no CSV file with the columns of Open Images is here", where=str(request.path))
    parts = [_one(request, found, convention) for found in files]
    boxes, empty, both, again, rows = joined(parts)
    sized = request.images is not None or request.sizes is not None
    note = "Image sizes are unknown, so boxes are fractions of a 1 x 1 frame; give --images or --sizes for pixels."
    return BoxTable(
        boxes,
        images_of(boxes, empty),
        format=NAME,
        convention=convention,
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=() if sized else (note,),
        empty=empty,
        both=both,
        again=again,
        rows=rows,
    )


def _one(request: Request, found: Found, convention: str) -> Parts:
    path = Path(found.path)
    words = first_words(path, _CORNERS)
    commas = meaning(words, path)
    scanned = scans(path, _CORNERS if plain(words) else [], request.log)
    schema = scanned.frame.collect_schema()
    label = text(pl.col("LabelName"), schema["LabelName"])
    if names := _names(path.parent):
        label = plain_words("LabelName").replace(names).cast(pl.Categorical)
    columns = {
        "image_id": image_name(pl.col("ImageID"), pl.String()),
        "label": label,
        **{key: number(name, schema[name], commas) for key, name in zip(CORNERS, _CORNERS, strict=True)},
        **flags_of({key: name for key, name in _FLAGS.items() if name in schema}, schema),
    }
    raw = ["LabelName", *_CORNERS]
    return build(scanned, columns, raw, Layout(convention, fraction=True), request, found.name)


def _names(folder: Path) -> dict[str, str]:
    """Class names by their machine ids, where the official table of them is at hand."""
    names: dict[str, str] = {}
    for path in sorted(folder.glob("class-descriptions*.csv")) + sorted(folder.glob("*-class-descriptions*.csv")):
        if path.is_file():
            names |= _described(path)
    return names


def _described(path: Path) -> dict[str, str]:
    """Class names of one such table; a class without a name keeps its id."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[word.strip() for word in row] for row in csv.reader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read as CSV ({error})", where=str(path)) from error
    return {row[0]: row[1] for row in rows if len(row) == 2 and row[1]}


def _has(found: Found) -> bool:
    try:
        return set(csv_header(Path(found.path))) >= _NEEDED
    except InputError:
        return False
