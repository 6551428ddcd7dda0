"""The pictures of an analysis, opened the same way for every question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from biasscope.core.errors import InputError
from biasscope.core.words import first_few
from biasscope.images import open_images
from biasscope.images.picture import ImageSource
from biasscope.pipeline.definition import Definition

READING = ("image_column", "label_column", "box_columns", "box_convention", "classes_file", "split", "stream")
"""Options that say how pictures are read, where a definition has them."""
SCENES = "embedded digit scenes"


def opened(
    asked: Definition, given: Any, *, limit: int | None, side: int = 64, images: str | None = None
) -> ImageSource:
    """Open the pictures of an analysis.

    Parameters
    ----------
    asked
        The analysis; its ``images`` names them.
    given
        Pictures in memory or an open source, in their place.
    limit
        Most pictures; ``None`` for all.
    side
        Side of the embedded scenes, which are there when nothing is named.
    images
        In the place of what the analysis names.
    """
    options: dict[str, Any] = {"limit": limit, "seed": asked.seed}
    options |= {name: getattr(asked, name) for name in ("clip_length",) if hasattr(asked, name)}
    named = images or getattr(asked, "images", None)
    if given is not None:
        return open_images(given, **options)
    if named is None:
        return open_images("scenes", side=side, **options)
    return open_images(named, **{name: value for name in READING if (value := getattr(asked, name, None))}, **options)


def readable(source: ImageSource) -> ImageSource:
    """A source of which at least one picture can be read: asked before networks are loaded, which may train them.

    Raises
    ------
    InputError
        There is none; said with what is wrong with the first.

    Examples
    --------
    >>> readable(open_images("scenes:2")).count
    2
    """
    if next(iter(source), None) is None:
        raise none_read(source)
    return source


def none_read(source: ImageSource) -> InputError:
    """Error of a source that gave no pictures, with what is wrong with the first."""
    if not source.problems:
        return InputError("there are no pictures", where=source.name, hint="Give --images SOURCE.")
    first = source.problems[0]
    said = f"none of its pictures can be read; the first, {first.image_id}: {first.detail}"
    return InputError(said, where=source.name, hint="Repair them, or give --images other pictures.")


def place(source: ImageSource, asked: Definition) -> str:
    """Pictures in a word or two, for a title."""
    return Path(source.name).name if getattr(asked, "images", None) else SCENES


def listed(names: list[str], most: int = 3) -> str:
    """Names for a title, the first few of them, each once.

    >>> listed(["a", "b", "a", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    return first_few(list(dict.fromkeys(names)), most)
