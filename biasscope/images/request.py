"""What `open_images` was asked for, as the sources get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from biasscope.core.errors import UsageError
from biasscope.core.home import expanded
from biasscope.images.decode import DEFAULT, Limits

BoxConvention = Literal["edges", "inclusive0", "inclusive1", "xywh", "fraction"]
CONVENTIONS = ("edges", "inclusive0", "inclusive1", "xywh", "fraction")


@dataclass(frozen=True, kw_only=True)
class Request:
    """Specification and options; `open_images` explains them."""

    spec: Any
    limit: int | None = None
    seed: int = 0
    labels: Sequence[int | None] | None = None
    class_names: Sequence[str] | None = None
    classes_file: Path | None = None
    image_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    box_columns: Sequence[str] | None = None
    box_convention: BoxConvention = "edges"
    split: str | None = None
    stream: bool = False
    clip_length: int = 16
    clip_step: int | None = None
    side: int = 64
    margin: int = 0
    limits: Limits = DEFAULT

    def __post_init__(self) -> None:
        """Check what does not depend on the source."""
        if self.box_convention not in CONVENTIONS:
            hint = f"There are: {', '.join(CONVENTIONS)}."
            raise UsageError(f"no box convention is called {self.box_convention!r}", hint=hint)
        if self.box_columns is not None and len(self.box_columns) != 4:
            raise UsageError("boxes need four columns", where="box_columns", hint="Name them in the order x0,y0,x1,y1.")
        if self.box_columns is not None and len(set(self.box_columns)) < 4:
            raise UsageError("a column stands there more than once", where="box_columns", hint="Name four of them.")

    @property
    def text(self) -> str:
        """Specification as text; empty if it is none."""
        return str(self.spec) if isinstance(self.spec, (str, Path)) else ""

    @property
    def path(self) -> Path | None:
        """Path without its prefix, if the specification is one."""
        words = self.text
        for prefix in ("folder:", "table:", "huggingface:", "video:"):
            words = words.removeprefix(prefix)
        return expanded(words) if words else None

    def changed(self) -> dict[str, str | int | float | bool | None]:
        """Options that are not at their default, as JSON values (labels and class names are counted only)."""
        found: dict[str, str | int | float | bool | None] = {}
        for option in fields(self):
            value = getattr(self, option.name)
            plain = isinstance(value, (str, int, float, bool))
            if option.name in ("spec", "limits") or value is None or (plain and value == option.default):
                continue
            found[option.name] = value if plain else f"{len(value)} given" if option.name in _LONG else _words(value)
        for limit in fields(self.limits):
            if (value := getattr(self.limits, limit.name)) != limit.default:
                found[f"limit {limit.name}"] = value
        return found


_LONG = ("labels", "class_names")


def _words(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
