"""What surrounds an operation: autocast, compilation, export, function transforms."""

import sys
from contextlib import AbstractContextManager, nullcontext

import torch
from torch.autograd import forward_ad


def autocast_off(device: torch.device) -> AbstractContextManager[object]:
    """Turn autocast off for the device; a device that knows none (``meta``) needs nothing.

    Examples
    --------
    >>> with autocast_off(torch.device("meta")):
    ...     torch.ones(2, device="meta").sum().dtype
    torch.float32
    """
    if _knows_autocast(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Give the type that autocast casts to on the device, None where it is off or does not exist.

    Examples
    --------
    >>> autocast_dtype(torch.device("cpu")) is None
    True
    """
    if _knows_autocast(device.type) and torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    return None


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _knows_autocast(kind: str) -> bool:
    """Whether there is autocast for devices of a kind; asked while compiling, since torch 2.11 cannot trace it."""
    return bool(torch.amp.is_autocast_available(kind))


def may_use_autograd_function() -> bool:
    """Whether nothing looks into the operations: no compilation or export, no functorch, no forward-mode derivative.

    Hand-written autograd functions and writes into given arrays know reverse mode only; everything else takes the
    plain operations.
    """
    if torch.compiler.is_compiling() or _in_onnx_export() or torch._C._get_tracing_state() is not None:
        return False
    return not torch._C._are_functorch_transforms_active() and getattr(forward_ad, "_current_level", -1) < 0


def _in_onnx_export() -> bool:
    """Whether an export runs; one that does has imported ``torch.onnx``, which is large."""
    exporter = sys.modules.get("torch.onnx")
    return exporter is not None and bool(exporter.is_in_onnx_export())
