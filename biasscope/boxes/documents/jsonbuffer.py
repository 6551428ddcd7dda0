"""A window that moves over a JSON file and grows when a value does not fit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, BinaryIO

from biasscope.core.errors import InputError

BLOCK = 1 << 19
"""Bytes read at once. Larger blocks are slower, as their elements leave the processor's cache."""
LARGEST_VALUE = 1 << 30
_SPACE = b" \t\r\n"
_DECODER = json.JSONDecoder()
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
BROKEN = "\ufffd"
"""Stands where a text has half of a character (a lone surrogate), which cannot be written anywhere."""


class Incomplete(Exception):  # noqa: N818 (not an error: more has to be read)
    """The window ends in the middle of a value."""


class Window:
    """Bytes of a file from a moving position on.

    Attributes
    ----------
    data, at
        Bytes at hand, and the position in them.
    offset
        Byte of the file at which ``data`` begins.
    """

    def __init__(self, file: BinaryIO, name: str, block: int = BLOCK) -> None:
        self.name, self.block = name, block
        self.offset, self.data, self.at = file.tell(), b"", 0
        self._file = file

    def peek(self) -> bytes:
        """Next byte that is not white space, without taking it.

        Raises
        ------
        InputError
            There is none: the file is cut off.
        """
        if not (found := self._next()):
            raise self.error("the file ends too early: it is cut off")
        return found

    def end(self) -> None:
        """Make sure that nothing but white space follows."""
        if self._next():
            raise self.error("the document goes on after its end")

    def _next(self) -> bytes:
        """Next byte that is not white space, without taking it; empty at the end of the file."""
        while True:
            while self.at < len(self.data) and self.data[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.data) or not self.grow():
                return self.data[self.at : self.at + 1]

    def take(self, *wanted: bytes) -> bytes:
        """Take the next byte that is not white space; it must be one of those wanted."""
        found = self.peek()
        if found not in wanted:
            raise self.error(f"{' or '.join(repr(one.decode()) for one in wanted)} was expected")
        self.at += 1
        return found

    def grow(self) -> bool:
        """Drop what was taken and read on, at least doubling what is left; false at the end of the file."""
        rest = self.data[self.at :]
        if len(rest) > LARGEST_VALUE:
            raise self.error("a single value is larger than 1 GB")
        more = self._file.read(max(self.block, len(rest)))
        self.offset += self.at
        self.data, self.at = rest + more, 0
        return bool(more)

    def value(self) -> Any:
        """Take any value as a whole."""
        self.peek()
        while True:
            text = self.text()
            try:
                made, end = self.decode(text, 0)
            except Incomplete as error:
                if not self.grow():
                    raise self.error("the file ends in the middle of a value: it is cut off") from error
                continue
            if end == len(text) and text[-1] not in '}]"' and self.grow():
                continue  # a number at the end of the window may go on
            self.at += len(text[:end].encode())
            return made

    def text(self) -> str:
        """Text from the position to the end of the window (to its last complete character)."""
        data = self.data[self.at :]
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(data) - error.start < 4:
                return data[: error.start].decode()
            raise self.error(f"not UTF-8 ({error.reason})", error.start) from error

    def decode(self, text: str, begin: int) -> tuple[Any, int]:
        """Value that begins at a place of :meth:`text`, and where it ends.

        Raises
        ------
        Incomplete
            The text ends before the value does.
        InputError
            It is no JSON.
        """
        try:
            value, end = _DECODER.raw_decode(text, begin)
            return (_whole(value) if _HALF.search(text, begin, end) else value), end
        except RecursionError as error:
            raise self.error("nested too deeply", begin) from error
        except json.JSONDecodeError as error:
            # What is missing at the very end may come; a text that does not end is reported at its beginning.
            if error.pos >= len(text) - 16 or error.msg.startswith("Unterminated"):
                raise Incomplete from error
            raise self.error(f"no JSON ({error.msg})", len(text[: error.pos].encode())) from error
        except ValueError as error:
            raise self.error(f"no JSON ({error})", begin) from error

    def error(self, what: str, ahead: int = 0, hint: str = "Is this complete JSON in UTF-8?") -> InputError:
        """Error that names the byte of the file."""
        return InputError(what, where=f"{self.name}, byte {self.offset + self.at + ahead}", hint=hint)


def _whole(value: Any) -> Any:
    """Return the value with each half of a character replaced by :data:`BROKEN`."""
    return json.loads(re.sub("[\ud800-\udfff]", BROKEN, json.dumps(value, ensure_ascii=False)))


def open_json(path: Path) -> BinaryIO:
    """Open a JSON file, past a byte order mark; other encodings than UTF-8 are refused."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    mark = file.read(4)
    if mark.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in mark:
        file.close()
        raise InputError("is not UTF-8 (it looks like UTF-16 or UTF-32)", where=str(path), hint="Convert it to UTF-8.")
    file.seek(3 if mark.startswith(b"\xef\xbb\xbf") else 0)
    return file
