"""What a reader is asked: a path, options, and what lies under the path."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import NamedTuple, overload

from biasscope.boxes.schema import RowLog
from biasscope.core.errors import InputError

HEAD = 1 << 16
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif", ".jp2"}
)
SUFFIX = r"(?i)\.(?:" + "|".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES)) + r")$"
"""Pattern of an image file's suffix, for polars."""
_SPLIT = re.compile(r"(train|trn|valid|validation|val|dev|testing|test)(?:\d{4})?", re.IGNORECASE)
_NAMES = {"train": "train", "trn": "train", "test": "test", "testing": "test"}
_INNER = frozenset({"labels", "annotations", "images", "obj_train_data", "anns"})


class Found(NamedTuple):
    """One file under a folder: its full path, its path below the folder, its name's suffix in lower case."""

    path: str
    name: str
    suffix: str
    entry: os.DirEntry[str] | None


class Files(Sequence[Path]):
    """Paths made when they are asked for: making 50,000 of them takes longer than reading a cache."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> Path: ...

    @overload
    def __getitem__(self, place: slice) -> list[Path]: ...

    def __getitem__(self, place: int | slice) -> Path | list[Path]:
        if isinstance(place, slice):
            return [Path(found.path) for found in self._found[place]]
        return Path(self._found[place].path)

    def sizes(self, start: int) -> list[tuple[str, int]]:
        """Names and bytes of the files from one on; of files that a folder listed they are known already."""
        files = [found.entry or Path(found.path) for found in self._found[start:]]
        return [(file.name, file.stat().st_size) for file in files]


@dataclass(frozen=True)
class Request:
    """A path to read and how.

    Attributes
    ----------
    path
        File or folder (or, for Hugging Face, a name).
    convention
        A box convention, or ``auto`` for the format's own.
    images
        Folder with the image files, for sizes that the annotation does not give.
    sizes
        Table (CSV, Parquet, COCO JSON) with image name, width and height, for the same purpose.
    split
        Name for the split of every box; by default it is read off folders and file names.
    split_column
        Column that holds the split, in tables.
    columns
        Which column of a table is which: keys are columns of BOXES, values the table's names.
    cache
        Whether parsed files may be kept in and taken from the user's cache folder.
    stream
        Whether memory must not grow with the number of boxes.
    log
        Where rows go that cannot become boxes.
    only
        The files to read, where something else than the path says which.
    """

    path: Path
    convention: str = "auto"
    images: Path | None = None
    sizes: Path | None = None
    split: str | None = None
    split_column: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    cache: bool = True
    stream: bool = False
    log: RowLog = field(default_factory=RowLog)
    only: tuple[Found, ...] | None = None

    @cached_property
    def files(self) -> tuple[Found, ...]:
        """Files under the path in the order of their names; the path itself when it is a file; or ``only`` those."""
        if self.only is not None:
            return self.only
        if self.path.is_file():
            return (Found(str(self.path), self.path.name, suffix_of(self.path.name), None),)
        return tuple(sorted(_walk(str(self.path), ""), key=itemgetter(1)))

    @cached_property
    def suffixes(self) -> Counter[str]:
        """How many files there are of each suffix."""
        return Counter(found.suffix for found in self.files)

    def of(self, *suffixes: str) -> list[Found]:
        """Files with one of the suffixes (lower case, with the dot)."""
        return [found for found in self.files if found.suffix in suffixes]

    def split_of(self, name: str, *, stem: bool = True) -> str | None:
        """Split of a file below the path: the one asked for, else read off its name (if ``stem``) and its folders.

        Of folders above, only one that is called exactly like a split counts (``val``, not ``test_of_mine``).
        """
        if self.split is not None:
            return self.split
        parts = PurePosixPath(name).parts if stem else PurePosixPath(name).parts[:-1]
        below = next((found for part in reversed(parts) if (found := split_from(part))), None)
        above = (split_from(part) for part in self._above if _SPLIT.fullmatch(part))
        return below or next(above, None)

    @cached_property
    def _above(self) -> list[str]:
        """Names of the folder given, and of the one around it where the folder only says what is inside."""
        folder = self.path.resolve() if self.path.is_dir() else self.path.resolve().parent
        return [folder.name, folder.parent.name] if folder.name.lower() in _INNER else [folder.name]


def split_from(part: str) -> str | None:
    """Split that a file or folder name speaks of.

    >>> split_from("instances_train2017.json"), split_from("LOC_val_solution"), split_from("strain")
    ('train', 'val', None)
    """
    for word in re.split(r"[^A-Za-z0-9]+", part):
        if match := _SPLIT.fullmatch(word):
            return _NAMES.get(match[1].lower(), "val")
    return None


def suffix_of(name: str) -> str:
    """Suffix of a file name in lower case; of a compressed table both parts.

    >>> suffix_of("a.XML"), suffix_of("b.csv.gz"), suffix_of("c.tar.gz")
    ('.xml', '.csv.gz', '.gz')
    """
    lower = name.lower()
    if lower.endswith((".csv.gz", ".tsv.gz")):
        return lower[-7:]
    return lower[lower.rfind(".") :] if "." in lower else ""


def stem_of(name: str) -> str:
    """File name without folders and without the suffix of an image file.

    >>> stem_of("val2017/000000001.jpg"), stem_of("v1.5")
    ('000000001', 'v1.5')
    """
    return without_suffix(name.replace("\\", "/").rsplit("/", 1)[-1])


def without_suffix(name: str) -> str:
    """Name without the suffix of an image file; folders stay."""
    base, dot, suffix = name.rpartition(".")
    return base if dot and base and f".{suffix.lower()}" in IMAGE_SUFFIXES else name


def unique_ids(names: list[str]) -> list[str]:
    """Image ids for file names: the stem, or the whole path without its suffix where stems are not unique.

    >>> unique_ids(["a/1.jpg", "a/2.jpg"]), unique_ids(["a/1.jpg", "b/1.jpg"])
    (['1', '2'], ['a/1', 'b/1'])
    """
    stems = [stem_of(name) for name in names]
    if len(set(stems)) == len(set(names)):
        return stems
    return [without_suffix(name.replace("\\", "/")) for name in names]


def head(path: str | Path, size: int = HEAD) -> bytes:
    """First bytes of a file.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def _walk(folder: str, prefix: str) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise InputError(f"cannot be listed ({error.strerror or error})", where=folder) from error
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        # A name that is not UTF-8 opens by its bytes, but no frame could hold it.
        shown = name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")
        if _is_file(entry):
            yield Found(entry.path, prefix + shown, suffix_of(name), entry)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{shown}/")


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file or leads to one; a link in a circle leads nowhere."""
    try:
        return entry.is_file()
    except OSError:
        return False
