"""Files of a folder that were not read: an error when another reader knows them, else a sentence for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.files.archive import is_archive, members
from biasscope.boxes.files.listing import Found, head
from biasscope.boxes.files.names import IMAGE_SUFFIXES, suffix_of
from biasscope.boxes.files.packed import DATA, LOOKED_AT, NAMED, Packed, known_to, knows
from biasscope.boxes.files.pointers import PULL, REASON, is_pointer
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.source import FETCH, Request
from biasscope.boxes.tables.opening import TABLES
from biasscope.core.errors import InputError
from biasscope.core.words import first_few, legible

_DATA = (".xml", *DATA)
_PACKED = (".zip", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_BESIDE = ("state.json", "dataset_info.json", "dataset_dict.json", "dataset_infos.json")
"""Files that the ``datasets`` library writes beside others and reads with them."""
_DEEP = 1000
FEW = 8
"""Files that are looked at where none was recognised."""


def with_unread(table: BoxTable, request: Request, *, named: bool) -> BoxTable:
    """Return the table, with a note on the annotation-like files of the folder or archive that it was not made of.

    Raises
    ------
    InputError
        The format was not named, and another reader knows one of these files.
    """
    unread = list[Found]()
    if request.path.is_dir():
        unread, table = _unread(table, request), replace(table, notes=(*table.notes, *_sizes_only(request)))
        unread = list(_without_pointers(unread, table.log))
    if not named:
        looked = _looked_at(unread, request, table.format)
        _all_alike(
            looked, table.format, request.path, "Name the one to read with --format-in, or give files or subfolders."
        )
        xml = f"--format-in {table.format} reads its XML alone; for the others unpack it."
        _all_alike(table.beside, table.format, request.path, xml)
    others = [found for found in unread if (found.suffix in _DATA or named) and not _own(found, request, table.format)]
    plain = [found.name for found in others] + [name for name, _ in table.beside]
    unpack = " Of archives only XML is read: unpack them." if table.beside else ""
    return replace(table, notes=(*table.notes, *_not_read(plain, table.format, unpack)))


def _not_read(names: list[str], reader: str, unpack: str) -> Iterator[str]:
    """Sentences on files that were passed over; a table may have boxes in columns that nobody knows."""
    tables = [name for name in names if reader == "table" and suffix_of(name) in TABLES]
    others = [name for name in names if name not in tables]
    if tables:
        few = first_few(tables, NAMED)
        yield f"Not read, as no columns of boxes were found in them: {few}. With --columns each can be read by itself."
    if others:
        yield f"Not read, as they are not {reader}: {first_few(others, NAMED)}.{unpack}"


def _without_pointers(unread: list[Found], log: RowLog) -> Iterator[Found]:
    """Files but for the pointers of Git LFS among the first of them, which become bad rows."""
    for place, found in enumerate(unread):
        if place < LOOKED_AT and is_pointer(found.path):
            log.add(REASON, found.name, PULL)
        else:
            yield found


def _own(found: Found, request: Request, reader: str) -> bool:
    """Whether a file is one of the reader's, which then has said why it was passed over."""
    return knows(reader, replace(request, path=Path(found.path), columns={}, only=None))


def _all_alike(files: Iterable[tuple[str, str | None]], reader: str, path: Path, hint: str) -> None:
    """Error for the first file that another reader knows."""
    for name, other in files:
        if other:
            raise InputError(
                f"{name} looks like the format {other}, other files like {reader}", where=str(path), hint=hint
            )


def _looked_at(unread: list[Found], request: Request, reader: str) -> Iterator[tuple[str, str | None]]:
    """Names of files, and of the reader that knows each."""
    looked: Counter[str] = Counter()
    for found in unread:
        looked[found.suffix] += 1
        if looked[found.suffix] <= LOOKED_AT:
            alone = replace(request, path=Path(found.path), columns={}, only=None)
            yield found.name, known_to(alone, reader)


def reason(request: Request) -> str:
    """Why nothing may have recognised a file: a picture, packed, its encoding, its depth; empty when none shows."""
    if request.suffixes.keys() <= IMAGE_SUFFIXES and not request.broken:
        return "there are only pictures here, and no annotations: give these as the path, and pictures with --images"
    if any(is_pointer(found.path) for found in request.files[:FEW]):
        return f"there are pointers of Git LFS to files, not the files themselves. {PULL}"
    begin = head(request.files[0].path)
    suffix = request.files[0].suffix
    if suffix == ".dvc":
        return "there are pointers of DVC to files, not the files themselves: fetch these with dvc pull"
    if suffix == ".json" and (begin.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in begin[:4]):
        return "the file is not UTF-8 (it looks like UTF-16 or UTF-32): convert it to UTF-8"
    if suffix == ".json" and begin.count(b"[") + begin.count(b"{") > _DEEP + begin.count(b"]") + begin.count(b"}"):
        return "the file is nested too deeply"
    if suffix == ".xml" and begin.count(b"<") > _DEEP + 2 * begin.count(b"</") + begin.count(b"/>"):
        return "the file is nested too deeply"
    if is_archive(request.files[0].name) or suffix in _PACKED:
        return f"of packed files only tables (.csv.gz) and tar archives of VOC XML are read: unpack it{_holds(request)}"
    return ""


def refuse_packed(request: Request, reader: str) -> None:
    """Error for an archive that was given to a reader of other files."""
    if request.path.is_file() and is_archive(request.path):
        what = f"the format {reader} is not read from archives"
        raise InputError(what, where=str(request.path), hint="Unpack it and give the folder.")


def empty(request: Request) -> InputError:
    """Error for a folder without files."""
    if not request.broken:
        return InputError("the folder is empty", where=str(request.path))
    what = f"the folder holds only links to files that are not there: {first_few(request.broken, NAMED)}"
    return InputError(what, where=str(request.path), hint=FETCH)


def list_broken(request: Request, suffixes: Iterable[str]) -> None:
    """Bad rows for links to nothing that may stand for annotations, by their suffix, or for folders, without one."""
    request.list_broken(name for name in request.broken if suffix_of(name) in {"", *suffixes})


def _holds(request: Request) -> str:
    """What an archive holds instead of XML."""
    packed, first = Packed("voc"), request.files[0]
    if is_archive(first.name):
        for _ in members(Path(first.path), RowLog(), ".xml", beside=packed.add):
            pass
    return packed.holds()


def _unread(table: BoxTable, request: Request) -> list[Found]:
    kinds = (*_DATA, ".txt")
    if len(request.files) == len(table.files) and request.suffixes.keys() <= {*kinds}:
        return []
    asked = [found for found in request.files if found.suffix in kinds or is_archive(found.name)]
    if len(asked) == len(table.files):
        return []
    read = {str(path) for path in table.files}
    return [found for found in asked if found.path not in read and not _beside(found.name)]


def _beside(name: str) -> bool:
    """Whether a file is read with others, as what they are called by."""
    return "class-descriptions" in name or name.endswith(_BESIDE)


def _sizes_only(request: Request) -> tuple[str, ...]:
    """Sentence on a table of sizes in the folder that could have been read as boxes."""
    sizes = request.sizes
    if sizes is None or not sizes.resolve().is_relative_to(request.path.resolve()):
        return ()
    if not known_to(replace(request, path=sizes, sizes=None, columns={}, only=None), reader=""):
        return ()
    return (f"Of {legible(sizes.name)} only the image sizes were read, as it was named for that.",)
