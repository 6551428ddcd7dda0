"""One VOC document as a tree, whatever its layout: slower than voc_plain, and it says what is wrong."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from biasscope.boxes.assemble import Raw, size_number
from biasscope.boxes.readers.voc_plain import TRUE
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.xmlsafe import RefusedXmlError, parse

_TRUE = frozenset(TRUE)


def add(raw: Raw, name: str, data: bytes, split: str | None, log: RowLog) -> None:
    """Take the image and the objects of a document; what cannot be read goes to the log."""
    root = _root(name, data, log)
    if root is None:
        return
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


def _root(name: str, data: bytes, log: RowLog) -> Element | None:
    try:
        root = parse(data)
    except RefusedXmlError as error:
        log.add("refused XML", name, str(error))
    except (ParseError, ValueError, LookupError) as error:
        log.add("unreadable XML", name, str(error) if data else "the file is empty")
    else:
        if root.tag == "annotation":
            return root
        log.add("not a VOC annotation", name, f"the root element is <{root.tag[:80]}>")
    return None


def _object(raw: Raw, element: Element, image: int, row: int, name: str, log: RowLog) -> None:
    label, box = None, None
    truncated = occluded = difficult = False
    for child in element:
        tag = child.tag
        if tag == "bndbox":
            box = child
        elif tag == "name":
            label = child.text
        elif tag == "truncated":
            truncated = child.text in _TRUE
        elif tag == "difficult":
            difficult = child.text in _TRUE
        elif tag == "occluded":
            occluded = child.text in _TRUE
    try:
        x0, y0, x1, y1 = _corners(box)
    except (KeyError, TypeError) as missing:
        return log.add("object without a box", f"{name}:{row}", f"a corner or <bndbox> is missing ({missing})")
    except ValueError as error:
        return log.add("coordinate is not a number", f"{name}:{row}", str(error))
    label = label.strip() or None if label else None
    raw.boxes.append((image, label, x0, y0, x1, y1, False, truncated, occluded, difficult, row))
    return None


def _corners(box: Element | None) -> tuple[float, float, float, float]:
    if box is None:
        raise KeyError("bndbox")
    sides = {side.tag: side.text for side in box}
    return float(sides["xmin"]), float(sides["ymin"]), float(sides["xmax"]), float(sides["ymax"])  # type: ignore[arg-type]
