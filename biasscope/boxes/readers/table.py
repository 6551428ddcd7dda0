"""Any table with one row a box: CSV, TSV, Parquet, Arrow.

Convention
----------
Which column is which is read off the usual names (``xmin``, ``left``, ``x``/``w``, ``filename``, ``class_name``, ...)
or named with ``columns``. Four corners are pixel edges, a corner with a width and height is ``xywh``, unless a
convention is named: tables are written in all of them. One column may hold the whole box (``bbox``): a struct with such
names, or a list or text of four numbers, which is ``xywh`` unless another convention is named, and then corners. A row
with neither a label nor coordinates is an image without objects.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from biasscope.boxes.boxcolumn import BBOX, corners, four_numbers
from biasscope.boxes.boxcolumn import NAMES as LISTS
from biasscope.boxes.fields import image_name, side, text
from biasscope.boxes.filenames import suffix_of
from biasscope.boxes.files import Found
from biasscope.boxes.schema import CORNERS, BoxTable
from biasscope.boxes.source import Request
from biasscope.boxes.tablefiles import TABLES, TEXTS, csv_header, csv_text, scan, separator
from biasscope.boxes.tabular import Layout, Parts, build, check_columns, flags_of, images_of, joined
from biasscope.core.errors import InputError

NAME = "table"
_COMMA = re.compile(r"\s*-?\d+,\d+(?:[eE][-+]?\d+)?\s*")
IMAGE = (
    "image_id", "imageid", "image", "image_name", "imagename", "filename", "file_name", "image_path", "img_path",
    "img", "img_name", "file", "path", "frame",
)  # fmt: skip
LABEL = (
    "label", "class_name", "classname", "label_name", "labelname", "category_name", "class", "category", "synset",
    "wnid", "class_id", "classid", "category_id", "label_id",
)  # fmt: skip
OTHERS = {
    "split": ("split", "subset", "set", "partition"),
    "image_width": ("image_width", "img_width", "imagewidth", "width"),
    "image_height": ("image_height", "img_height", "imageheight", "height"),
    "crowd": ("crowd", "iscrowd", "is_crowd", "isgroupof", "is_group_of"),
    "truncated": ("truncated", "istruncated", "is_truncated"),
    "occluded": ("occluded", "isoccluded", "is_occluded"),
    "difficult": ("difficult", "isdifficult", "is_difficult"),
}
LAYOUTS: tuple[tuple[bool, tuple[str, str, str, str]], ...] = (
    (False, ("x0", "y0", "x1", "y1")),
    (False, ("xmin", "ymin", "xmax", "ymax")),
    (False, ("x_min", "y_min", "x_max", "y_max")),
    (False, ("bbox_xmin", "bbox_ymin", "bbox_xmax", "bbox_ymax")),
    (False, ("x1", "y1", "x2", "y2")),
    (False, ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")),
    (False, ("xtl", "ytl", "xbr", "ybr")),
    (False, ("left", "top", "right", "bottom")),
    (True, ("x", "y", "w", "h")),
    (True, ("bbox_x", "bbox_y", "bbox_w", "bbox_h")),
    (True, ("bbox_x", "bbox_y", "bbox_width", "bbox_height")),
    (True, ("x", "y", "width", "height")),
    (True, ("left", "top", "width", "height")),
)
"""Names of the four numbers, in lower case, and whether the last two are width and height."""


def detect(request: Request) -> bool:
    """Whether a table's column names speak of boxes, or columns are named."""
    found = request.of(*TABLES)
    if not found:
        return False
    names = _names(Path(found[0].path))
    boxes = _layout(names) is not None or _first(names, LISTS) is not None
    return bool(request.columns) or (boxes and _first(names, IMAGE) is not None)


def read(request: Request) -> BoxTable:
    """Boxes of a table; see the module for names and convention. Memory does not grow with the table."""
    files = request.of(*TABLES)
    if not files:
        raise InputError("no table is here", where=str(request.path), hint=f"Tables end in {', '.join(TABLES)}.")
    parts = [_one(request, found) for found in files]
    boxes, empty, both = joined([part[0] for part in parts])
    return BoxTable(
        boxes,
        images_of(boxes, empty),
        format=NAME,
        convention=parts[0][1],
        files=tuple(Path(found.path) for found in files),
        log=request.log,
        notes=tuple(dict.fromkeys(part[2] for part in parts)),
        empty=empty,
        both=both,
    )


