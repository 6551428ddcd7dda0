"""XML from untrusted files: document types, and with them entities, are refused; depth does not matter."""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NoReturn
from xml.parsers import expat

CHUNK = 1 << 20
_ENCODING = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][\w.-]*)["'][^>]*\?>""")
_OF_EXPAT = ("utf-8", "utf-16", "iso-8859-1", "us-ascii")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\0<", b"<\0")


class RefusedXmlError(ValueError):
    """The document declares a document type."""

    def __init__(self) -> None:
        super().__init__(
            "declares a document type (DOCTYPE), which is refused: entities can hide bombs and other files"
        )


class _Refusing(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise RefusedXmlError


def parse(data: bytes) -> ElementTree.Element:
    """Root element of a document, also of one in an encoding that expat does not know (GBK, Shift JIS, ...).

    Raises
    ------
    RefusedXmlError
        There is a document type declaration, so there may be entities.
    xml.etree.ElementTree.ParseError
        The document is not well-formed.
    ValueError, LookupError
        It is not in the encoding that it declares, or there is none of that name.

    Examples
    --------
    >>> parse(b"<a><b/></a>").tag
    'a'
    >>> parse('<?xml version="1.0" encoding="gbk"?><name>\u732b</name>'.encode("gbk")).text
    '猫'
    """
    decoder = _decoder(data)
    # Encodings that do not keep ASCII as it is, where the search below would not see the declaration, are UTF-16 only.
    if decoder is None and b"<!DOCTYPE" not in data and not data.startswith(_UTF16):
        return ElementTree.fromstring(data)  # noqa: S314
    parser = ElementTree.XMLParser(target=_Refusing())  # noqa: S314
    parser.feed(data if decoder is None else decoder.decode(data, True))
    root: ElementTree.Element = parser.close()
    return root


def stream(
    pieces: Iterable[bytes],
    start: Callable[[str, dict[str, str]], Any],
    end: Callable[[str], Any],
    text: Callable[[str], Any] | None = None,
) -> None:
    """Call back for elements of a document of any size in constant memory.

    Raises
    ------
    RefusedXmlError
        There is a document type declaration.
    xml.parsers.expat.ExpatError
        The document is not well-formed.
    ValueError, LookupError
        It is not in the encoding that it declares, or there is none of that name.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse
    if text is not None:
        parser.CharacterDataHandler = text
    left = iter(pieces)
    first = next(left, b"")
    decoder = _decoder(first)
    for piece in chain([first], left):
        parser.Parse(piece if decoder is None else decoder.decode(piece), False)
    parser.Parse(b"" if decoder is None else decoder.decode(b"", True), True)


def _decoder(begin: bytes) -> codecs.IncrementalDecoder | None:
    """What makes text of a document whose declared encoding expat does not know by itself."""
    if begin.startswith(_UTF16[2:]):  # of no byte order mark, which may be declared by its own name
        return codecs.getincrementaldecoder("utf-16-be" if begin.startswith(b"\0") else "utf-16-le")()
    declared = _ENCODING.match(begin)
    name = "utf-8" if declared is None else declared[1].decode().lower()
    if name in _OF_EXPAT:
        return None
    b" ".decode(name)  # fails for what is no encoding of texts, such as zlib
    return codecs.getincrementaldecoder(name)()


def _refuse(*_: object) -> NoReturn:
    raise RefusedXmlError
