"""What belongs to YOLO labels: which text files are labels, and the names of the classes."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from biasscope.boxes.files.listing import Found, head
from biasscope.boxes.files.names import IMAGE_SUFFIXES, split_from, suffix_of
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

_LISTS = ("train.txt", "val.txt", "valid.txt", "test.txt", "classes.txt", "labels.txt", "labelmap.txt")
_TEXTS = ("readme.txt", "readme.dataset.txt", "readme.roboflow.txt", "requirements.txt", "license.txt")
_OTHERS = frozenset(_LISTS + _TEXTS)
YAML, _CLASSES = (".yaml", ".yml"), ("classes.txt", "_darknet.labels")
_NAMING = (*YAML, ".names")
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


def is_list(name: str, text: str) -> bool:
    """Whether a text file outside of folders of labels names an image in each line, as lists of splits do.

    >>> is_list("train2017.txt", "./images/1.jpg"), is_list("labels/1.txt", "1.jpg"), is_list("a.txt", "")
    (True, False, False)
    """
    text = text.rstrip()
    if suffix_of(text) not in IMAGE_SUFFIXES or "labels" in name.split("/")[:-1]:
        return False
    return all(suffix_of(line.rstrip()) in IMAGE_SUFFIXES for line in text.splitlines() if line.strip())


def split_lists(request: Request, labels: set[str]) -> list[str]:
    """Names of text files that list the images of a split in a folder that was given: only a data yaml says so.

    ``labels`` are names of files that are known to be labels, and so are not opened again.
    """
    named = (one for one in request.of(".txt") if one.name not in labels and _of_split(one.name))
    return [one.name for one in named if is_list(one.name, _first_line(Path(one.path)))]


def _of_split(name: str) -> bool:
    return split_from(name.rpartition("/")[2].removesuffix(".txt")) is not None


def _first_line(path: Path) -> str:
    return head(path, 4096).decode("utf-8-sig", errors="replace").lstrip().partition("\n")[0]


def label_files(request: Request) -> list[Found]:
    """Text files that can be labels, in the order of their names."""
    found = [one for one in request.of(".txt") if not is_other(one.name)]
    if not found:
        raise InputError("no YOLO label file (.txt) is here", where=str(request.path))
    return found


class Classes(NamedTuple):
    """What stands beside labels: names of the classes by number, the file they are from, and numbers of keypoints.

    Attributes
    ----------
    names, origin
        Empty where no file names the classes.
    keypoints
        Numbers that follow a box in each row (``kpt_shape`` of a data yaml).
    others
        Files under the path that name one of these classes otherwise.
    """

    names: dict[int, str]
    origin: str = ""
    keypoints: int = 0
    others: tuple[str, ...] = ()


def classes_of(request: Request) -> Classes:
    """Names of the classes, and what else a data yaml says of the rows.

    Looked for under the path, else beside it where it is a file, else in the two folders above: a yaml with ``names``,
    ``obj.names``, ``*.names``, ``classes.txt`` or ``_darknet.labels``; the first one counts.

    Raises
    ------
    InputError
        A yaml that is met before the names cannot be read.
    """
    inside = [Path(one.path) for one in request.files if one.suffix in _NAMING or one.name.lower().endswith(_CLASSES)]
    beside = [] if request.path.is_dir() else [request.path.parent]
    root = beside[0] if beside else request.path
    outside = (path for folder in [*beside, *root.resolve().parents[:2]] for path in files_in(folder))
    first = next((one for path in chain(inside, outside) if (one := _from_file(path)).names), Classes({}))
    others = [one for path in inside if (one := _lenient(path)).names]
    differ = [
        one.origin for one in others if any(first.names.get(key, name) != name for key, name in one.names.items())
    ]
    keypoints = [one.keypoints for one in (first, *others) if one.keypoints]
    return first._replace(others=tuple(differ), keypoints=keypoints[0] if keypoints else 0)


def _lenient(path: Path) -> Classes:
    try:
        return _from_file(path)
    except InputError:
        return Classes({})


def _from_file(path: Path) -> Classes:
    if path.suffix.lower() in YAML:
        return _from_yaml(path)
    return Classes(_from_list(path), path.name)


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
        raise InputError(f"cannot be read as yaml ({_said(error)})", where=str(path)) from error
    if values > _MOST_VALUES:
        raise InputError("stands for too many values", where=str(path), hint="Its aliases refer to each other.")
    return data


def _said(error: Exception) -> str:
    """What is wrong with a yaml, and in which line where that is known."""
    mark, problem = (getattr(error, name, None) for name in ("problem_mark", "problem"))
    what = str(problem or error).split("\n")[0]
    return what if mark is None else f"{what}, line {mark.line + 1}"


def _values(node: object, counted: dict[int, int]) -> int:
    """Values that a node stands for, aliases written out; one that holds itself stands for too many."""
    inside = [*node, *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ()
    if inside and id(node) not in counted:
        counted[id(node)] = _MOST_VALUES
        counted[id(node)] = 1 + sum(_values(item, counted) for item in inside)
    return counted.get(id(node), 1)


def files_in(folder: Path) -> list[Path]:
    """Files of a folder beside or above what was given; none where it may not be looked into."""
    try:
        return [path for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError:
        return []


def _from_yaml(path: Path) -> Classes:
    data = load_yaml(path)
    names = data.get("names") if isinstance(data, dict) else None
    if not isinstance(names, list | dict):
        return Classes({})
    try:
        given = (
            dict(enumerate(names)) if isinstance(names, list) else {_number(key): name for key, name in names.items()}
        )
    except (TypeError, ValueError, OverflowError):
        return Classes({})
    if not all(isinstance(name, str) for name in given.values()):
        given = _as_written(path, given)
    shape = data.get("kpt_shape")
    sound = isinstance(shape, list) and len(shape) == 2 and all(isinstance(side, int) for side in shape)
    named = {key: _plain(name) for key, name in given.items()}
    return Classes(named, path.name, keypoints=shape[0] * shape[1] if sound else 0)


def _number(key: object) -> int:
    """Number of a class, which may be in quotes; a fraction or a truth value is none."""
    if isinstance(key, float | bool):
        raise TypeError(key)
    return int(key)  # type: ignore[call-overload, no-any-return]


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
    if path.suffix.lower() != ".names" and path.name.lower() not in _CLASSES:
        return {}
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    return {number: line.strip() for number, line in enumerate(lines) if line.strip()}
