"""Any table with one row a box: CSV, TSV, Parquet, Arrow.

Convention
----------
Which column is which is read off the usual names (``xmin``, ``left``, ``x``/``w``, ``filename``, ``class_name``, ...)
or named with ``columns``. Four corners are pixel edges, a corner with a width and height (by the names of the columns)
is ``xywh``, unless a convention is named: tables are written in all of them. One column may hold the whole box
(``bbox``): a struct with such names, or a list or text of four numbers, which is ``xywh`` unless another convention is
named, and then corners. A row with neither a label nor coordinates is an image without objects. Without a column for
the class all boxes are of one. Classes and splits that are whole floats (1.0) are their integers (1), as one missing
value makes floats of integers in pandas. Class numbers have the names that the ``datasets`` library wrote into a
Parquet file, and a class that is a struct such as ``{id, name}`` has its name. In a column of splits ``valid`` and
``validation`` are ``val``, as in the names of files and folders, ``trn`` is ``train`` and ``testing`` is ``test``.
Where neither ``--sizes`` nor ``--images`` is given, pictures in the table have the sizes that no column says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.files.listing import Found
from biasscope.boxes.readers.table.columns import (
    IMAGE,
    NO_LABEL_COLUMN,
    ONE_CLASS,
    check_words,
    first_of,
    layout_of,
    left_over,
    meant_for_boxes,
    resolve,
)
from biasscope.boxes.readers.table.names import names_of, naming
from biasscope.boxes.schema import CORNERS
from biasscope.boxes.sizes.pictures import SIDES, picture_column, with_sizes
from biasscope.boxes.source import Request
from biasscope.boxes.tables.boxcolumn import BBOX, check_texts, corners, four_numbers
from biasscope.boxes.tables.boxcolumn import NAMES as LISTS
from biasscope.boxes.tables.commas import THOUSANDS, first_words, meaning, plain
from biasscope.boxes.tables.fields import side
from biasscope.boxes.tables.opening import TABLES, Scans, column_kinds, column_names, readable, scans
from biasscope.boxes.tables.tabular import (
    Layout,
    Parts,
    build,
    check_columns,
    check_numbers,
    flags_of,
    images_of,
    joined,
)
from biasscope.core.errors import InputError

NAME = "table"
LOOKED_AT = 8
"""Tables whose columns are looked at to find out what they are."""
_SIDES = ("image_width", "image_height")


def detect(request: Request) -> bool:
    """Whether the column names of one of the tables speak of boxes and images, or columns are named."""
    found = request.of(*TABLES)
    return bool(found and request.columns) or any(map(_complete, found[:LOOKED_AT]))


def _complete(found: Found) -> bool:
    try:
        names = column_names(Path(found.path))
    except InputError:
        return False  # alone it is read all the same, and the error then says what is wrong with it
    return _has_boxes(names, {}) and first_of(names, IMAGE) is not None


def _has_boxes(names: Sequence[str], columns: Mapping[str, str]) -> bool:
    named = {columns[key] for key in (BBOX, *CORNERS) if key in columns}
    return bool(layout_of(names) or first_of(names, LISTS) or named.intersection(names))


def _files(request: Request) -> Sequence[Found]:
    """Tables that have boxes, or were to have some; all where none has. The error then says what they lack."""
    found = request.of(*TABLES)
    if len(found) < 2:
        return found
    return [one for one in found if _is_read(Path(one.path), request.columns)] or found


def _is_read(path: Path, columns: Mapping[str, str]) -> bool:
    names = column_names(path)
    return _has_boxes(names, columns) or meant_for_boxes(names, path)


def read(request: Request) -> BoxTable:
    """Boxes of tables; see the module for names and convention. Memory does not grow with the table.

    Of several, those are left out that have no columns of boxes.
    """
    files = _files(request)
    if not files:
        raise InputError("no table is here", where=str(request.path), hint=f"Tables end in {', '.join(TABLES)}.")
    parts = [_one(request, found) for found in files]
    boxes, empty, both, again, rows = joined([part[0] for part in parts])
    return BoxTable(
        boxes,
        images_of(boxes, empty),
        format=NAME,
        convention=", ".join(dict.fromkeys(part[1] for part in parts)),
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=tuple(dict.fromkeys(part[2] for part in parts)),
        empty=empty,
        both=both,
        again=again,
        rows=rows,
    )


def _one(request: Request, found: Found) -> tuple[Parts, str, str]:
    path = Path(found.path)
    given = dict(request.columns) | ({"split": request.split_column} if request.split_column else {})
    kinds = column_kinds(path)
    check_columns(given, kinds, path)
    chosen, wh = resolve(kinds.names(), given, path, partial(naming, path, kinds))
    sorts = [[chosen[key] for key in keys if key in chosen] for keys in (CORNERS, ("image_width",), ("image_height",))]
    words = first_words(path, *sorts)
    commas = meaning(words, path)
    numeric = [name for names in sorts for name in names]
    scanned = scans(path, numeric if plain(words) else [], request.log)
    schema = scanned.frame.collect_schema()
    check_numbers(numeric, schema, path)
    check_words(chosen, schema, path)
    if BBOX in chosen:
        check_texts(chosen[BBOX], first_words(path, [chosen[BBOX]])[0], path)
        numbers, wh = four_numbers(chosen[BBOX], schema[chosen[BBOX]], request.convention, layout_of, path)
    else:
        numbers = corners([chosen[key] for key in CORNERS], schema, commas)
    convention = request.convention if request.convention != "auto" else "xywh" if wh else "edges"
    layout = Layout(convention, wh=wh or convention == "xywh", fraction=convention == "fraction")
    columns: dict[str, pl.Expr] = {
        **dict(zip(CORNERS, numbers, strict=True)),
        **{key: side(chosen[key], schema[chosen[key]], commas) for key in _SIDES if key in chosen},
        "label": pl.lit(ONE_CLASS),
        **names_of(path, chosen, schema, request.log.spellings),
        **flags_of(chosen, schema),
    }
    scanned, columns, pictures = _sized(scanned, columns, request)
    raw = [chosen[key] for key in ("label", BBOX, *CORNERS) if key in chosen]
    parts = build(scanned, columns, raw, layout, request, found.name)
    note = _note(chosen, convention, asked=request.convention != "auto")
    note += left_over(schema, chosen, given)
    if pictures is not None:
        own = " where no column says them" if any(key in chosen for key in _SIDES) else ""
        note += f" Image sizes are those of the pictures in the column {pictures}{own}."
    if "label" not in chosen:
        note += NO_LABEL_COLUMN
    if commas == THOUSANDS and any("," in word for sort in words for word in sort):
        note += " Commas in them were read as setting thousands apart (1,369 as 1369)."
    return parts, convention, note


def _sized(
    scanned: Scans, columns: dict[str, pl.Expr], request: Request
) -> tuple[Scans, dict[str, pl.Expr], str | None]:
    """Table and its columns with sizes from the pictures in it, and their column, where nothing else says sizes."""
    if request.sizes is not None or request.images is not None:
        return scanned, columns, None
    pictures = picture_column(scanned.frame, scanned.path)
    unsized = pl.any_horizontal(columns.get(key, pl.lit(None)).is_null() for key in _SIDES)
    if pictures is None or not _any(scanned, unsized):
        return scanned, columns, None
    frame = with_sizes(scanned.frame, pictures, columns["image_id"], unsized, request.log)
    sides = {
        key: pl.when(pl.col(name).is_null()).then(columns.get(key, pl.lit(None))).otherwise(pl.col(name))
        for key, name in zip(_SIDES, SIDES, strict=True)
    }
    return scanned._replace(frame=frame), columns | sides, pictures


def _any(scanned: Scans, rows: pl.Expr) -> bool:
    with readable(scanned.path):
        return bool(scanned.frame.select(rows.any()).collect().item())


def _note(chosen: Mapping[str, str], convention: str, *, asked: bool) -> str:
    pairs = ", ".join(f"{key} = {name}" for key, name in chosen.items())
    how = "as asked" if asked else "the default for such columns; name another with --box-convention if it is wrong"
    return f"Columns of the table: {pairs}. Their numbers were read as {convention} ({how})."
