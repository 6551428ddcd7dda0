"""What the name of a file says: its suffix, the image it speaks of, and the split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from biasscope.core.words import legible

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif", ".jp2"}
)
SUFFIX = r"(?i)\.(?:" + "|".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES)) + r")$"
"""Pattern of an image file's suffix, for polars."""
INNER = frozenset({"labels", "annotations", "images", "jpegimages", "obj_train_data", "anns"})
"""Names of folders that say what is inside, not which images."""
_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
SPLIT_WORD = re.compile(rf"({'|'.join(_NAMES)})(?:\d{{4}})?", re.IGNORECASE)
"""A word that names a split, with or without a year."""

QUERY = r"(?i)^([a-z][a-z0-9+.-]*://[^?#]+)" + SUFFIX.removeprefix("(?i)").removesuffix("$") + r"[?#].*$"
"""Pattern of the address of an image file with a query behind it, for polars too; its group is what names the image."""
_QUERY = re.compile(QUERY)
_WHOLE = re.compile(r"^(-?[0-9]+)\.0+$")

SPLIT_NAMES = {
    spelling: split
    for word, split in _NAMES.items()
    if word != "dev"
    for spelling in (word, word.capitalize(), word.upper())
}
"""Words in a column of splits that mean the same as those in paths; ``dev`` may stand beside ``val`` there."""


def split_from(part: str) -> str | None:
    """Split that a file or folder name speaks of.

    >>> split_from("instances_train2017.json"), split_from("LOC_val_solution"), split_from("strain")
    ('train', 'val', None)
    """
    for word in re.split(r"[^A-Za-z0-9]+", part):
        if match := SPLIT_WORD.fullmatch(word):
            return _NAMES[match[1].lower()]
    return None


def split_of_folders(name: str) -> str | None:
    """Split that the folders of a name speak of, the innermost first.

    >>> split_of_folders("train/more/val_2/1.jpg"), split_of_folders("train/"), split_of_folders("train.csv")
    ('val', 'train', None)
    """
    if "/" not in name:
        return None
    return next((found for part in reversed(name.split("/")[:-1]) if (found := split_from(part))), None)


def split_of_folder(folder: Path) -> str | None:
    """Split of a folder that is called exactly like one.

    >>> split_of_folder(Path("images/val2017")), split_of_folder(Path("my_test"))
    ('val', None)
    """
    name = folder.resolve().name
    return split_from(name) if SPLIT_WORD.fullmatch(name) else None


def suffix_of(name: str) -> str:
    """Suffix of a file name in lower case; of a compressed table both parts.

    >>> suffix_of("a.XML"), suffix_of("b.csv.gz"), suffix_of("c.tar.gz"), suffix_of("v1.5/readme")
    ('.xml', '.csv.gz', '.gz', '')
    """
    before, dot, end = name.rpartition(".")
    suffix = dot + end.lower() if dot and "/" not in end else ""
    if suffix == ".gz" and (table := before[-4:].lower()) in (".csv", ".tsv"):
        return table + suffix
    return suffix


def split_names(names: Iterable[str]) -> dict[str, str]:
    """What splits that have names are called: as in paths, but by their own names where two would be one then.

    >>> split_names(["train", "validation"]), split_names(["dev", "val", "train.all"])
    ({'train': 'train', 'validation': 'val'}, {'dev': 'dev', 'val': 'val', 'train.all': 'train'})
    """
    made = {name: split_from(name) or name for name in names}
    times = Counter(made.values())
    return {name: called if times[called] == 1 else name for name, called in made.items()}


def stem_of(name: str) -> str:
    """File name without folders and without the suffix of an image file, also of an address with a query.

    >>> stem_of("val2017/000000001.jpg"), stem_of("v1.5"), stem_of("https://x/a.jpg?s=1/2")
    ('000000001', 'v1.5', 'a')
    """
    if "://" in name and (address := _QUERY.match(name)):
        return address[1].rsplit("/", 1)[-1]
    return without_suffix(name.replace("\\", "/").rsplit("/", 1)[-1])


def key_of(name: str) -> str:
    """Stem by which the image of a name is found; a whole float (1.0) is its integer there.

    One missing value makes floats of whole numbers in pandas, in one table of two.

    >>> key_of("val/7.0"), key_of("7.jpg"), key_of("v1.0")
    ('7', '7', 'v1.0')
    """
    stem = stem_of(name)
    return _WHOLE.sub(r"\1", stem) if stem.endswith("0") else stem


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


def told_apart(paths: Sequence[Path]) -> list[str]:
    """Folders to put before the names of files, so that those of different paths differ; empty where they do.

    >>> told_apart([Path("a/x.csv"), Path("b/x.csv")]), told_apart([Path("a/x.csv"), Path("b/y.csv")])
    (['a/', 'b/'], ['', ''])
    """
    last = ["" if path.is_dir() else path.name for path in paths]
    if len(paths) < 2 or (all(last) and len(set(last)) == len(last)):
        return [""] * len(paths)
    own = [(path if path.is_dir() else path.parent).parts for path in paths]
    for depth in range(1, max(map(len, own)) + 1):
        folders = ["".join(f"{legible(part)}/" for part in parts[-depth:] if part != "/") for parts in own]
        if len({folder + name for folder, name in zip(folders, last, strict=True)}) == len(paths):
            return folders
    return [""] * len(paths)
