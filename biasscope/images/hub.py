"""The Hugging Face library: datasets are loaded, a split is chosen, pictures are left as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from biasscope.core.errors import InputError, UsageError
from biasscope.images.columns import Columns, Kind
from biasscope.images.request import Request
from biasscope.images.splits import SPLITS

HUB = ("hf://", "hf:/")
"""The second is what a path object makes of the first."""


def kind_of(feature: Any) -> Kind:
    """What can be in a column of this feature."""
    name = type(feature).__name__
    dtype = str(getattr(feature, "dtype", ""))
    if name == "Image" or (name == "Value" and "binary" in dtype):
        return "bytes"
    if name == "ClassLabel" or (name == "Value" and dtype.startswith(("int", "uint", "bool"))):
        return "integer"
    if name == "Value" and "string" in dtype:
        return "text"
    return "float" if name == "Value" and dtype.startswith("float") else "other"


def load(request: Request) -> Any:
    """Load the dataset that is named, or give the one that was handed over."""
    if not request.text:
        return request.spec
    if request.text in HUB:
        raise UsageError("no dataset is named", where=request.text, hint="Write hf://owner/name.")
    import datasets

    try:
        if request.path is not None and request.path.is_dir():
            data = datasets.load_from_disk(str(request.path))
            for part in data.values() if isinstance(data, Mapping) else (data,):
                part.data.table.validate(full=True)  # offsets in the files are trusted otherwise
            return data
        words = request.text.removeprefix("huggingface:").removeprefix(HUB[1]).strip("/")
        name, _, configuration = words.partition(":")
        return datasets.load_dataset(name, configuration or None, streaming=request.stream)
    except Exception as error:  # the library raises whatever its layers raise
        what = f"cannot be loaded as a Hugging Face dataset ({reason_of(error)})"
        raise InputError(what, where=request.text) from error


def split_of(data: Any, wanted: str | None, where: str) -> tuple[Any, list[str]]:
    """Choose the split, and say so where it was not named."""
    if not isinstance(data, Mapping):
        if wanted is not None and str(data.split) != wanted:
            hint = f"There is: {data.split}." if data.split else "The dataset has no splits: leave it out."
            raise UsageError(f"there is no split {wanted!r}", where=where, hint=hint)
        return data, []
    there = ", ".join(data)
    if wanted is not None and wanted not in data:
        raise UsageError(f"there is no split {wanted!r}", where=where, hint=f"There are: {there}.")
    if wanted is None and len(data) == 1:
        return next(iter(data.values())), []
    taken = wanted or next((name for name in SPLITS if name in data), None)
    if taken is None:
        raise UsageError("the dataset has several splits", where=where, hint=f"Name one with split: {there}.")
    return data[taken], [] if wanted else [f"The split {taken} was taken; there are {there}."]


def undecoded(data: Any, columns: Columns) -> Any:
    """Keep the columns that count, pictures as the bytes that are stored."""
    import datasets

    names = [columns.image, columns.label, columns.names, columns.image_id, *(columns.box or ())]
    chosen = data.select_columns(list(dict.fromkeys(filter(None, names)))).with_format(None)
    if type(data.features[columns.image]).__name__ == "Image":
        chosen = chosen.cast_column(columns.image, datasets.Image(decode=False))
    return chosen


def reason_of(error: Exception) -> str:
    """First line of what the library says, or the name of its error."""
    return str(error).split("\n")[0][:200] or type(error).__name__