def resolve(names: Sequence[str], given: Mapping[str, str], path: Path) -> tuple[dict[str, str], bool]:
    """Which column is which, and whether the last two numbers are width and height.

    Raises
    ------
    InputError
        Columns for the image or for the four numbers were neither named nor found.
    """
    lower = {name.strip().lower().replace(" ", "_").replace("-", "_"): name for name in reversed(names)}
    named = {name for key, name in given.items() if key not in CORNERS}  # a corner that is named is part of its layout
    free = {key: name for key, name in lower.items() if name not in named}
    layout = None if BBOX in given else _layout(free)
    chosen: dict[str, str] = dict(given)
    wh = False
    if layout is not None and not set(CORNERS) <= given.keys():
        wh, found = layout
        chosen |= {key: free[name] for key, name in zip(CORNERS, found, strict=True) if key not in given}
    elif not set(CORNERS) <= given.keys() and BBOX not in given and (name := _first(free, LISTS)) is not None:
        chosen[BBOX] = free[name]
    free = {key: name for key, name in free.items() if name not in chosen.values()}
    for key, options in {"image_id": IMAGE, "label": LABEL, **OTHERS}.items():
        if key not in chosen and (name := _first(free, options)) is not None:
            chosen[key] = free.pop(name)
    needed = ("image_id", BBOX) if BBOX in chosen else ("image_id", *CORNERS)
    missing = [key for key in needed if key not in chosen]
    if missing:
        raise InputError(
            f"no column was found for {', '.join(missing)} among: {', '.join(names)}",
            where=str(path),
            hint="Name them, for example --columns image_id=file,x0=xmin,y0=ymin,x1=xmax,y1=ymax,label=class.",
        )
    return chosen, wh


def _one(request: Request, found: Found) -> tuple[Parts, str, str]:
    path = Path(found.path)
    given = dict(request.columns) | ({"split": request.split_column} if request.split_column else {})
    names = _names(path)
    check_columns(given, pl.Schema(dict.fromkeys(names, pl.String())), path)
    chosen, wh = resolve(names, given, path)
    numeric = [chosen[key] for key in (*CORNERS, "image_width", "image_height") if key in chosen]
    frame = scan(path, [] if to_mend(path, numeric) else numeric, request.log)
    schema = frame.collect_schema()
    if BBOX in chosen:
        numbers, wh = four_numbers(chosen[BBOX], schema[chosen[BBOX]], request.convention, _layout, path)
    else:
        numbers = corners([chosen[key] for key in CORNERS], schema)
    convention = request.convention if request.convention != "auto" else "xywh" if wh else "edges"
    layout = Layout(convention, wh=wh or convention == "xywh", fraction=convention == "fraction")
    columns: dict[str, pl.Expr] = {
        "image_id": image_name(chosen["image_id"]),
        **dict(zip(CORNERS, numbers, strict=True)),
        **{key: side(chosen[key], schema[chosen[key]]) for key in ("image_width", "image_height") if key in chosen},
        **{key: text(chosen[key], schema[chosen[key]]) for key in ("label", "split") if key in chosen},
        **flags_of(chosen, schema),
    }
    raw = [chosen[key] for key in ("label", BBOX, *CORNERS) if key in chosen]
    parts = build(frame, columns, raw, layout, request, found.name)
    return parts, convention, _note(chosen, convention, asked=request.convention != "auto")


def _note(chosen: Mapping[str, str], convention: str, *, asked: bool) -> str:
    pairs = ", ".join(f"{key} = {name}" for key, name in chosen.items())
    how = "as asked" if asked else "the default for such columns; name another with --box-convention if it is wrong"
    return f"Columns of the table: {pairs}. Their numbers were read as {convention} ({how})."


def _names(path: Path) -> list[str]:
    if suffix_of(path.name) in TEXTS:
        return csv_header(path)
    return scan(path).collect_schema().names()


def _layout(names: Sequence[str] | Mapping[str, str]) -> tuple[bool, tuple[str, str, str, str]] | None:
    lower = {name.strip().lower() for name in names}
    return next((layout for layout in LAYOUTS if lower.issuperset(layout[1])), None)


def _first(names: Sequence[str] | Mapping[str, str], options: Sequence[str]) -> str | None:
    lower = {name.strip().lower() for name in names}
    return next((name for name in options if name in lower), None)


def to_mend(path: Path, numeric: Sequence[str]) -> bool:
    """Whether numbers of a CSV file have a decimal comma, or blanks around them, going by its first rows."""
    if suffix_of(path.name) not in TEXTS:
        return False
    lines = csv_text(path).lstrip("\n\r").splitlines()[:101]
    rows = csv.DictReader(lines, delimiter=separator(path, lines[0]))
    try:
        words = [row[name] or "" for row in rows for name in numeric if name in row]
    except csv.Error:
        return False
    return any(word != word.strip() or _COMMA.fullmatch(word) for word in words)
