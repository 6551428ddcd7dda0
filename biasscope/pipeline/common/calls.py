"""From what a caller hands over to the definition of an analysis that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from biasscope.pipeline.common.labels import label_of
from biasscope.pipeline.definition import defined

D = TypeVar("D", bound=msgspec.Struct)


def called(
    kind: type[D],
    models: Sequence[Any],
    images: Any,
    options: Mapping[str, object],
    label: Callable[[Any], str] = label_of,
) -> D:
    """Definition of a call; models and pictures in memory are named in it as well as they can be.

    Parameters
    ----------
    kind
        Of the definition.
    models, images
        As they were handed over: texts that the definition holds, or things in memory.
    options
        Fields of the definition.
    label
        Names a model in memory.

    Raises
    ------
    UsageError
        An option is unknown or out of range.

    Examples
    --------
    >>> from biasscope.pipeline.definition import LayersAnalysis
    >>> called(LayersAnalysis, ["small:digits8"], [[0, 1]], {"limit": 3}).images
    'list in memory'
    """
    named = {"model": [item if isinstance(item, str) else label(item) for item in models]} if models else {}
    shown = {} if images is None else {"images": _name(images)}
    return defined(kind, {**named, **shown, **options})


def in_memory(images: Any) -> Any:
    """Pictures that no text of the definition names, or ``None``."""
    return None if isinstance(images, str) else images


def _name(images: Any) -> str:
    if isinstance(images, str | Path):
        return str(images)
    return str(getattr(images, "name", "") or f"{type(images).__name__} in memory")
