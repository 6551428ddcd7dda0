"""A record in one safetensors file: tensors, and everything that is no tensor as JSON in the header."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import InputError, OutputError
from biasscope.core.files import write_files
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors

Made = TypeVar("Made")
Columns = Mapping[str, NDArray[np.generic]]


def save_record(path: Path, kind: str, version: int, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Path:
    """Write a record; the file is complete or not there.

    Parameters
    ----------
    path
        File.
    kind, version
        What the record is of, and the version of its layout; only that is read back.
    tensors
        Tensors by name.
    facts
        Everything else, as JSON can hold it.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    notes = {f"biasscope {kind}": json.dumps({"version": version, **facts})}
    try:
        write_files(path.parent, {path.name: to_safetensors(dict(tensors), notes)})
    except OutputError as error:
        raise OutputError(error.what.replace("the report", "the sweep"), where=str(path)) from error
    return path


def load_record(
    path: Path, kind: str, version: int, make: Callable[[dict[str, Tensor], dict[str, Any]], Made], *, writer: str
) -> Made:
    """Read what `save_record` wrote.

    Parameters
    ----------
    path, kind, version
        As in `save_record`.
    make
        What the record becomes, from its tensors and facts.
    writer
        Name of the method that writes such files, for the hint.

    Raises
    ------
    InputError
        The file is something else, is damaged, or cannot be read.
    """
    try:
        tensors, notes = read_safetensors(path)
        facts = json.loads(notes[f"biasscope {kind}"])
        if facts.pop("version") != version:
            raise ValueError("it is of another version")
        return make(tensors, facts)
    except OSError as error:
        raise InputError(f"the sweep cannot be read ({error.strerror})", where=str(path)) from error
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = f"Give a file that {writer} wrote."
        raise InputError(f"this is no sweep ({type(error).__name__}: {error})", where=str(path), hint=hint) from error


def from_columns(columns: Columns) -> dict[str, list[Any]]:
    """Columns as JSON can hold them.

    Examples
    --------
    >>> from_columns({"dy": np.arange(2, dtype="<i8")})
    {'dy': ['<i8', [0, 1]]}
    """
    return {name: [values.dtype.str, values.tolist()] for name, values in columns.items()}


def to_columns(held: Mapping[str, tuple[str, list[Any]]]) -> dict[str, NDArray[np.generic]]:
    """Columns from what `from_columns` made of them."""
    return {name: np.array(values, dtype) for name, (dtype, values) in held.items()}
