"""Frames of boxes as the statistics take them: the columns they need, of types that they can use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast

import polars as pl

from biasscope.bias.counting.rows import CORNERS
from biasscope.boxes.tables.damage import DAMAGE, unreadable
from biasscope.core.errors import InputError

F = TypeVar("F", bound=pl.DataFrame | pl.LazyFrame)
NEEDED = ("image_id", "label", *CORNERS, "image_width", "image_height")
NAMES = ("image_id", "split", "label")
HINT = "Give a frame in the BOXES schema."
BEHIND = (
    "Is an expression of the lazy frame wrong (its collect() tells), or a file behind it damaged, cut off, not UTF-8, "
    "or of another format?"
)


def checked(boxes: F, needed: Sequence[str] = NEEDED) -> F:
    """Frame whose columns can be used: ids and labels that are whole numbers become texts.

    Parameters
    ----------
    boxes
        Frame of polars, in memory or lazy.
    needed
        Columns that it must have.

    Raises
    ------
    InputError
        It is no frame of polars, a column is missing, one holds something else, or there is no file behind it.

    Examples
    --------
    >>> checked(pl.DataFrame({"image_id": [7], "label": [None]}), ["image_id", "label"]).row(0)
    ('7', None)
    """
    if not isinstance(boxes, pl.DataFrame | pl.LazyFrame):
        raise no_frame(boxes)
    with reading():
        schema = boxes.collect_schema()
    if missing := [name for name in needed if name not in schema]:
        raise InputError(f"boxes without {', '.join(missing)}", hint=HINT)
    texts = [name for name in NAMES if name in schema and _to_text(name, schema[name])]
    for name in needed:
        if name not in NAMES and not (schema[name].is_numeric() or schema[name] == pl.Null):
            raise InputError(f"column {name!r} holds no numbers (its type is {schema[name]})", hint=HINT)
    return cast(F, boxes.with_columns(pl.col(texts).cast(pl.String))) if texts else boxes


@contextmanager
def reading() -> Iterator[None]:
    """What polars raises over a lazy frame, its expressions or a file behind it, becomes an input error."""
    try:
        yield
    except DAMAGE as error:
        raise InputError(unreadable(error, []).what, hint=BEHIND) from error


def no_frame(given: object) -> InputError:
    """Error for what is no frame of polars.

    >>> no_frame("boxes.csv").what
    'boxes are no frame of polars but builtins.str'
    """
    kind = f"{type(given).__module__.partition('.')[0]}.{type(given).__name__}"
    return InputError(f"boxes are no frame of polars but {kind}", hint="For pandas there is polars.from_pandas.")


def _to_text(name: str, kind: pl.DataType) -> bool:
    """Whether a column of names has to become text first."""
    if kind == pl.String or (name != "image_id" and kind in (pl.Categorical, pl.Enum)):
        return False
    if kind.is_integer() or kind in (pl.Null, pl.Categorical, pl.Enum):
        return True
    raise InputError(f"column {name!r} holds neither texts nor whole numbers (its type is {kind})", hint=HINT)
