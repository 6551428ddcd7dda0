"""What all transformations share that move pictures over a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import InputError, UsageError
from biasscope.core.results import Cell
from biasscope.transforms.grid import Grid, parse_grid
from biasscope.transforms.transformation import Transformation

LONGEST = 500
"""Largest aspect ratio: beyond it a picture whose short side is enlarged to the model's would fill the memory."""


class Parametric(Transformation):
    """A transformation that is a dataclass: its parameters are its fields."""

    @property
    def parameters(self) -> Mapping[str, Cell]:
        """Protocol and every field; lists as comma-separated text."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.init}  # type: ignore[arg-type]
        return {"protocol": self.name, **{name: _cell(value) for name, value in values.items()}}


def _cell(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    return ",".join(f"{item:.10g}" if isinstance(item, float) else str(item) for item in value)


@dataclass(frozen=True)
class OverGrid(Parametric):
    """Views are the shifts of a grid.

    Parameters
    ----------
    grid
        As `biasscope.transforms.grid.parse_grid` reads it.
    """

    grid: str = "7x7"

    def __post_init__(self) -> None:
        """Read the grid."""
        parse_grid(self.grid)

    @property
    def shifts(self) -> Grid:
        """The grid that was read."""
        return parse_grid(self.grid)

    @property
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Shifts ``dy`` and ``dx`` in pixels."""
        return self.shifts.columns()

    @property
    def reference(self) -> int:
        """Index of the unshifted view, or of the first."""
        return self.shifts.reference

    @property
    def steps(self) -> NDArray[np.int64]:
        """Left and upper neighbours on a full grid, the view before on a path."""
        return np.asarray(self.shifts.steps, np.int64)

    def __len__(self) -> int:
        """Give the number of shifts."""
        return len(self.shifts.offsets)


@dataclass(frozen=True)
class OverWholeGrid(OverGrid):
    """Views are shifts by whole pixels."""

    def __post_init__(self) -> None:
        """Refuse fractions."""
        if not self.shifts.whole:
            hint = "The protocols fourier and bilinear shift by fractions of a pixel."
            raise UsageError(
                f"the protocol {self.name} moves by whole pixels, the grid {self.grid} does not", hint=hint
            )

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Shifts (S, 2)."""
        return np.asarray(self.shifts.offsets, np.int64)

    @property
    def extent(self) -> tuple[int, int]:
        """How far the content travels, (down, right)."""
        down, right = self.shifts.extent
        return int(down), int(right)


def option(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Check that a parameter is one of its choices."""
    if value not in choices:
        raise UsageError(f"{name} is {value!r}", hint=f"It is one of {', '.join(choices)}.")


def positive(name: str, value: int | None, *, least: int = 1) -> None:
    """Check that a number, where there is one, is a whole number of at least ``least``."""
    if value is not None and (type(value) is not int or not least <= value < 1_000_000):
        raise UsageError(f"{name} is {value!r}", hint=f"It is a whole number from {least} on.")


def still(pixels: NDArray[np.uint8], image_id: str) -> NDArray[np.uint8]:
    """Give the pixels of one picture; a clip is an input error, and so is a thread that resizing would blow up."""
    if pixels.ndim == 4:
        raise InputError("this is a clip, not one picture", where=image_id, hint="Clips go with the protocol video.")
    height, width = pixels.shape[:2]
    if max(height, width) > LONGEST * min(height, width):
        hint = f"Leave it out, or cut it: one side may be {LONGEST} times the other."
        raise InputError(f"the picture is {width} x {height} pixels", where=image_id, hint=hint)
    return pixels
