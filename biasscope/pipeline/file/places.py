"""Where the files that an analysis names are: relative to its own file, with environment variables.

A relative path starts from the folder of the file it stands in, so that an analysis runs from anywhere; one that is set
on the command line starts from the working folder. ``${NAME}`` is the environment variable, ``${NAME:-text}`` the text
where it is not set. Both hold for keys that name data or weights, and for no others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from biasscope.core.errors import UsageError
from biasscope.core.home import expanded

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
EMBEDDED = re.compile(r"(scenes|centred)(:.*)?")
"""Pictures that are embedded, and lie nowhere."""


def resolved(question: str, key: str, value: object, folder: Path, *, where: str) -> object:
    """Value of a key of a question with its paths made absolute; that of a key which names no path, as it is.

    Raises
    ------
    UsageError
        An environment variable is not set and has no default.

    Examples
    --------
    >>> resolved("dataset", "sizes", "sizes.csv", Path("/data"), where="a.toml")
    '/data/sizes.csv'
    >>> resolved("layers", "model", ["file:w.safetensors?arch=cifar_resnet20", "small:digits8"], Path("/w"), where="")
    ['file:/w/w.safetensors?arch=cifar_resnet20', 'small:digits8']
    """
    place = measured_on(question).get(key)
    if place is None:
        return value
    if isinstance(value, list):
        return [resolved(question, key, item, folder, where=where) for item in value]
    return place(_filled(value, where), folder) if isinstance(value, str) else value


def _filled(text: str, where: str) -> str:
    """Text with its environment variables filled in."""

    def fill(found: re.Match[str]) -> str:
        given = os.environ.get(found[1]) or found[2]
        if given is None:
            hint = f"Set {found[1]} to the folder of the data, or give the value with --set."
            raise UsageError(f"the environment variable {found[1]} is not set", where=where, hint=hint)
        return given

    return VARIABLE.sub(fill, text)


def _file(text: str, folder: Path) -> str:
    return text if "://" in text else os.path.normpath(folder / expanded(text))


def _pictures(text: str, folder: Path) -> str:
    if EMBEDDED.fullmatch(text):
        return text
    if text.startswith("video:"):
        return f"video:{_file(text.removeprefix('video:'), folder)}"
    return _file(text, folder)


def _model(text: str, folder: Path) -> str:
    if not text.startswith("file:"):
        return text
    name, mark, options = text.removeprefix("file:").partition("?")
    return f"file:{_file(name, folder)}{mark}{options}"


Place = Callable[[str, Path], str]
BOXES: dict[str, Place] = {"paths": _file, "images": _file, "sizes": _file, "compare": _file}
PICTURES: dict[str, Place] = {"images": _pictures, "held_out": _pictures, "classes_file": _file, "model": _model}
"""Key -> what makes its paths absolute, in the question of the dataset and in the others."""


def measured_on(question: str) -> dict[str, Place]:
    """Keys of a question that name its data and models.

    >>> sorted(measured_on("layers"))
    ['classes_file', 'held_out', 'images', 'model']
    """
    return BOXES if question == "dataset" else PICTURES
