"""Files that turn out damaged while they are read: what polars raises then, and what it does not say."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from biasscope.boxes.files.pointers import is_pointer, pointed
from biasscope.boxes.tables.quotes import BLOCK, opened
from biasscope.core.errors import InputError

DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises over a file that it cannot read; a panic is no Exception for Python."""
BOXES_NOUN = "a table of boxes"
SHORT = 200
FEW = 100
"""Files of which one may be a pointer."""
CONVERT = "Convert it, for example with: iconv -f latin1 -t utf-8."


def unreadable(error: BaseException, files: Sequence[Path], noun: str = BOXES_NOUN) -> InputError:
    """Error for a file that polars gave up on, naming it where there is only one."""
    if lost := next(filter(_is_lost, files[:FEW]), None):
        return pointed(lost)
    if "utf-8 sequence" in str(error) and (found := _not_utf8(files)) is not None:
        return found
    first = " ".join(str(error).strip().split("\n")[0].split())
    first = first if len(first) <= SHORT else f"{first[:SHORT]} ..."
    hint = "Is it damaged, cut off, not UTF-8, or of another format?"
    return InputError(f"cannot be read as {noun}: {first}", where=_named(files), hint=hint)


def incomplete(arrived: int, rows: int, files: Sequence[Path]) -> InputError:
    """Error for files of which not all rows could be read, as many as they say they hold."""
    what = f"only {arrived:,} of {rows:,} rows" if arrived < rows else f"{arrived:,} instead of {rows:,} rows"
    hint = "Write the file anew, or fetch it again."
    return InputError(f"is damaged: {what} can be read", where=_named(files), hint=hint)


def _not_utf8(files: Sequence[Path]) -> InputError | None:
    """Error that says where the first of some texts is not UTF-8; ``None`` where that is not what was in the way."""
    for path in files:
        decoder, lines, offset = codecs.getincrementaldecoder("utf-8")(), 1, 0
        try:
            with opened(path) as file:
                while block := file.read(BLOCK):
                    begun = len(decoder.getstate()[0])
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError as error:
                        lines += block.count(b"\n", 0, max(0, error.start - begun))
                        what = f"is not UTF-8 in line {lines:,} (byte {offset - begun + error.start})"
                        return InputError(what, where=str(path), hint=CONVERT)
                    lines, offset = lines + block.count(b"\n"), offset + len(block)
        except (OSError, EOFError):
            return None
    return None


def _is_lost(path: Path) -> bool:
    try:
        return is_pointer(path)
    except InputError:
        return False


def _named(files: Sequence[Path]) -> str:
    return str(files[0]) if len(files) == 1 else "one of the files" if files else ""
