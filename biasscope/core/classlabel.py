"""Names of classes that the ``datasets`` library writes into Parquet files, beside their numbers."""

from __future__ import annotations

import json

FEATURES = "huggingface"
"""Key of the file's metadata under which the library describes its columns."""


def names_stored(stored: str | bytes, column: str) -> tuple[str, ...] | None:
    """Names of the classes in a column, by their number; ``None`` where the description names none.

    Parameters
    ----------
    stored
        What stands under :data:`FEATURES`.
    column
        Name of the column.

    Examples
    --------
    >>> names_stored('{"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}', "label")
    ('cat', 'dog')
    """
    try:
        names = json.loads(stored)["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError):
        return None
    return tuple(map(str, names)) if isinstance(names, list) else None
