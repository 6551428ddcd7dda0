"""A reader for safetensors files: eight bytes of length, a JSON header, and one buffer.

The layout is checked before a byte of it is used: every tensor must lie inside the buffer, be as long as its shape
says, and together they must fill the buffer without holes or overlaps.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import InputError

LONGEST_HEADER, LARGEST, DIMENSIONS = 100_000_000, 2**48, 16
TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors and the file's own notes.

    Raises
    ------
    InputError
        The file is not a safetensors file, is cut off, or contradicts itself.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 10 or length > LONGEST_HEADER or length + 8 > size:
            hint = "It is cut off, or not a safetensors file."
            raise InputError(f"the header claims {length} bytes of a {size} byte file", where=str(path), hint=hint)
        header = _header(file.read(length), path)
        buffer = bytearray(file.read())
    notes = header.pop("__metadata__", {})
    spans = sorted((_entry(name, entry, path) for name, entry in header.items()), key=lambda span: span[1:3])
    _check_layout(spans, len(buffer), path)
    tensors = {name: _tensor(buffer, start, end, dtype, shape) for name, start, end, dtype, shape in spans}
    texts = notes.items() if isinstance(notes, dict) else ()
    return tensors, {str(key): str(value) for key, value in texts}


Span = tuple[str, int, int, torch.dtype, tuple[int, ...]]


def _header(data: bytes, path: Path) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name is given twice")
        return dict(pairs)

    try:
        header = json.loads(data.decode(), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the header is not JSON ({error})", where=str(path)) from error
    if not isinstance(header, dict):
        raise InputError("the header is not a JSON object", where=str(path))
    return header


def _whole(values: Any, count: int | None = None) -> bool:
    """Whether a value is a list of whole numbers of a sensible size, of a given length."""
    if not isinstance(values, list) or (count is not None and len(values) != count):
        return False
    return all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v < LARGEST for v in values)


def _entry(name: str, entry: Any, path: Path) -> Span:
    where = f"{path}: {name}"
    if not isinstance(entry, dict) or not _whole(entry.get("shape")) or not _whole(entry.get("data_offsets"), 2):
        raise InputError("the entry has no valid shape and data_offsets", where=where)
    dtype = TYPES.get(str(entry.get("dtype")))
    if dtype is None:
        raise InputError(f"type {entry.get('dtype')!r} is not supported", where=where)
    if len(entry["shape"]) > DIMENSIONS or prod(max(side, 1) for side in entry["shape"]) >= LARGEST:
        raise InputError("the entry has no valid shape: it has too many or too large dimensions", where=where)
    start, end = entry["data_offsets"]
    if end - start != prod(entry["shape"]) * dtype.itemsize:
        raise InputError(f"shape {entry['shape']} does not take {end - start} bytes", where=where)
    return name, start, end, dtype, tuple(entry["shape"])


def _check_layout(spans: list[Span], size: int, path: Path) -> None:
    at = 0
    for name, start, end, _, _ in spans:
        if start != at:
            raise InputError(f"{name} starts at byte {start} instead of {at}", where=str(path))
        at = end
    if at != size:
        hint = "The file is cut off." if at > size else ""
        raise InputError(f"the tensors take {at} bytes, the file holds {size}", where=str(path), hint=hint)


def _tensor(buffer: bytearray, start: int, end: int, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    if end == start:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(buffer, dtype=torch.uint8, count=end - start, offset=start).clone().view(dtype).view(shape)


def to_safetensors(tensors: dict[str, Tensor], notes: dict[str, str]) -> bytes:
    """Bytes of a safetensors file.

    Examples
    --------
    >>> data = to_safetensors({"a": torch.zeros(2)}, {"by": "hand"})
    >>> len(data) % 8, data[8:9]
    (0, b'{')
    """
    names = {dtype: name for name, dtype in TYPES.items()}
    header: dict[str, Any] = {"__metadata__": notes}
    parts: list[bytes] = []
    at = 0
    for name, tensor in sorted(tensors.items()):
        data = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)
