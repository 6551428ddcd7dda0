"""What datasets are called in a report: by the last part of their paths, or more of it where that is the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from biasscope.core.words import first_few, legible

EMBEDDED = "Embedded digit scenes"
SHOWN = 3


def title_of(paths: Sequence[str], parts: int = 1) -> str:
    """Names of the first few paths.

    >>> title_of(["a/train.json", "a/val.json"]), title_of([])
    ('train.json, val.json', 'Embedded digit scenes')
    """
    return first_few([legible(str(Path(*Path(path).parts[-parts:]))) for path in paths], SHOWN) or EMBEDDED


def sides_named(paths: Sequence[str], other: str) -> tuple[str, str]:
    """Names of a dataset and of the one it is compared with, which differ.

    >>> sides_named(["a/boxes.csv"], "b/boxes.csv"), sides_named(["boxes.csv"], "boxes.csv")
    (('a/boxes.csv', 'b/boxes.csv'), ('boxes.csv', 'boxes.csv (compared)'))
    >>> sides_named(["/a/b/boxes.csv"], "/a/b/boxes.csv"), sides_named(["/a/b/x.csv"], "/c/b/x.csv")
    (('boxes.csv', 'boxes.csv (compared)'), ('/a/b/x.csv', '/c/b/x.csv'))
    """
    for parts in (1, 2, len(Path(other).parts)):
        first, second = title_of(paths, parts), title_of([other], parts)
        if first != second:
            return first, second
    return title_of(paths), f"{title_of([other])} (compared)"
