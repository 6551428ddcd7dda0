"""One VOC document as a tree, whatever its layout: slower than voc_plain, and it says what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, ParseError

from biasscope.boxes.assemble import Raw, size_number
from biasscope.boxes.documents.xmlsafe import RefusedXmlError, parse
from biasscope.boxes.files.pointers import POINTER, PULL, REASON
from biasscope.boxes.readers.voc.plain import TRUE
from biasscope.boxes.rowlog import RowLog

_TRUE = frozenset(TRUE)
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_ONCE = frozenset({"source", "database", "size", "width", "height", "name", "bndbox", *_CORNERS})
"""Elements that there is one of; of others that are read, flags, the last counts."""
TWICE = "element given twice"


def add(raw: Raw, name: str, data: bytes, split: str | None, log: RowLog) -> None:
    """Take the image and the objects of a document; what cannot be read goes to the log."""
    root = _root(name, data, log)
    if root is None:
        return
    index = len(raw.images)
    for row, element in enumerate(root.iterfind("object"), 1):
        _object(raw, element, index, row, name, log)
    inside = _children(root, name, log)
    size, source = (_children(inside.get(tag, ()), name, log) for tag in ("size", "source"))
    width, height = (size_number(_text(size, side)) for side in ("width", "height"))
    convention = "inclusive0" if (_text(source, "database") or "").strip().startswith("ILSVRC") else "inclusive1"
    raw.images.append(("", split, width, height, name, convention))


def _root(name: str, data: bytes, log: RowLog) -> Element | None:
    try:
        root = parse(data)
    except RefusedXmlError as error:
        log.add("refused XML", name, str(error))
    except (ParseError, ValueError, LookupError) as error:
        if data.startswith(POINTER):
            log.add(REASON, name, PULL)
            return None
        log.add("unreadable XML", name, str(error) if data else "the file is empty")
    else:
        if root.tag == "annotation":
            return root
        log.add("not a VOC annotation", name, f"the root element is <{root.tag[:80]}>")
    return None


def _object(raw: Raw, element: Element, image: int, row: int, name: str, log: RowLog) -> None:
    where = f"{name}:{row}"
    inside = _children(element, where, log)
    truncated, occluded, difficult = (_text(inside, flag) in _TRUE for flag in ("truncated", "occluded", "difficult"))
    try:
        sides = _children(inside["bndbox"], where, log)
        x0, y0, x1, y1 = (float(sides[corner].text) for corner in _CORNERS)  # type: ignore[arg-type]
    except (KeyError, TypeError) as missing:
        which = missing if isinstance(missing, KeyError) else "a corner is empty"
        return log.add("object without a box", where, f"a corner or <bndbox> is missing ({which})")
    except ValueError as error:
        return log.add("coordinate is not a number", where, str(error))
    label = (_text(inside, "name") or "").strip() or None
    raw.boxes.append((image, label, x0, y0, x1, y1, False, truncated, occluded, difficult, row))
    return None


def _children(element: Iterable[Element], where: str, log: RowLog) -> dict[str, Element]:
    """Elements inside, by their tags. One that there has to be one of and that says something else goes to the log."""
    found = dict[str, Element]()
    for child in element:
        tag = child.tag
        if tag not in _ONCE or tag not in found or not _said(found[tag]):
            found[tag] = child
        elif (said := _said(child)) and said != _said(found[tag]):
            log.add(TWICE, where, f"<{tag}> again, as {said[:200]}; the first one counts")
    return found


def _said(element: Element) -> str:
    """Texts of an element and of all inside."""
    return " ".join(" ".join(element.itertext()).split())


def _text(inside: Mapping[str, Element], tag: str) -> str | None:
    return inside[tag].text if tag in inside else None
