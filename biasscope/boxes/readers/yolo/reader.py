"""YOLO text files: one file an image, one row an object: class, then centre and size as fractions of the image.

Convention
----------
``class x y width height`` with the centre in ``x, y``; edges as fractions of the frame. A row with more numbers is a
polygon, whose box is taken. Class names come from the data yaml or from ``obj.names``. Image sizes come from the
images (``images`` beside ``labels``, the label's own folder, or ``--images``) or a size table; where a size is unknown,
boxes stay fractions of a 1 x 1 frame. An empty file is an image without objects.
"""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import polars as pl

from biasscope.boxes.assemble import Raw, finish
from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import choose_corners, from_centre
from biasscope.boxes.files.cache import Parsed, cached
from biasscope.boxes.files.listing import Files, Listing, contents
from biasscope.boxes.files.names import IMAGE_SUFFIXES, suffix_of, unique_ids
from biasscope.boxes.files.pointers import POINTER, PULL, REASON
from biasscope.boxes.readers.yolo.data import Entry, NamedImages, image_beside, named_entries
from biasscope.boxes.readers.yolo.names import (
    YAML,
    Classes,
    classes_of,
    is_label_file,
    is_list,
    label_files,
    split_lists,
)
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import APART
from biasscope.boxes.sizes.lookup import fill_beside, from_files, placed
from biasscope.boxes.sizes.unsized import missing_sizes, places_of_sizes
from biasscope.boxes.source import Request
from biasscope.core.words import first_few

NAME = "yolo"
ROOTED = (*YAML, ".data", ".names")
"""Files that stand for the folder they are in."""
SHOWN = 4
"""Lists of splits that a note names."""
Corners = tuple[float, float, float, float]


def detect(request: Request) -> bool:
    """Text files whose rows are a class number and four or more numbers."""
    texts = request.of(".txt")
    if request.path.is_file():
        return request.path.suffix.lower() != ".txt" or is_label_file(request.path)
    full = (found for found in texts if os.path.getsize(found.path))  # noqa: PTH202 (they may be many)
    return any(is_label_file(Path(found.path)) for found in islice(full, 50))


def read(request: Request) -> BoxTable:
    """Boxes of YOLO label files; see the module for the convention.

    The path is a folder (of a dataset or of labels: all label files under it), one label file, or the data yaml of a
    dataset: what it names is read (:mod:`biasscope.boxes.readers.yolo.data`), or its folder when it names nothing.
    """
    convention = choose_corners(request.convention, "fraction", "YOLO")
    classes = classes_of(request)
    named, alone = named_entries(request), request.path.is_file()
    given, request = request, _rooted(request)
    if named is None and request is not given:
        request.list_broken(name for name in request.broken if suffix_of(name) in ("", ".txt"))
    entries, notes = named if named is not None else (_listed(request), [])
    labels = Listing.of(entry.label for entry in entries if entry.label is not None)
    beside = request if named is not None else _with_images(request)
    whole, request = request, replace(request, only=labels)
    mark = f"{NAME}\0{classes}" if named is None else f"{NAME}\0{classes}\0{[(one.name, one.split) for one in entries]}"
    lists = named is None and not alone
    parsed = cached(request, mark, lambda log: _parse(entries, classes, log, lists=lists))
    if lists and all(entry.split is None for entry in entries):
        notes = _unused(split_lists(whole, {*parsed.images["file"]}), whole)
    images = fill_beside(parsed.images, beside)
    if alone and request.images is None and request.sizes is None:
        files = NamedImages(list(zip(images["image_id"], entries, strict=True)))
        images = from_files(images, files, request.log)
    boxes, listed = finish(images, parsed.boxes, convention=convention, fraction=True, log=request.log)
    return BoxTable(
        boxes,
        listed,
        format=NAME,
        convention=convention,
        files=Files(_read_of(labels, parsed.images)),
        log=request.log,
        notes=(*notes, *_notes(classes, images, parsed.boxes, request, beside)),
        apart=images.lazy().select(pl.col("file").str.head(-4).alias(APART)),
    )


def _unused(lists: list[str], request: Request) -> list[str]:
    """Note on lists of images that say splits, where nothing that was read does."""
    if not lists:
        return []
    give = "give the data yaml that names them as the path"
    if request.suffixes.keys().isdisjoint(YAML):
        give = "write a data yaml that names them, as in “train: train.txt”, and give it as the path"
    return [f"The splits of {first_few(lists, SHOWN)} were not read: {give}."]


def _notes(classes: Classes, images: pl.DataFrame, boxes: pl.DataFrame, request: Request, beside: Request) -> list[str]:
    """Where the names of classes are from, and for how many images with boxes no size was found.

    ``beside`` says where pictures were looked for that were not named.
    """
    otherwise = f"; {', '.join(classes.others)} names some of them otherwise" if classes.others else ""
    found = f"Class names are from {classes.origin}{otherwise}."
    names = found if classes.origin else "No class names were found: classes are numbers."
    boxed = images[boxes["image"].unique(maintain_order=True)]
    unsized = boxed.filter(boxed["image_width"].is_null())
    unknown = unsized.height
    if not unknown:
        return [names]
    what = "its size" if unknown == 1 else "their sizes"
    looked, advice = placed(unsized).lazy(), ""
    if beside.images is not None and request.images is None:
        advice = f"{missing_sizes({'the folder of pictures': beside.images}, looked)}; "
    advice += missing_sizes(places_of_sizes(request.images, request.sizes), looked)
    return [
        names,
        f"Of {images.height} images {unknown} have boxes in fractions of a 1 x 1 frame, because {what} could not "
        f"be found; {advice}.",
    ]


