"""What the data yaml of a YOLO dataset names: which labels belong to which split, and where the images are.

Convention
----------
As in ultralytics: ``path`` is the dataset's folder, absolute or relative to the yaml's folder (which is it when there
is no ``path``); ``train``, ``val`` and ``test`` are a folder of images, a text file that lists images, or a list of
those, relative to ``path``. The labels of an image stand where its path has ``labels`` instead of the last ``images``,
in a text file of the image's name. An image without that file is one without objects. Nothing else is read.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

from biasscope.boxes.files.listing import Found, Listing, listed
from biasscope.boxes.files.names import IMAGE_SUFFIXES, suffix_of
from biasscope.boxes.readers.yolo.names import files_in, is_other, load_yaml
from biasscope.boxes.sizes.lookup import agreed
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

KEYS = ("train", "val", "valid", "test")
_SPLITS = {"valid": "val"}
SHOWN = 200


@dataclass(frozen=True)
class Entry:
    """An image of a dataset: its labels (``None``: there are none), its file where there is one, its split.

    ``broken`` is whether its labels, or a folder that they are in, are a link to nothing.
    """

    label: Found | None
    image: Path | None
    split: str | None
    name: str
    broken: bool = False


def named_entries(request: Request) -> tuple[list[Entry], list[str]] | None:
    """Images that a data yaml names, each once, and notes; ``None`` when the path is none or it names nothing.

    Raises
    ------
    InputError
        What a key names is not there, or cannot be looked up.
    """
    try:
        return _named(request)
    except OSError as error:  # its name is too long, or a folder on the way is closed
        what = f"names {str(error.filename)[:SHOWN]}, which cannot be looked up ({error.strerror or error})"
        raise InputError(what, where=str(request.path)) from error


def _named(request: Request) -> tuple[list[Entry], list[str]] | None:
    path = request.path
    if not path.is_file() or path.suffix.lower() not in (".yaml", ".yml"):
        return None
    data = load_yaml(path)
    keys = [key for key in KEYS if isinstance(data, dict) and data.get(key)]
    if not keys:
        return None
    root = path.parent / str(data.get("path") or "")
    if not root.is_dir():
        raise _missing(path, "path", root)
    entries: dict[str, Entry] = {}
    notes = []
    for key in keys:
        found = list(_of_key(path, root, key, data[key], request.split))
        again = sum(entry.name in entries for entry in found)
        if again:
            notes.append(f"{again} images of {key} were named before by another key; they are read once, as that.")
        for entry in found:
            entries.setdefault(entry.name, entry)
    if not entries:
        raise InputError(f"no image and no label is in what {', '.join(keys)} name", where=str(path))
    named = [replace(one, name=request.folder + one.name) for one in entries.values()]
    request.list_broken(one.name for one in named if one.broken)
    return [one for one in named if not one.broken], notes


class NamedImages:
    """Image files of entries, for their sizes."""

    def __init__(self, entries: list[tuple[str, Entry]]) -> None:
        self._paths = {(image_id, entry.split): entry.image for image_id, entry in entries}

    def find(self, image_id: str, split: str | None = None) -> Path | None:
        """File of an image."""
        return self._paths.get((image_id, split))


def image_beside(label: Path) -> Path | None:
    """Image of the name of a label file in its folder; ``None`` where there is none, or several of different sizes."""
    named = [path for path in files_in(label.parent) if path.stem == label.stem]
    return agreed([path for path in named if path.suffix.lower() in IMAGE_SUFFIXES])


def labels_of(image: Path) -> Path:
    """Labels of an image, or of a folder of images: the last folder called ``images`` becomes ``labels``.

    >>> labels_of(Path("a/images/b/images/c.jpg")).as_posix(), labels_of(Path("images")).as_posix()
    ('a/images/b/labels/c.txt', 'labels')
    """
    parts = list(image.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    made = Path(*parts)
    return made.with_suffix(".txt") if made.suffix.lower() in IMAGE_SUFFIXES else made


def _of_key(path: Path, root: Path, key: str, value: Any, asked: str | None) -> Iterator[Entry]:
    split = asked or _SPLITS.get(key, key)
    for one in value if isinstance(value, list) else [value]:
        place = _place(root, str(one))
        if place.is_file():
            yield from _of_list(place, root, split)
        elif place.is_dir() or labels_of(place).is_dir():
            yield from _of_folder(place, root, split)
        else:
            raise _missing(path, key, place)


def _place(root: Path, name: str) -> Path:
    """Path of a value; like ultralytics, a leading ``../`` that leads nowhere is passed over."""
    place = root / name
    known = place.exists() or labels_of(place).is_dir()
    inside = root / name[3:] if name.startswith("../") else place
    return Path(os.path.normpath(place if known else inside))


def _of_folder(folder: Path, root: Path, split: str) -> Iterator[Entry]:
    """Images of a folder and label files beside them; either may be missing."""
    labels = labels_of(folder)
    inside = _listing(labels)
    texts, broken = _stems(inside.names), _stems(inside.broken)
    known, lost = texts | broken, _lost(labels)
    images = _pictures(folder, known)
    for stem in sorted(known | images.keys()):
        label, image = labels / f"{stem}.txt", images.get(stem)
        yield _entry(label, image, root, split, there=stem in texts, broken=lost or stem in broken)


def _pictures(folder: Path, known: set[str]) -> dict[str, Path | None]:
    """Images of a folder by the stems of their labels; ``None`` where several of one (``a.jpg``, ``a.png``) differ."""
    pictures = defaultdict[str, list[Path]](list)
    for one in _listing(folder):
        if one.suffix in IMAGE_SUFFIXES:
            pictures[one.name.rpartition(".")[0]].append(Path(one.path))
    apart = known - pictures.keys()
    return {
        stem if stem in known else _written(stem, apart.__contains__): agreed(paths) for stem, paths in pictures.items()
    }


def _stems(names: Sequence[str]) -> set[str]:
    return {name[:-4] for name in names if suffix_of(name) == ".txt" and not is_other(name)}


def _of_list(path: Path, root: Path, split: str) -> Iterator[Entry]:
    for line in path.read_text("utf-8-sig", errors="replace").splitlines():
        if not line.strip():
            continue
        options = [Path(os.path.normpath(base / line.strip())) for base in (path.parent, root)]
        pairs = ((_there(one), _there(labels_of(one))) for one in options)
        image, label = next((pair for pair in pairs if any(pair)), (None, None))
        if image is None and label is None:
            raise InputError(
                f"names an image that is not there, nor are its labels: {line.strip()[:SHOWN]}", where=str(path)
            )
        place = label or labels_of(image or options[0])
        yield _entry(place, image, root, split, there=label is not None, broken=label is None and _lost(place))


def _lost(path: Path) -> bool:
    """Whether a path, or a folder on the way to it, is a link to nothing."""
    return not path.exists() and any(one.is_symlink() and not one.exists() for one in (path, *path.parents))


def _there(path: Path) -> Path | None:
    """Path of a file, with the accents of its name as they are written there; ``None`` where it is not."""
    if path.is_file():
        return path
    name = _written(path.name, lambda way: path.with_name(way).is_file())
    return path.with_name(name) if name != path.name else None


def _written(name: str, known: Callable[[str], bool]) -> str:
    """Name with its accents written in the way that is known; as it is where none is. macOS has a way of its own."""
    ways = () if name.isascii() else (normalize("NFC", name), normalize("NFD", name))
    return next((way for way in ways if way != name and known(way)), name)


def _entry(label: Path, image: Path | None, root: Path, split: str, *, there: bool, broken: bool) -> Entry:
    name = Path(os.path.relpath(label, root)).as_posix()
    return Entry(Found(str(label), name) if there else None, image, split, name, broken)


def _listing(folder: Path) -> Listing:
    return listed(folder) if folder.is_dir() else Listing([], [])


def _missing(path: Path, key: str, place: Path) -> InputError:
    hint = f"Correct {key} in the yaml, or give the folder with the labels instead of the yaml."
    return InputError(f"{key} names {place}, which does not exist", where=str(path), hint=hint)
