"""A JSON object with large arrays read in blocks, so that memory does not grow with the file.

How a block is cut
------------------
Inside an array of objects a block is cut after a ``}`` and ``[`` + piece + ``]`` is decoded. JSON is deterministic:
from the beginning of an element there is one way to read on, so a piece that decodes as an array of complete elements
was cut between two elements, wherever the guess came from. A cut that was wrong (inside a nested object or a text) does
not decode; then the block is walked element by element, which finds the right place, and a bad element on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from biasscope.boxes.documents.jsonbuffer import Incomplete, Window

_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_BETWEEN = re.compile(rb"\}\s*,\s*\{")
REACH = (1 << 12, 1 << 16)
"""Bytes before a block's end in which its last whole element is looked for: first few, for elements that are short."""

T = TypeVar("T")


class BadElement(msgspec.Struct):
    """An element that does not conform: its number in the array (from 1), what is wrong, and its value."""

    index: int
    detail: str
    value: Any = None


def keys(window: Window) -> Iterator[str]:
    """Top-level keys of an object in the order of the file; the caller takes each value before asking for the next."""
    window.take(b"{")
    if window.peek() == b"}":
        goes_on(window)
    else:
        yield from further_keys(window)


def further_keys(window: Window) -> Iterator[str]:
    """The same from behind a comma on."""
    while True:
        if window.peek() != b'"':
            raise window.error("a key was expected")
        key = window.value()
        window.take(b":")
        yield str(key)
        if not goes_on(window):
            return


def goes_on(window: Window) -> bool:
    """Whether another key follows a value of the object; it does not when the object ends, and with it the file."""
    if window.take(b",", b"}") == b",":
        return True
    window.end()
    return False


def elements(window: Window, kind: type[T]) -> Iterator[list[T] | BadElement]:
    """Elements of an array of objects, decoded to ``kind`` some thousands at a time; bad elements apart."""
    if window.peek() not in (b"[", b""):
        raise window.error("no list begins here", hint="Images and annotations are lists of objects, if empty ones.")
    window.take(b"[")
    if window.peek() == b"]":
        window.at += 1
        return
    array = _Array(window, kind)
    while True:
        yield from array.block()
        if window.take(b",", b"]") == b"]":
            return


class _Array(Generic[T]):
    def __init__(self, window: Window, kind: type[T]) -> None:
        self.window, self.kind = window, kind
        self.decoder: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self.seen = 0

    def block(self) -> Iterator[list[T] | BadElement]:
        window = self.window
        if len(window.data) - window.at < window.block // 2:
            window.grow()
        made = self.whole()
        if made is None:
            yield from self.one_by_one()
        else:
            self.seen += len(made)
            yield made

    def whole(self) -> list[T] | None:
        """Decode up to a guessed cut; ``None`` when the guess was wrong or an element is bad."""
        data, start = self.window.data, self.window.at
        cut = _guess(data, start)
        for _ in range(2):
            if cut <= start:
                return None
            try:
                made = self.decoder.decode(b"".join((b"[", memoryview(data)[start:cut], b"]")))
            except (msgspec.ValidationError, RecursionError):  # of what is nested deeply, also where it is passed over
                return None
            except msgspec.DecodeError as error:
                # The array ended inside the piece, just before the place msgspec names.
                found = _TRAILING.search(str(error))
                cut = data.rfind(b"]", start, start + int(found[1]) - 1) if found else start
            else:
                self.window.at = cut
                return made
        return None

    def one_by_one(self) -> Iterator[list[T] | BadElement]:
        """Walk the elements of the window up to its last complete one, or to the end of the array."""
        window = self.window
        while not (found := self.walk()):
            if not window.grow():
                raise window.error("the file ends in the middle of an array: it is cut off")
        good: list[T] = []
        for index, value in found:
            try:
                good.append(msgspec.convert(value, self.kind))
            except (msgspec.ValidationError, OverflowError, RecursionError) as error:
                yield good
                good = []
                yield BadElement(index, str(error), value)
        yield good

    def walk(self) -> list[tuple[int, Any]]:
        """Values of all complete elements in the window; the window moves behind the last of them."""
        window, found, end = self.window, [], 0
        text = window.text()
        begin = _skip(text, 0)
        while begin < len(text):
            try:
                value, end = window.decode(text, begin)
            except Incomplete:
                break
            self.seen += 1
            found.append((self.seen, value))
            comma = _skip(text, end)
            if comma >= len(text) or text[comma] != ",":
                break
            begin = _skip(text, comma + 1)
        window.at += len(text[:end].encode())
        return found


def _guess(data: bytes, start: int) -> int:
    """End of the last element that another one seems to follow; else the last closing brace."""
    for reach in REACH:
        ends = [match.start() + 1 for match in _BETWEEN.finditer(data, max(start, len(data) - reach))]
        if ends:
            return ends[-1]
    return data.rfind(b"}", start) + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
