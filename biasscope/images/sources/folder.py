"""A folder of pictures: with a sub-folder a class (ImageFolder), or flat and without labels; or a single picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from biasscope.core.errors import InputError, UsageError
from biasscope.core.words import counted
from biasscope.images.decode import SUFFIXES
from biasscope.images.encoded import DecodedSource, Item
from biasscope.images.request import Request
from biasscope.images.sampling import choose
from biasscope.images.splits import SPLITS


@dataclass
class FolderSource(DecodedSource):
    """Picture files below a folder.

    Attributes
    ----------
    root
        The folder.
    chosen
        Paths relative to it, with labels.
    """

    root: Path = Path()
    chosen: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of files."""
        return len(self.chosen)

    def items(self) -> Iterator[Item]:
        """Files in the order of their names."""
        for name, label in self.chosen:
            yield Item(name, self.root / name, label)


def detect(request: Request) -> bool:
    """Folders with pictures, and picture files."""
    path = request.path
    if path is None:
        return False
    if request.text.startswith("folder:") or path.is_dir():
        return True
    return path.is_file() and path.suffix.lower() in SUFFIXES


def open_source(request: Request) -> FolderSource:
    """List the pictures of a folder; classes are the first folders below it, sorted.

    Raises
    ------
    InputError
        There is no such folder, or there are no pictures in it.
    UsageError
        There is no such split.
    """
    given = request.path or Path()
    if not given.exists():
        raise InputError("there is no such file or folder", where=str(given))
    root, notes = _split(given, request.split)
    names, others = picture_files(root) if root.is_dir() else ([root.name], 0)
    if not names:
        hint = f"Pictures end in {', '.join(sorted(SUFFIXES))}."
        raise InputError("there are no pictures in the folder", where=str(root), hint=hint)
    root = root if root.is_dir() else root.parent
    source = FolderSource(request.text, limits=request.limits, root=root, notes=notes)
    classes = tuple(sorted({name.split("/")[0] for name in names if "/" in name}))
    place = {name: number for number, name in enumerate(classes)}
    chosen = (names[number] for number in choose(len(names), request.limit, request.seed))
    source.chosen = [(name, place[name.split("/")[0]] if "/" in name else None) for name in chosen]
    source.files = [root / name for name, _ in source.chosen]
    if classes:
        source.class_names, source.labels, source.highest_label = classes, "names", len(classes) - 1
    if others:
        source.notes.append(f"Passed over: {counted(others, 'file')} without the ending of a picture.")
    return source


def picture_files(root: Path) -> tuple[list[str], int]:
    """Names of picture files below a folder, sorted, relative to it with slashes; and the number of other files.

    Links are followed, but no folder is entered twice; hidden files and folders are passed over.
    """
    found: list[str] = []
    others, seen = 0, set()
    for folder, below, files in os.walk(root, followlinks=True):
        status = os.stat(folder)  # noqa: PTH116 (a string, a million times)
        here = (status.st_dev, status.st_ino)
        if here in seen:
            below.clear()
            continue
        seen.add(here)
        below[:] = sorted(name for name in below if not name.startswith("."))
        shown = [name for name in files if not name.startswith(".")]
        pictures = [name for name in shown if os.path.splitext(name)[1].lower() in SUFFIXES]  # noqa: PTH122 (the same)
        start = os.path.relpath(folder, root).replace(os.sep, "/")
        found += pictures if start == "." else [f"{start}/{name}" for name in pictures]
        others += len(shown) - len(pictures)
    return sorted(found), others


def _split(root: Path, wanted: str | None) -> tuple[Path, list[str]]:
    """Sub-folder of a split, if the folder has no others or one was asked for."""
    if not root.is_dir():
        return root, []
    below = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if wanted is not None:
        if wanted not in below:
            raise UsageError(f"there is no split {wanted!r}", where=str(root), hint=f"There are: {', '.join(below)}.")
        return root / wanted, []
    if not below or not set(below) <= set(SPLITS):
        return root, []
    taken = min(below, key=SPLITS.index)
    note = f"The split {taken} was taken; there are {', '.join(below)}."
    return root / taken, [note] if len(below) > 1 else []
