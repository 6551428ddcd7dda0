"""Box conventions: what the numbers of a file mean, and the one function that turns them into pixel edges.

Convention
----------
A reader extracts four raw numbers a box as *corners in pixels* ``(x0, y0, x1, y1)``; a format that stores a corner and
a size, or fractions of the frame, is first brought to that layout with :func:`from_xywh` and :func:`from_fraction`.
:func:`to_edges` then applies what the corners mean:

========== ==================================================================== ===================================
name       corners are                                                          who writes them
========== ==================================================================== ===================================
edges      pixel edges; pixel i covers [i, i + 1)                               CVAT, most tables
xywh       left, top, width, height; the corners ``x + w`` are edges            COCO
fraction   edges as fractions of the frame                                      Open Images, YOLO (centre and size)
inclusive0 first and last pixel, counted from 0                                 ImageNet
inclusive1 first and last pixel, counted from 1                                 PASCAL VOC
========== ==================================================================== ===================================

Files converted from PASCAL VOC keep VOC's one-based numbers, whatever the format: COCO, YOLO, CVAT, Open Images and
tables made from VOC are one pixel aside on the left and at the top unless they are read with
``--box-convention inclusive1`` (``box_convention="inclusive1"``). Nothing in such a file says so; the integrity section
of the report suggests it when whole numbers touch the frame as VOC's would (:mod:`biasscope.boxes.integrity.evidence`).

All functions work alike on numbers, numpy arrays and polars expressions.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, get_args

from biasscope.core.errors import UsageError

Convention = Literal["edges", "inclusive0", "inclusive1", "xywh", "fraction"]
CONVENTIONS: tuple[str, ...] = get_args(Convention)
CORNER_CONVENTIONS = ("edges", "inclusive0", "inclusive1")

T = TypeVar("T", bound=Any)

_FIRST = {"inclusive1": -1.0}
_LAST = {"inclusive0": 1.0}


def offsets(convention: str) -> tuple[float, float]:
    """Pixels to add to the first and to the last corner of a convention to get edges.

    >>> offsets("inclusive0"), offsets("inclusive1"), offsets("xywh")
    ((0.0, 1.0), (-1.0, 0.0), (0.0, 0.0))
    """
    return _FIRST.get(convention, 0.0), _LAST.get(convention, 0.0)


def to_edges(x0: T, y0: T, x1: T, y1: T, convention: str) -> tuple[T, T, T, T]:
    """Corners in pixels, as a file gives them, to pixel edges.

    Examples
    --------
    The first two columns and three rows of an image, as ImageNet and as PASCAL VOC write them:

    >>> to_edges(0, 0, 1, 2, "inclusive0")
    (0.0, 0.0, 2.0, 3.0)
    >>> to_edges(1, 1, 2, 3, "inclusive1")
    (0.0, 0.0, 2.0, 3.0)
    """
    first, last = offsets(convention)
    return x0 + first, y0 + first, x1 + last, y1 + last


def from_edges(x0: T, y0: T, x1: T, y1: T, convention: str) -> tuple[T, T, T, T]:
    """Pixel edges to the corners a convention would write: the inverse of :func:`to_edges`."""
    first, last = offsets(convention)
    return x0 - first, y0 - first, x1 - last, y1 - last


def from_xywh(x: T, y: T, width: T, height: T) -> tuple[T, T, T, T]:
    """Left, top, width, height to corners."""
    return x, y, x + width, y + height


def from_centre(x: T, y: T, width: T, height: T) -> tuple[T, T, T, T]:
    """Centre, width, height to corners.

    >>> from_centre(0.5, 0.5, 0.5, 1.0)
    (0.25, 0.0, 0.75, 1.0)
    """
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def from_fraction(x0: T, y0: T, x1: T, y1: T, width: T, height: T) -> tuple[T, T, T, T]:
    """Corners as fractions of a ``width`` x ``height`` frame to corners in pixels."""
    return x0 * width, y0 * height, x1 * width, y1 * height


def check_convention(name: str) -> str:
    """Return the name, or raise :class:`UsageError` when there is no such convention (``auto`` is one)."""
    if name != "auto" and name not in CONVENTIONS:
        raise UsageError(f"no box convention is called {name!r}", hint=f"There are: auto, {', '.join(CONVENTIONS)}.")
    return name


def choose_corners(asked: str, default: str, noun: str) -> str:
    """Convention of a format that always stores corners or always stores fractions.

    ``asked`` overrides ``default``. ``xywh`` and ``fraction`` describe a layout, which such a format fixes itself.
    """
    if asked in ("auto", default):
        return default
    if asked not in CORNER_CONVENTIONS:
        raise UsageError(
            f"{noun} cannot be read with --box-convention {asked}",
            hint=f"Its layout is fixed; what its corners mean can be: auto, {', '.join(CORNER_CONVENTIONS)}.",
        )
    return asked