def parse_row(line: str, keypoints: int = 0) -> tuple[int, Corners]:
    """Class and corners (fractions) of one row; so many numbers behind a box are keypoints.

    Raises
    ------
    ValueError
        It is neither a box nor a polygon.

    Examples
    --------
    >>> parse_row("3 0.5 0.5 0.5 1.0")
    (3, (0.25, 0.0, 0.75, 1.0))
    >>> parse_row("3 0 0 1 0 1 0.5")
    (3, (0.0, 0.0, 1.0, 0.5))
    >>> parse_row("3 0.5 0.5 0.5 1.0 0.1 0.2 0.3 0.4", keypoints=4)
    (3, (0.25, 0.0, 0.75, 1.0))
    """
    first, *words = line.split()
    numbers = [float(word) for word in words]
    label = int(first) if first.isdecimal() else _whole(first)
    if len(numbers) in (4, 4 + keypoints):
        return label, from_centre(*numbers[:4])
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError(f"{len(numbers)} numbers follow the class; a box has 4, a polygon an even number from 6")
    across, down = numbers[::2], numbers[1::2]
    return label, (min(across), min(down), max(across), max(down))


def _whole(first: str) -> int:
    number = float(first)
    if not number.is_integer():
        raise ValueError(f"a row begins with the number of a class, and {first} is no whole number")
    return int(number)


def _listed(request: Request) -> list[Entry]:
    """Label files under the path, with the splits that their folders speak of."""
    splits: dict[str, str | None] = {}
    image = image_beside(request.path) if request.path.is_file() else None
    entries = []
    for one in label_files(request):
        folder = one.name.rpartition("/")[0]
        if folder not in splits:
            splits[folder] = request.split_of(folder + "/x", stem=False)
        entries.append(Entry(one, image, splits[folder], one.name))
    return entries


def _read_of(labels: Listing, images: pl.DataFrame) -> Listing:
    """Label files that are those of images; the others are lists of images."""
    if images.height >= len(labels):
        return labels
    known = {*images["file"]}
    return Listing.of(found for found in labels if found.name in known)


def _parse(entries: list[Entry], classes: Classes, log: RowLog, *, lists: bool) -> Parsed:
    """Images and boxes; with ``lists``, some of the files may be lists of images."""
    raw = Raw()
    ids = unique_ids([one.name[:-4] for one in entries])
    found = contents([one.label.path for one in entries if one.label is not None])
    for image_id, one in zip(ids, entries, strict=True):
        text = "" if one.label is None else _text(next(found), one.name, log)
        if lists and is_list(one.name, text):
            continue
        raw.images.append((image_id, one.split, None, None, one.name, None))
        _rows(raw, len(raw.images) - 1, text, one.name, classes, log)
    return Parsed(*raw.frames())


def _text(data: bytes, name: str, log: RowLog) -> str:
    """Content of a label file as text; nothing, and a bad row, where it is none."""
    if data.startswith(POINTER):
        log.add(REASON, name, PULL)
        return ""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        log.add("not UTF-8", name, str(error))
        return ""


def _rows(raw: Raw, image: int, text: str, name: str, classes: Classes, log: RowLog) -> None:
    for row, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            label, corners = parse_row(line, classes.keypoints)
        except (ValueError, OverflowError) as error:
            log.add("not a YOLO row", f"{name}:{row}", f"{error}: {line[:100]}")
            continue
        if classes.names and label not in classes.names:
            log.add("unknown class", f"{name}:{row}", f"class {label}")
            continue
        raw.boxes.append(
            (image, classes.names.get(label, str(label)) or None, *corners, False, False, False, False, row)
        )


def _rooted(request: Request) -> Request:
    """Return the request for the folder a data yaml or ``obj.data`` stands in; others as they are."""
    if request.path.is_file() and request.path.suffix.lower() in ROOTED:
        return replace(request, path=request.path.parent)
    return request


def _with_images(request: Request) -> Request:
    """Where to look for images when nothing was said: beside the labels."""
    if request.images is not None or request.sizes is not None:
        return request
    root = request.path if request.path.is_dir() else request.path.parent
    if any(suffix in IMAGE_SUFFIXES for suffix in request.suffixes):
        return replace(request, images=root)
    parts = list(root.resolve().parts)
    if "labels" in parts:
        place = len(parts) - 1 - parts[::-1].index("labels")
        beside = Path(*parts[:place], "images", *parts[place + 1 :])
        if os.path.isdir(beside):  # noqa: PTH112
            return replace(request, images=beside)
    return request
