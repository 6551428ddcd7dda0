"""What belongs to YOLO labels: which text files are labels, and the names of the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from biasscope.boxes.files import Found, head
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

_LISTS = ("train.txt", "val.txt", "valid.txt", "test.txt", "classes.txt", "labels.txt", "labelmap.txt")
_TEXTS = ("readme.txt", "readme.dataset.txt", "readme.roboflow.txt", "requirements.txt", "license.txt")
_OTHERS = frozenset(_LISTS + _TEXTS)
_LARGEST_YAML = 1 << 22
_MOST_VALUES = 1 << 20
"""Values of a yaml file, each alias counted as all that it stands for: a few lines of them can stand for billions."""


def is_label_file(path: Path) -> bool:
    """Whether the first row that is not empty is a class number followed by at least four numbers."""
    if is_other(path.name):
        return False
    first = head(path, 4096).decode("utf-8-sig", errors="replace").strip().splitlines()
    words = first[0].split() if first else []
    try:
        return len([float(word) for word in words]) >= 5
    except ValueError:
        return False


def is_other(name: str) -> bool:
    """Whether a text file of this name is usually a list or a text, and no labels."""
    return name.rpartition("/")[2].lower() in _OTHERS


def label_files(request: Request) -> list[Found]:
    """Text files that can be labels, in the order of their names."""
    found = [one for one in request.of(".txt") if not is_other(one.name)]
    if not found:
        raise InputError("no YOLO label file (.txt) is here", where=str(request.path))
    return found


def class_names(request: Request) -> tuple[dict[int, str], str]:
    """Names of the classes by number, and the file they are from; nothing when there is no such file.

    Looked for under the path and in the two folders above it: a yaml with ``names``, ``obj.names``, ``*.names`` or
    ``classes.txt``.
    """
    root = request.path if request.path.is_dir() else request.path.parent
    if request.path.suffix.lower() in (".yaml", ".yml") and (names := _from_yaml(request.path)):
        return names, request.path.name
    inside = [Path(found.path) for found in request.files]
    above = [path for folder in list(root.resolve().parents)[:2] for path in _listed(folder)]
    for path in (*inside, *(above if request.path.is_file() or root.name else ())):
        names = _from_yaml(path) if path.suffix.lower() in (".yaml", ".yml") else _from_list(path)
        if names:
            return names, path.name
    return {}, ""


def load_yaml(path: Path) -> Any:
    """Content of a yaml file; ``None`` for one that is too large to be a data yaml.

    Raises
    ------
    InputError
        It is no yaml, or asks for more than plain values.
    """
    import yaml  # type: ignore[import-untyped]  # comes with datasets

    if path.stat().st_size > _LARGEST_YAML:
        return None
    try:
        data = yaml.safe_load(path.read_bytes())
        values = _values(data, {})
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError) as error:
        raise InputError("cannot be read as yaml", where=str(path), hint=str(error).split("\n")[0]) from error
    if values > _MOST_VALUES:
        raise InputError("stands for too many values", where=str(path), hint="Its aliases refer to each other.")
    return data


def _values(node: object, counted: dict[int, int]) -> int:
    """Values that a node stands for, aliases written out; one that holds itself stands for too many."""
    inside = [*node, *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ()
    if inside and id(node) not in counted:
        counted[id(node)] = _MOST_VALUES
        counted[id(node)] = 1 + sum(_values(item, counted) for item in inside)
    return counted.get(id(node), 1)


def _listed(folder: Path) -> list[Path]:
    """Files of a folder above the one that was given; none where it may not be looked into."""
    try:
        return [path for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError:
        return []


def _from_yaml(path: Path) -> dict[int, str]:
    data = load_yaml(path)
    names = data.get("names") if isinstance(data, dict) else None
    if not isinstance(names, list | dict):
        return {}
    given = dict(enumerate(names)) if isinstance(names, list) else names
    if not all(isinstance(key, int) for key in given):
        return {}
    if not all(isinstance(name, str) for name in given.values()):
        given = _as_written(path, given)
    return {key: _plain(name) for key, name in given.items()}


def _as_written(path: Path, names: dict[int, Any]) -> dict[int, Any]:
    """Names of a sound yaml as texts: otherwise ``no`` and ``off`` are false, and ``1.10`` is 1.1."""
    import yaml

    found = yaml.load(path.read_bytes(), yaml.BaseLoader)["names"]  # noqa: S506 (it makes texts, lists and mappings)
    texts = found if isinstance(found, list) else list(found.values())
    return dict(zip(names, texts, strict=True)) if len(texts) == len(names) else names  # keys may be merged or repeated


def _plain(name: object) -> str:
    """Text of a name, without blanks around it and without halves of characters."""
    return str(name).strip().encode("utf-8", "replace").decode()


def _from_list(path: Path) -> dict[int, str]:
    if path.suffix.lower() != ".names" and path.name.lower() != "classes.txt":
        return {}
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    return {number: line.strip() for number, line in enumerate(lines) if line.strip()}
