"""Kaggle's ``LOC_*_solution.csv`` of the ImageNet localisation challenge: one row an image.

Convention
----------
``PredictionString`` holds ``synset x0 y0 x1 y1`` again and again: first and last pixel, counted from 0. The file does
not give image sizes; without ``images`` or ``sizes`` its boxes stay in pixels of an unknown frame. The sample
submission that lies beside it has the same columns, but boxes that nobody drew: it is left out.
"""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from biasscope.boxes.assemble import Raw, finish
from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.files.listing import Found
from biasscope.boxes.files.names import stem_of
from biasscope.boxes.sizes.lookup import fill_sizes
from biasscope.boxes.source import Request
from biasscope.boxes.tables.fields import known
from biasscope.boxes.tables.opening import csv_header
from biasscope.core.errors import InputError

NAME = "kaggle"
SAMPLE = "sample_submission"
_HEADER = ["ImageId", "PredictionString"]


def detect(request: Request) -> bool:
    """CSV files with the two columns of the challenge."""
    return any(_has(found) for found in request.of(".csv")[:8])


def read(request: Request) -> BoxTable:
    """Boxes of solution files; a row whose text is not a multiple of five words is a bad row."""
    convention = choose_corners(request.convention, "inclusive0", "Kaggle's solution file")
    files = [found for found in request.of(".csv") if _has(found)]
    if not files:
        raise InputError("no CSV file with ImageId,PredictionString is here", where=str(request.path))
    solutions = [found for found in files if SAMPLE not in found.name.rpartition("/")[2].lower()]
    samples = [found.name for found in files if found not in solutions] if solutions else []
    files, boxes, images = solutions or files, [], []
    for found in files:
        raw_images, raw_boxes = _parse(found, request)
        raw_images = raw_images.with_columns(known(raw_images["image_id"]))
        made = finish(
            fill_sizes(raw_images, request), raw_boxes, convention=convention, fraction=False, log=request.log
        )
        boxes.append(made[0])
        images.append(made[1].drop_nulls("image_id"))
    sized = request.images is not None or request.sizes is not None
    return BoxTable(
        pl.concat(boxes),
        pl.concat(images),
        format=NAME,
        convention=convention,
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=(
            *(() if sized else ("The file gives no image sizes: give --sizes or --images.",)),
            *(f"{name} was left out: it is an example of predictions, not a solution." for name in samples),
        ),
    )


def _parse(found: Found, request: Request) -> tuple[pl.DataFrame, pl.DataFrame]:
    raw, split = Raw(), request.split_of(found.name)
    try:
        with Path(found.path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            for number, row in enumerate(rows, 1):
                _row(raw, row, number, split, found.name, request)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read as CSV ({error})", where=found.path) from error
    return raw.frames()


def _row(raw: Raw, row: list[str], number: int, split: str | None, name: str, request: Request) -> None:
    words = row[1].split() if len(row) == 2 else []
    where = f"{name}:{number}"
    if not row or len(row) != 2 or len(words) % 5:
        return request.log.add("not synset x0 y0 x1 y1 repeated", where, ",".join(row)[:200])
    image = len(raw.images)
    raw.images.append((stem_of(row[0].strip()), split, None, None, name, None))
    for start in range(0, len(words), 5):
        label, *corners = words[start : start + 5]
        try:
            x0, y0, x1, y1 = map(float, corners)
        except ValueError as error:
            request.log.add("coordinate is not a number", where, str(error))
            continue
        raw.boxes.append((image, label, x0, y0, x1, y1, False, False, False, False, number))
    return None


def _has(found: Found) -> bool:
    try:
        return csv_header(Path(found.path)) == _HEADER
    except InputError:
        return False
