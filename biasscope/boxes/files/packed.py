"""Annotation files in an archive that are not read there: their names, and the format that each looks like."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from biasscope.boxes.files.archive import is_archive
from biasscope.boxes.files.listing import HEAD
from biasscope.boxes.files.names import suffix_of
from biasscope.boxes.registry import READERS, detector
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError
from biasscope.core.words import first_few

LOOKED_AT = 1000
"""Files of each suffix that are shown to the readers."""
NAMED = 5
SPLIT_LIST = re.compile(r"(?:^|[/!])ImageSets/Main/(?:train|val|test)\.txt$")
"""Lists of the images of a split of PASCAL VOC."""
DATA = (".json", ".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".arrow", ".feather", ".ipc")


class Packed:
    """Collects the members of archives that look like annotations and that a reader passes over.

    Attributes
    ----------
    found
        Place of each (archive and member), and the name of the reader that knows it, or an empty text.
    """

    def __init__(self, reader: str, found: Sequence[tuple[str, str]] = ()) -> None:
        self.found = list(found)
        self._reader = reader
        self._looked: Counter[str] = Counter()

    def add(self, where: str, head: Callable[[int], bytes]) -> None:
        """Take a member; ``head`` gives its first bytes. A text counts if it lists a split or holds labels."""
        suffix = suffix_of(where)
        if suffix not in (*DATA, ".txt") and not is_archive(where):
            return
        other = ""
        if suffix in (*DATA, ".txt") and self._looked[suffix] < LOOKED_AT:
            self._looked[suffix] += 1
            other = self._format(suffix, head(HEAD))
        if other or suffix != ".txt" or SPLIT_LIST.search(where):
            self.found.append((where, other))

    def holds(self) -> str:
        """What was found, to be put behind a sentence; empty where nothing was."""
        return f" (it holds {first_few([where for where, _ in self.found], NAMED)})" if self.found else ""

    def _format(self, suffix: str, data: bytes) -> str:
        """Name of the reader that knows a file by its first bytes; the member's own name is never written."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, f"member{suffix}")
                path.write_bytes(data)
                return known_to(Request(path), self._reader) or ""
        except OSError:
            return ""


def known_to(request: Request, reader: str) -> str | None:
    """Name of a reader that knows the one file of a request, and is not ``reader``, which passed it over."""
    others = (name for name in READERS if name not in (reader, "huggingface"))
    return next((name for name in others if knows(name, request)), None)


def knows(reader: str, request: Request) -> bool:
    """Whether a reader knows the one file of a request."""
    if request.files[0].suffix not in READERS[reader].facts["suffixes"]:
        return False
    try:
        return cast(Callable[[Request], bool], detector(reader))(request)
    except InputError:
        return False
