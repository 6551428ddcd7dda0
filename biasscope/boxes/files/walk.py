"""Every file below a folder, also through links to folders.

A linked folder is read as if it lay where the link is. Folders that lie there themselves come first; one that was
reached already is read again only where its place names a split then and another one now (``val`` as a link to
``train``), as every other link says nothing new: its boxes would only be counted twice. A link that leads back to where
it came from is no folder. Links to nothing are told apart: files may be missing that should have been there.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from biasscope.boxes.files.names import split_of_folders
from biasscope.core.errors import InputError
from biasscope.core.words import legible

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be read: its path, what to put before the names of its files, and the folder it was found in."""

    path: str
    prefix: str
    above: _Folder | None = None

    def identity(self) -> Identity:
        """Device and inode."""
        try:
            stat = os.stat(self.path)  # noqa: PTH116 (a text, not a Path)
        except OSError as error:
            raise _unlisted(self.path, error) from error
        return stat.st_dev, stat.st_ino

    @property
    def split(self) -> str | None:
        """The split that its place names."""
        return split_of_folders(self.prefix)

    def circles(self) -> bool:
        """Whether it is one of the folders on the way to it."""
        own, above = self.identity(), self.above
        while above is not None:
            if above.identity() == own:
                return True
            above = above.above
        return False


@dataclass(frozen=True, slots=True)
class _Entries:
    """What lies in a folder: name and path of each file, folders, links to folders, and links to nothing."""

    files: list[tuple[str, str]]
    folders: list[_Folder]
    links: list[_Folder]
    broken: list[str]


def walk(root: str, broken: list[str]) -> Iterator[tuple[str, str]]:
    """Name below the folder and path of each file, in no order; names of links to nothing go to ``broken``.

    Hidden files and folders are passed over. Without a link to a folder nothing is asked of the file system but what
    lies in each folder.

    Raises
    ------
    InputError
        A folder cannot be listed.
    """
    folders, links = [_Folder(root, "")], list[_Folder]()
    for folder in folders:  # which grows meanwhile: folders may be nested more deeply than functions
        inside = _entries(folder)
        yield from inside.files
        folders += inside.folders
        links += inside.links
        broken += inside.broken
    if links:
        yield from _linked(links, folders, broken)


def _linked(links: list[_Folder], folders: list[_Folder], broken: list[str]) -> Iterator[tuple[str, str]]:
    """Files of linked folders and below."""
    met = defaultdict[Identity, set[str | None]](set)
    for folder in folders:
        met[folder.identity()].add(folder.split)
    waiting = _last_first(links)
    while waiting:
        folder = waiting.pop()
        before = met[folder.identity()]
        known = before and (folder.split is None or not before.isdisjoint({None, folder.split}))
        if known or folder.circles():
            continue
        before.add(folder.split)
        inside = _entries(folder)
        yield from inside.files
        broken += inside.broken
        waiting += _last_first(inside.folders + inside.links)


def _last_first(folders: list[_Folder]) -> list[_Folder]:
    """Folders in the order in which they are taken from the end, that of their names."""
    return sorted(folders, key=attrgetter("prefix"), reverse=True)


def _entries(folder: _Folder) -> _Entries:
    try:
        entries = list(os.scandir(folder.path))
    except OSError as error:
        raise _unlisted(folder.path, error) from error
    found = _Entries([], [], [], [])
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        name = folder.prefix + legible(name)
        if _is(entry.is_file):
            found.files.append((name, entry.path))
        elif _is(entry.is_dir):
            kind = found.links if entry.is_symlink() else found.folders
            kind.append(_Folder(entry.path, f"{name}/", folder))
        elif entry.is_symlink():
            found.broken.append(name)
    return found


def _is(asked: Callable[[], bool]) -> bool:
    """Whether an entry is, or leads to, what is asked; a link in a circle leads nowhere."""
    try:
        return asked()
    except OSError:
        return False


def _unlisted(path: str, error: OSError) -> InputError:
    return InputError(f"cannot be listed ({error.strerror or error})", where=path)
