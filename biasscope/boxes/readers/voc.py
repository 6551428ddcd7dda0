"""ImageNet and PASCAL VOC annotations: one XML file an image, in a folder or inside a tar archive.

Convention
----------
Corners are the first and the last pixel of the object, counted from 1 in PASCAL VOC and from 0 in files whose
``<database>`` begins with ILSVRC (the official readme of neither says so for ImageNet: its values run from 0 to
``width - 1``). Decimal coordinates are taken as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError  # noqa: S405 (parsed in xmlsafe only)

from biasscope.boxes.archive import is_archive, members
from biasscope.boxes.assemble import Raw, finish, size_number
from biasscope.boxes.cache import Parsed, cached
from biasscope.boxes.convention import choose_corners
from biasscope.boxes.schema import BoxTable, RowLog
from biasscope.boxes.sizes import fill_sizes
from biasscope.boxes.source import Found, Request, head, unique_ids
from biasscope.boxes.xmlsafe import RefusedXmlError, parse
from biasscope.core.errors import InputError

NAME = "voc"
_TRUE = frozenset({"1", "1.0", "true", "yes"})
_NOT_VOC = frozenset({"annotations"})


def detect(request: Request) -> bool:
    """XML files whose root is ``<annotation>``, or an archive that has XML files near its beginning."""
    if request.path.is_file() and is_archive(request.path):
        return any(name.lower().endswith(".xml") for name, _ in members(request.path, RowLog(), ".xml", most=1))
    first = next((found for found in request.files if found.suffix == ".xml"), None)
    return first is not None and b"<annotation>" in head(first.path, 4096).replace(b"<annotations>", b"")


def read(request: Request) -> BoxTable:
    """Boxes of VOC files; see the module for the convention.

    An object without a readable ``<bndbox>`` and a file that is not well-formed, is no VOC annotation or declares a
    document type are bad rows. Parts of an object (``<part>``) are not objects.
    """
    asked = choose_corners(request.convention, "inclusive1", "VOC XML") if request.convention != "auto" else "auto"
    parsed = cached(request, NAME, lambda log: _parse(request, log))
    images = fill_sizes(parsed.images, request)
    found = sorted(set(images["convention"].drop_nulls().unique().to_list())) or ["inclusive1"]
    if asked != "auto":
        images = images.with_columns(convention=None)
    convention = asked if asked != "auto" else found[0]
    boxes, listed = finish(images, parsed.boxes, convention=convention, fraction=False, log=request.log)
    return BoxTable(
        boxes,
        listed,
        format=NAME,
        convention=asked if asked != "auto" else ", ".join(found),
        files=tuple(Path(found.path) for found in request.files if found.suffix == ".xml" or is_archive(found.path)),
        log=request.log,
        notes=_notes(asked, found),
    )


def _notes(asked: str, found: list[str]) -> tuple[str, ...]:
    if asked != "auto":
        return ()
    meaning = {
        "inclusive0": "Corners of ILSVRC files were read as first and last pixel, counted from 0 (inclusive0).",
        "inclusive1": "Corners of VOC files were read as first and last pixel, counted from 1 (inclusive1).",
    }
    return tuple(meaning[name] for name in found)


def _parse(request: Request, log: RowLog) -> Parsed:
    raw = Raw()
    splits: dict[str, str | None] = {}
    for name, data in _documents(request, log):
        folder = name.rpartition("/")[0]
        if folder not in splits:
            splits[folder] = request.split_of(folder + "/x", stem=False)
        _add(raw, name, data, splits[folder], log)
    ids = unique_ids([name.rpartition("!")[2][:-4] for _, _, _, _, name, _ in raw.images])
    raw.images = [(image_id, *rest) for image_id, (_, *rest) in zip(ids, raw.images, strict=True)]  # type: ignore[misc]
    return Parsed(*raw.frames())


def _documents(request: Request, log: RowLog) -> Iterator[tuple[str, bytes]]:
    archives = [found for found in request.files if is_archive(found.path)]
    for found in archives:
        for name, data in members(Path(found.path), log, ".xml"):
            yield f"{found.name}!{name}", data
    yield from _contents(found for found in request.files if found.suffix == ".xml")


def _contents(files: Iterable[Found]) -> Iterator[tuple[str, bytes]]:
    # os.open and os.read spare the several calls that an io object costs: the opens are most of the time.
    for found in files:
        try:
            descriptor = os.open(found.path, os.O_RDONLY)
            try:
                data = os.read(descriptor, 1 << 16)
                while len(data) % (1 << 16) == 0 and (more := os.read(descriptor, 1 << 24)):
                    data += more
            finally:
                os.close(descriptor)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror or error})", where=found.path) from error
        yield found.name, data


def _add(raw: Raw, name: str, data: bytes, split: str | None, log: RowLog) -> None:
    try:
        root = parse(data)
    except RefusedXmlError as error:
        return log.add("refused XML", name, str(error))
    except (ParseError, ValueError, LookupError) as error:
        return log.add("unreadable XML", name, str(error) if data else "the file is empty")
    if root.tag != "annotation":
        return log.add("not a VOC annotation", name, f"the root element is <{root.tag[:80]}>")
    width = height = database = None
    row, index = 0, len(raw.images)
    for child in root:
        tag = child.tag
        if tag == "object":
            row += 1
            _object(raw, child, index, row, name, log)
        elif tag == "size":
            sides = {side.tag: side.text for side in child}
            width, height = size_number(sides.get("width")), size_number(sides.get("height"))
        elif tag == "source":
            database = child.findtext("database")
    convention = "inclusive0" if database is not None and database.strip().startswith("ILSVRC") else "inclusive1"
    raw.images.append(("", split, width, height, name, convention))
    return None


def _object(raw: Raw, element: Element, image: int, row: int, name: str, log: RowLog) -> None:
    label, corners = None, None
    flags = dict.fromkeys(("truncated", "occluded", "difficult"), False)
    for child in element:
        tag = child.tag
        if tag == "bndbox":
            corners = {side.tag: side.text for side in child}
        elif tag == "name":
            label = child.text
        elif tag in flags:
            flags[tag] = child.text in _TRUE
    try:
        if corners is None:
            raise KeyError("bndbox")
        x0, y0, x1, y1 = (float(corners[side] or "") for side in ("xmin", "ymin", "xmax", "ymax"))
    except KeyError as missing:
        return log.add("object without a box", f"{name}:{row}", f"<{missing.args[0]}> is missing")
    except ValueError as error:
        return log.add("coordinate is not a number", f"{name}:{row}", str(error))
    raw.boxes.append(
        (image, label.strip() or None if label else None, x0, y0, x1, y1, False, *flags.values(), row)  # type: ignore[arg-type]
    )
    return None
