"""Classes of the objects of a Hugging Face dataset: which feature holds them, and their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from biasscope.boxes.readers.table.columns import LABEL, NAME_OF_CLASS, field_of
from biasscope.boxes.tables.fields import word

LISTED = ("categories", "labels", "classes", "class_names", "class_label", "name")
NUMBERS = tuple(name for name in LABEL if name.endswith("id"))
LABELS = (*(name for name in LABEL if name not in NUMBERS), *LISTED, *NUMBERS)
"""Names of the feature: those of a table's column and such as lists have, those of numbers last.

``name`` may be that of the object.
"""
NO_LABEL = -1
"""Number that the library gives where there is no class."""


def label_among(fields: Mapping[str, Any]) -> str | None:
    """Feature of the class, by any of its usual names, in upper or lower case; one that has names before numbers."""
    words = {name: feature for name, feature in fields.items() if class_names(feature) or _is_text(feature)}
    return field_of(words, LABELS[: LABELS.index(LISTED[-1])]) or field_of(fields, LABELS)


def _is_text(feature: Any) -> bool:
    while (inner := inside(feature)) is not None:
        feature = inner
    return getattr(feature, "dtype", None) in ("string", "large_string")


def inside(feature: Any) -> Any:
    """What a feature is a list of; ``None`` for one that is no list."""
    return feature[0] if isinstance(feature, list) and feature else getattr(feature, "feature", None)


def class_names(feature: Any) -> list[str] | None:
    """Names of the classes that the numbers in a feature are of; ``None`` where it says none."""
    while feature is not None and not hasattr(feature, "names"):
        feature = feature.get(field_of(feature, NAME_OF_CLASS)) if isinstance(feature, Mapping) else inside(feature)
    return None if feature is None else list(feature.names)


def named(label: Any) -> Any:
    """Name in a label that is a dict, as ``{"id": 1, "name": "car"}``; any other label as it is.

    >>> named({"id": 1, "name": "car"}), named(3)
    ('car', 3)
    """
    return label.get(field_of(label, NAME_OF_CLASS)) if isinstance(label, Mapping) else label


def class_of(label: object, names: list[str] | None) -> str | None:
    """Class of a label: its name where the label is a number of one.

    >>> class_of(1, ["cat", "dog"]), class_of(-1, ["cat", "dog"]), class_of(7.0, None), class_of(" ", None)
    ('dog', None, '7', None)
    """
    label = named(label)
    if label is None or (names is not None and label == NO_LABEL):
        return None
    if names is not None and isinstance(label, int) and 0 <= label < len(names):
        return names[label].strip() or None
    return word(label)
