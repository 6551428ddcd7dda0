"""Which of the names that files or tables give to images is meant by an annotation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from unicodedata import normalize
from urllib.parse import unquote

from biasscope.boxes.files.names import INNER, key_of, split_from, split_of_folders, stem_of, without_suffix


class ImageNames:
    """Names of images, in folders or not, found by the name and the split of an image.

    ``split`` is that of names whose folders say none, where all are known to be of one.

    Examples
    --------
    >>> names = ImageNames(["train/1.jpg", "val/1.jpg", "train/2.jpg"])
    >>> names.like("1", "val"), names.like("1"), names.like("val/2")
    (['val/1.jpg'], ['train/1.jpg', 'val/1.jpg'], [])
    >>> ImageNames(["images/one/1.jpg", "images/two/1.jpg"]).like("labels/two/1")
    ['images/two/1.jpg']
    """

    def __init__(self, names: Iterable[str], split: str | None = None) -> None:
        self._split = split
        self._names: dict[str, list[str]] = defaultdict(list)
        self._whole, self._place = cache(_whole), cache(_place)  # of names that are several, and of their folders
        self._called = cache(self._by_folder)
        folders = set[str]()
        for name in names:
            self._names[_composed(key_of(name))].append(name)
            folders.add(name.rpartition("/")[0])
        self._splits = {self._split_of(f"{folder}/") for folder in folders}

    def like(self, image_id: str, split: str | None = None) -> list[str]:
        """Names that may be meant by an image: those of its folder, and none whose folder names another split.

        Where no name has its folder, as annotations and images often lie apart, those of other folders may be meant. A
        ``split`` that no folder here has may be one of the annotation's own, and says nothing; one that the folders of
        the image name does. One in a folder that names no split is not meant just because the others are of another.
        """
        image_id = self._known(_composed(image_id.replace("\\", "/")))
        names = self._names.get(key_of(image_id), [])
        if len(names) > 1:
            names = self._ending(image_id)
        given = split_from(split) if split else None
        told = split_of_folders(image_id) or (given if given in self._splits else None)
        if told is not None:
            found = {name: self._split_of(name) for name in names}
            names = [name for name in names if found[name] == told] or (names if set(found.values()) == {None} else [])
        return self._beside(names, image_id) if len(names) > 1 and "/" in image_id else names

    def of_another_split(self, image_id: str, split: str | None = None) -> bool:
        """Whether an image's name is known, but only in folders of other splits."""
        name = self._known(_composed(image_id.replace("\\", "/")))
        return key_of(name) in self._names and not self.like(image_id, split)

    def _known(self, image_id: str) -> str:
        """Name of an image; where there is none such, one of an address as its file is called (``%20`` is a blank)."""
        if "%" not in image_id or key_of(image_id) in self._names:
            return image_id
        return _composed(unquote(image_id).replace("\\", "/"))

    def _ending(self, image_id: str) -> list[str]:
        """Of the names of its key those that end as the image is called, best with its folders; all where none does."""
        names, near = self._called(key_of(image_id), stem_of(image_id))
        end = f"/{without_suffix(image_id)}"
        maybe = near.get(_last(end), []) if "/" in end[1:] else names
        return [name for name in maybe if self._whole(name).endswith(end)] or names

    def _by_folder(self, key: str, stem: str) -> tuple[list[str], dict[str, list[str]]]:
        """Names of a key that end in a stem, else all of them; and the same by the folder that they stand in."""
        names, near = self._names[key], defaultdict[str, list[str]](list)
        names = [name for name in names if self._whole(name).endswith(f"/{stem}")] or names
        for name in names:
            near[_last(self._whole(name))].append(name)
        return names, near

    def _beside(self, names: list[str], image_id: str) -> list[str]:
        """Those in the folder beside that of the annotation (``images/a``, ``labels/a``); all where none is."""
        place = _place(image_id.rpartition("/")[0])
        places = {name: self._place(name.rpartition("/")[0]) for name in names}
        same = [name for name in names if places[name] == place]
        return same or [name for name in names if _ends(places[name], place) or _ends(place, places[name])] or names

    def _split_of(self, name: str) -> str | None:
        return split_of_folders(name) or self._split


def _composed(name: str) -> str:
    """Name with each accent in its letter: macOS writes file names with accents behind them, annotations seldom are."""
    return normalize("NFC", name)


def _whole(name: str) -> str:
    return f"/{_composed(without_suffix(name))}"


def _last(whole: str) -> str:
    """Last folder and name of a way: thousands of pictures are called alike, each in a folder of its own."""
    return "/".join(whole.rsplit("/", 2)[-2:])


def _ends(place: str, end: str) -> bool:
    return bool(end) and place.endswith(end)


def _place(folder: str) -> str:
    """Folders on a way but for those that only say what is inside."""
    parts = _composed(folder).split("/")
    return "".join(f"/{part}" for part in parts if part not in ("", ".") and part.lower() not in INNER)
