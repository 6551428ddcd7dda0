"""Where a report came from: versions, machine, seed, command, inputs with their hashes, and when."""

from __future__ import annotations

import hashlib
import platform
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from biasscope.core.words import legible

PACKAGES = ("biasscope", "numpy", "scipy", "polars", "scikit-learn", "torch", "torchvision", "seaborn", "matplotlib")

LISTED = 50
"""Inputs of a group that a report lists with their hashes; the others are told apart by one hash of them all."""
READ_FILES, READ_BYTES = 5_000, 100_000_000
"""Number and size of unlisted inputs up to which they are read for their hash; beyond, names and sizes must do."""


class InputFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input: its name as given, its size in bytes and the SHA-256 of its content (``None`` when not hashed)."""

    name: str
    bytes: int
    sha256: str | None = None


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything needed to make a report again, or to say why two reports cannot be compared.

    ``inputs`` are the first of ``input_count`` input files, and ``others`` is one hash of all that are not listed.
    """

    command: list[str]
    seed: int
    versions: dict[str, str]
    machine: dict[str, str]
    inputs: list[InputFile] = []
    input_count: int = 0
    others: str = ""
    started: str = ""
    seconds: float = 0.0


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Installed versions, read from package metadata: nothing is imported for it."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """Kind of machine, without its name or its user's."""
    return {"system": platform.system(), "machine": platform.machine(), "implementation": sys.implementation.name}


def sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def input_files(paths: Sequence[Path], *, most: int = LISTED) -> list[InputFile]:
    """First ``most`` inputs with size and hash. Folders are represented by their files.

    Files of the same name, as in the folders of classes, are named with the folder that they lie in.
    """
    found = [(path, size) for path in paths[:most] if (size := _size(path)) is not None]
    often = Counter(path.name for path, _ in found)
    names = [path.name if often[path.name] == 1 else f"{path.parent.name}/{path.name}" for path, _ in found]
    return [InputFile(legible(name), size, _hash(path)) for name, (path, size) in zip(names, found, strict=True)]


def _size(path: Path) -> int | None:
    """Bytes of a file, ``None`` of what is none or lies where nothing may be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _hash(path: Path) -> str | None:
    """SHA-256 of a file's content, ``None`` where it cannot be read; that is told as a problem of the picture."""
    try:
        return sha256(path)
    except OSError:
        return None


class Inputs(msgspec.Struct, frozen=True):
    """Input files as a report names them: the first with their hashes, how many there are, one hash of the others."""

    listed: list[InputFile]
    count: int
    others: str


def inputs_of(*groups: Sequence[Path]) -> Inputs:
    """Input files of an analysis, which may come in several groups. Reads them."""
    listed = [file for group in groups for file in input_files(group)]
    return Inputs(listed, sum(map(len, groups)), others(groups))


def others(groups: Iterable[Sequence[Path]], *, most: int = LISTED) -> str:
    """SHA-256 of the inputs that :func:`input_files` does not list; empty when it lists them all.

    It is of their contents when they are few and small, else of their names and sizes, and of no order.

    >>> others([[Path("a.xml")]])
    ''
    """
    groups = list(groups)
    rest = [fact for group in groups for fact in _sizes(group, most)]
    if len(rest) <= READ_FILES and sum(size for _, size in rest) <= READ_BYTES:
        facts = [_hash(path) or path.name for group in groups for path in group[most:] if _size(path) is not None]
    else:
        facts = [f"{name} {size}" for name, size in rest]
    return hashlib.sha256("\n".join(sorted(facts)).encode("utf-8", "surrogateescape")).hexdigest() if rest else ""


def _sizes(group: Sequence[Path], start: int) -> list[tuple[str, int]]:
    """Names and bytes of the files from one on; a group may know them without a path for each."""
    known = getattr(group, "sizes", None)
    found: list[tuple[str, int]] = known(start) if known else []
    return found if known else [(path.name, size) for path in group[start:] if (size := _size(path)) is not None]


def now() -> str:
    """Present time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
