"""Which column of a table is which: named, or found by the usual names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from biasscope.boxes.files.names import suffix_of
from biasscope.boxes.schema import CORNERS, FLAGS
from biasscope.boxes.tables.boxcolumn import BBOX
from biasscope.boxes.tables.boxcolumn import NAMES as LISTS
from biasscope.boxes.tables.commas import first_words
from biasscope.boxes.tables.fields import IMAGE_HEIGHT, IMAGE_WIDTH
from biasscope.boxes.tables.opening import TEXTS, csv_header, csv_text, separator
from biasscope.core.errors import InputError, UsageError

IMAGE = (
    "image_id", "imageid", "image", "image_name", "imagename", "filename", "file_name", "image_path", "img_path",
    "img", "img_name", "file", "path", "frame",
)  # fmt: skip
NAMES_OF_CLASSES = (
    "label", "class_name", "classname", "label_name", "labelname", "category_name", "class", "category", "synset",
    "wnid",
)  # fmt: skip
LABEL = (*NAMES_OF_CLASSES, "class_id", "classid", "category_id", "label_id")
LONGEST = 1000
"""Letters of a list of column names that are shown: what is no table may have a very long first line."""
LINES = 10
"""Lines among which that of the names is looked for where the first is none."""
ONE_CLASS = "object"
"""Class of all boxes where there is no column for it."""
NO_LABEL_COLUMN = (
    f" No column was found for the class, so all boxes are “{ONE_CLASS}”; name it with --columns label=..."
)
NAME_OF_CLASS = ("name", *LABEL)
"""Fields that name a class where one is given with its number."""
OTHERS = {
    "split": ("split", "subset", "set", "partition"),
    "image_width": IMAGE_WIDTH,
    "image_height": IMAGE_HEIGHT,
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
_AGAIN = "_duplicated_0"
"""What polars puts behind the second of a name in CSV."""
_SIDE = {
    "x1": re.compile(r"width|(?:^|[_.bx])w$|^(?:d|delta_?)x$"),
    "y1": re.compile(r"height|(?:^|[_.bx])h$|^(?:d|delta_?)y$"),
}
"""What columns are called that hold a width and a height where corners would stand."""
_JSON_BOX = re.compile(r"""\s*\[?\s*\{.*["'](?:x|left|xmin|bbox)["']\s*:""", re.DOTALL)
_MIDDLE = r"(?:mid(?:dle)?|cent(?:er|re|roid))"
_CENTRE = re.compile(rf"(?:^|[_.])(?:(?:[xy]_?{_MIDDLE}|{_MIDDLE}[_.]?[xy])(?:$|[_.])|(?:c_?[xy]|[xy]_?c)$)")


def resolve(
    names: Sequence[str], given: Mapping[str, str], path: Path, naming: Callable[[Sequence[str]], str]
) -> tuple[dict[str, str], bool]:
    """Which column is which, and whether the last two numbers are width and height.

    ``naming`` chooses among the columns that may name the image.

    Raises
    ------
    InputError
        Columns for the image or for the four numbers were neither named nor found.
    UsageError
        A column of centres was named for an edge.
    """
    _check_edges(given)
    lower = {_plain(name): name for name in reversed(names)}
    named = {name for key, name in given.items() if key not in CORNERS}  # a corner that is named is part of its layout
    free = {key: name for key, name in lower.items() if name not in named}
    layout = None if BBOX in given else layout_of(free)
    chosen: dict[str, str] = dict(given)
    wh = False
    if layout is not None and not set(CORNERS) <= given.keys():
        wh, found = layout
        chosen |= {key: free[name] for key, name in zip(CORNERS, found, strict=True) if key not in given}
    elif not set(CORNERS) <= given.keys() and BBOX not in given and (name := first_of(free, LISTS)) is not None:
        chosen[BBOX] = free[name]
    free = {key: name for key, name in free.items() if name not in chosen.values()}
    if _SIDE.keys() <= given.keys():
        wh = all(pattern.search(_plain(given[key])) for key, pattern in _SIDE.items())
    images = [chosen["image_id"]] if "image_id" in chosen else [free[name] for name in IMAGE if name in free]
    if images:
        chosen["image_id"] = naming(images)
    free = {key: name for key, name in free.items() if name != chosen.get("image_id")}
    for key, options in {"label": LABEL, **OTHERS}.items():
        if key not in chosen and (name := first_of(free, options)) is not None:
            chosen[key] = free.pop(name)
    _check(chosen, names, path)
    return chosen, wh


def left_over(names: Iterable[str], chosen: Mapping[str, str], given: Mapping[str, str]) -> str:
    """Sentences on columns that could have been chosen as well: others for the class, and others of the same name.

    ``names`` are those of the frame, in which polars numbers the second of a name; ``given`` are keys that were asked.
    A number beside the name of the class is the same class, and none that could be it as well.

    >>> left_over(["label", "category", "class_id"], {"label": "label"}, {})
    ' The class could also be category: name it with --columns label=...'
    """
    there = list(names)
    others = [name for name in there if _plain(name) in NAMES_OF_CLASSES and name not in chosen.values()]
    note = f" The class could also be {' or '.join(others)}: name it with --columns label=..."
    twice = [name for name in chosen.values() if f"{name}{_AGAIN}" in there]
    note = note if others and "label" in chosen and "label" not in given else ""
    return note + "".join(f" Several columns are called {name}: the first was read." for name in twice)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _check_edges(given: Mapping[str, str]) -> None:
    centres = [(key, given[key]) for key in CORNERS if key in given and _CENTRE.search(_plain(given[key]))]
    if centres:
        what = ", ".join(f"{name} looks like a centre, and {key} is an edge" for key, name in centres)
        hint = "Centres are not read: write left and top edges instead, or rename the columns if they hold these."
        raise UsageError(what, where="--columns", hint=hint)


def _check(chosen: Mapping[str, str], names: Sequence[str], path: Path) -> None:
    needed = ("image_id", BBOX) if BBOX in chosen else ("image_id", *CORNERS)
    missing = [key for key in needed if key not in chosen]
    if missing:
        there = ", ".join(names)
        there = there if len(there) <= LONGEST else f"{there[:LONGEST]} ..."
        what = f"no column was found for {', '.join(missing)} among: {there}"
        raise InputError(what, where=str(path), hint=_hint(missing, names, path))


def _hint(missing: Sequence[str], names: Sequence[str], path: Path) -> str:
    """What to do about columns that were not found."""
    if wrong := _not_names(path):
        return wrong
    if (packed := _packed(names, path)) and not set(missing).isdisjoint(CORNERS):
        return f"The column {packed} holds JSON, which is not looked into: export as COCO JSON, or a row for each box."
    centres = [name for name in names if _CENTRE.search(_plain(name))]
    if centres and not set(missing).isdisjoint(CORNERS):
        return f"{' and '.join(centres)} look like centres, which are not read: write left and top edges instead."
    return "Name them, for example --columns image_id=file,x0=xmin,y0=ymin,x1=xmax,y1=ymax,label=class."


def _not_names(path: Path) -> str:
    """What to do about a text whose first line holds no names; empty where it does."""
    if suffix_of(path.name) not in TEXTS:
        return ""
    if sum(map(_is_number, csv_header(path))) >= len(CORNERS):
        return "Its first line holds values. Put a line of names above it: image,xmin,ymin,xmax,ymax,label."
    if (line := _line_of_names(path)) > 1:
        return f"Its line {line} looks like the line of names: take out what stands above it."
    return ""


def _packed(names: Sequence[str], path: Path) -> str:
    """Column whose texts are JSON that speaks of boxes, as VIA and Label Studio write them; empty for none."""
    columns = zip(names, first_words(path, *([name] for name in names)), strict=True)
    return next((name for name, words in columns if any(map(_JSON_BOX.match, words))), "")


def meant_for_boxes(names: Sequence[str], path: Path) -> bool:
    """Whether a table without the columns of boxes was to have them: it is wrong then, not one of something else.

    It has three of the names of four edges, or centres with a width and height, or its first line holds values or a
    title. Centres alone are points, such as those of nuclei or gazes.
    """
    plain = {_plain(name) for name in names}
    some = any(len(plain.intersection(layout)) == len(CORNERS) - 1 for wh, layout in LAYOUTS if not wh)
    sided = all(any(map(side.search, plain)) for side in _SIDE.values())
    return some or (sided and any(map(_CENTRE.search, plain))) or bool(_not_names(path))


def _line_of_names(path: Path) -> int:
    """First of the lines, from 1, that has names of corners, as below a title or ``sep=;``; 0 for none."""
    lines = enumerate(csv_text(path).splitlines()[:LINES], 1)
    return next((number for number, line in lines if layout_of(line.split(separator(path, line)))), 0)


def _is_number(name: str) -> bool:
    return re.fullmatch(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*", name) is not None


def check_words(chosen: Mapping[str, str], schema: pl.Schema, path: Path) -> None:
    """Columns for the image, class, split and flags hold one value a row.

    Raises
    ------
    InputError
        One holds lists, or a flag more than one value.
    """
    for key in ("image_id", "label", "split", *FLAGS):
        kind = schema[chosen[key]] if key in chosen else pl.Null()
        if isinstance(kind, pl.List | pl.Array) or (key in FLAGS and kind.is_nested()):
            what = f"column {chosen[key]!r} holds several values a row (its type is {kind}), where one {key} is wanted"
            hint = f"Write a row for each box, or name another column with --columns {key}=..."
            raise InputError(what, where=str(path), hint=hint)


def layout_of(names: Sequence[str] | Mapping[str, str]) -> tuple[bool, tuple[str, str, str, str]] | None:
    """First of :data:`LAYOUTS` whose four numbers are all among the names."""
    lower = {name.strip().lower() for name in names}
    return next((layout for layout in LAYOUTS if lower.issuperset(layout[1])), None)


def field_of(names: Iterable[str], options: Sequence[str]) -> str | None:
    """Name, as it is spelled, that is the first option in upper or lower case.

    >>> field_of(["Name", "IsCrowd"], ("crowd", "iscrowd"))
    'IsCrowd'
    """
    lower = {name.strip().lower(): name for name in reversed([*names])}
    return next((lower[name] for name in options if name in lower), None)


def first_of(names: Sequence[str] | Mapping[str, str], options: Sequence[str]) -> str | None:
    """First option that is among the names, in lower case."""
    lower = {name.strip().lower() for name in names}
    return next((name for name in options if name in lower), None)
