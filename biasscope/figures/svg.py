"""Figure to inline SVG: stable bytes, no ids in common with other figures, no style attributes, colours as variables.

A strict content security policy forbids style attributes, so they become presentation attributes. Text stays text in
the font of the page, so that it can be read aloud, searched and copied in any script.
"""

from __future__ import annotations

import io
import re
import warnings
from xml.etree import ElementTree as ET

from matplotlib.figure import Figure

from biasscope.figures.style import VARIABLES, house

SCALE = 1.45
"""Pixels of the page for a point of the figure, as long as there is room: all figures have letters of one size."""

_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LONG = re.compile(r"-?\d+\.\d{3,}(?![\d.e])")
_FONT = re.compile(r"(?:(\d+) )?([\d.]+)px")
_LEFT_TO_PAGE = {"font-family", "image-rendering"}
_UNTURNED = re.compile(r"rotate\(-?0 [^)]*\)")
_DROPPED = {"metadata", "style", "title"}
_DEFAULTS = {("stroke-linecap", "butt"), ("opacity", "1"), ("stroke-opacity", "1"), ("fill-opacity", "1")}


def svg(figure: Figure, prefix: str, title: str, description: str) -> str:
    """Draw a figure as an SVG element for a page.

    Parameters
    ----------
    figure
        What to draw.
    prefix
        Put before every id; unique in the page.
    title, description
        What screen readers say.
    """
    root = ET.fromstring(_draw(figure))  # noqa: S314  (read is only what matplotlib has just written)
    for element in root.iter():
        _plain(element, prefix)
    _trim(root, set(re.findall(r"#([\w-]+)", ET.tostring(root, "unicode"))))
    return ET.tostring(_named(root, prefix, title, description), "unicode")


def _draw(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with house(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        warnings.filterwarnings("ignore", "Matplotlib currently does not support")
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}, dpi=144
        )
    return buffer.getvalue()


def _plain(element: ET.Element, prefix: str) -> None:
    element.tag = element.tag.rpartition("}")[2]
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    style = attributes.pop("style", "")
    attributes.update(pair for rule in style.split(";") if ":" in rule for pair in _rule(*rule.split(":", 1)))
    element.attrib.clear()
    if _UNTURNED.fullmatch(attributes.get("transform", "")):
        del attributes["transform"]
    for key, value in attributes.items():
        element.set(key, _local(key, value, prefix))


def _rule(name: str, value: str) -> list[tuple[str, str]]:
    name, value = name.strip(), value.strip()
    if name == "font" and (found := _FONT.search(value)):
        return [("font-size", found[2])] + ([("font-weight", found[1])] if found[1] else [])
    return [] if (name, value) in _DEFAULTS or name in _LEFT_TO_PAGE else [(name, value)]


def _local(key: str, value: str, prefix: str) -> str:
    if key == "id":
        return prefix + value
    if key == "href" and value.startswith("#"):
        return f"#{prefix}{value[1:]}"
    if value in VARIABLES:
        return f"var({VARIABLES[value]})"
    if key in ("d", "x", "y") or (key == "transform" and value.startswith(("translate", "rotate"))):
        return _brief(value)
    return _REFERENCE.sub(rf"url(#{prefix}\1)", value)


def _brief(value: str) -> str:
    r"""Places to a hundredth of a point, which no screen shows, and in half the bytes.

    >>> _brief("M 12.345678 -0.001 \nL 7.5 1.25e-05")
    'M 12.35 0 L 7.5 1.25e-05'
    """
    return _LONG.sub(lambda found: f"{round(float(found[0]), 2) + 0.0:g}", " ".join(value.split()))


def _trim(element: ET.Element, used: set[str]) -> None:
    for child in list(element):
        if child.tag in _DROPPED or (child.tag in ("g", "defs") and not len(child) and not child.get("id")):
            element.remove(child)
        else:
            _trim(child, used)
    if element.get("id") not in used:
        element.attrib.pop("id", None)
    element.tail = None
    if element.tag != "text":
        element.text = None


def _named(root: ET.Element, prefix: str, title: str, description: str) -> ET.Element:
    size = root.get("viewBox", "0 0 1 1").split()
    width, height = (f"{float(side) * SCALE:.0f}" for side in size[2:])
    named = ET.Element("svg", {"viewBox": " ".join(size), "width": width, "height": height, "role": "img"})
    named.set("aria-labelledby", f"{prefix}t {prefix}d")
    for tag, text in (("title", title), ("desc", description)):
        ET.SubElement(named, tag, {"id": f"{prefix}{tag[0]}"}).text = text
    named.set("stroke-linejoin", "round")
    named.extend(root)
    return named
