"""What a reader is asked: a path, options, and what lies under the path."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from errno import ENAMETOOLONG
from functools import cached_property
from pathlib import Path
from types import UnionType

from biasscope.boxes.files.listing import Listing, listed
from biasscope.boxes.files.names import INNER, SPLIT_WORD, split_from, split_of_folders
from biasscope.boxes.rowlog import RowLog
from biasscope.core.errors import UsageError
from biasscope.core.wanted import refusal

SHOWN = 100
FETCH = "Fetch what the link stands for (git annex get, dvc pull), mount its disk, or delete it."


def check_paths(paths: Iterable[object]) -> None:
    """Refuse what is no path, such as a list of them or a frame.

    Raises
    ------
    UsageError
        One is neither a text nor a Path, or is empty, or cannot be looked up, such as one too long to be one.
    """
    for path in paths:
        if not isinstance(path, str | os.PathLike):
            kind = f"{type(path).__module__.partition('.')[0]}.{type(path).__name__}"
            hint = "Several paths stand one after another (*paths). Write a frame to a Parquet file, and give its path."
            raise UsageError(f"a path is a text or a Path, and this is {kind}", where="paths", hint=hint)
        if path == "":
            raise UsageError("the path is empty", where="paths", hint='The current folder is ".".')
        try:
            Path(path).exists()
        except OSError as error:
            shown = str(path) if len(str(path)) <= SHOWN else f"{str(path)[:SHOWN]} ..."
            what = f"{shown!r} cannot be looked up ({error.strerror})"
            hint = "Give the path of the file, not what it holds." if error.errno == ENAMETOOLONG else ""
            raise UsageError(what, where="paths", hint=hint) from error


def check_words(kind: type | UnionType = str, /, **options: object) -> None:
    """Refuse options that are neither texts (or paths) nor left out, and empty ones.

    Raises
    ------
    UsageError
        One is something else, or empty: as a path that would be the current folder.
    """
    for name, value in options.items():
        if value is not None and not isinstance(value, kind):
            raise refusal(value, str, where=name)
        if value == "":
            raise UsageError("is empty", where=name, hint="Leave it out instead.")


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
    folder
        Put before the names of the files, to tell them from those of another path; ends in a slash.
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
    only: Listing | None = None
    folder: str = ""

    @cached_property
    def files(self) -> Listing:
        """Files under the path in the order of their names; the path itself when it is a file; or ``only`` those.

        A table of sizes that lies in the folder is none of them.
        """
        if self.only is not None:
            return self.only
        found = self._listed
        if self.sizes is not None and self.path.is_dir():
            found = found.without(self.sizes) or found  # boxes and sizes of one file
        return Listing(found.paths, [self.folder + name for name in found.names]) if self.folder else found

    @cached_property
    def _listed(self) -> Listing:
        return listed(self.path)

    @property
    def broken(self) -> list[str]:
        """Links under the path that lead to nothing."""
        return [self.folder + name for name in self._listed.broken]

    def list_broken(self, names: Iterable[str]) -> None:
        """Bad rows for links to nothing."""
        for name in names:
            self.log.add("link to a file that is not there", name, FETCH)

    @cached_property
    def suffixes(self) -> Counter[str]:
        """How many files there are of each suffix."""
        return Counter(self.files.suffixes)

    def of(self, *suffixes: str) -> Listing:
        """Files with one of the suffixes (lower case, with the dot)."""
        if self.suffixes.keys() <= {*suffixes}:
            return self.files
        own = zip(self.files, self.files.suffixes, strict=True)
        return Listing.of(found for found, suffix in own if suffix in suffixes)

    def split_of(self, name: str, *, stem: bool = True) -> str | None:
        """Split of a file below the path: the one asked for, else read off its name (if ``stem``) and its folders.

        Of folders above, only one that is called exactly like a split counts (``val``, not ``test_of_mine``).
        """
        if self.split is not None:
            return self.split
        below = split_of_folders(f"{name}/" if stem else name)
        above = (split_from(part) for part in self._above if SPLIT_WORD.fullmatch(part))
        return below or next(above, None)

    @cached_property
    def _above(self) -> list[str]:
        """Names of the folder given, and of the one around it where the folder only says what is inside."""
        folder = self.path.resolve() if self.path.is_dir() else self.path.resolve().parent
        return [folder.name, folder.parent.name] if folder.name.lower() in INNER else [folder.name]
