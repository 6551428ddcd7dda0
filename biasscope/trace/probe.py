"""One look at a network before it is traced: which places give maps, how large, in which order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.borrow import evaluating, moved, same_draws
from biasscope.models.device import refuse_meta
from biasscope.models.failures import networks_own
from biasscope.models.outputs import tensors
from biasscope.trace.layer import Place, Size
from biasscope.trace.watch import Call, Watch

GROWTH = 192
"""Pixels by which the picture is enlarged to see how the maps grow; a multiple of the usual products of strides."""
DRAWS = (
    "two copies of one picture are answered differently, from {} on: this network draws random numbers, and what they "
    "change counts as if the shift had changed it"
)
ROUNDING, UNLIKE = 0.001, 0.01
"""Least difference of the maps and answers of two copies of a picture, over the largest value, in a network that was
seen to draw random numbers and in any other, whose first axis need not be that of pictures."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One tensor that a module or function gave.

    Attributes
    ----------
    place
        Where.
    kind, module
        Class or function, and the module.
    shape, incoming
        Shape of the tensor, and of the first one with four axes that was read (empty if there was none).
    tensors
        How many tensors the output held.
    real
        Whether it holds real numbers: what is counted, compared or complex is no map.
    """

    place: Place
    kind: str
    module: nn.Module | None
    shape: tuple[int, ...]
    incoming: tuple[int, ...]
    tensors: int
    real: bool = True


@dataclass(frozen=True)
class Probe:
    """Everything that a pass gave, in order, and the shapes in a pass with a larger picture.

    Attributes
    ----------
    seen, grown, side
        All tensors; their shapes and those of what was read, with a larger picture; side of the picture.
    single
        First axis of the tensors with four axes in a pass of one picture, where the larger one was not taken.
    draws
        First place that gives other values for the second of two copies of one picture, where the answer is another
        too; "the answer" if none does, or if it is another in the next pass only.
    """

    seen: tuple[Seen, ...]
    grown: dict[Place, tuple[tuple[int, ...], tuple[int, ...]]]
    side: Size
    single: dict[Place, int] = field(default_factory=dict)
    draws: str = ""


@contextmanager
def as_found(model: nn.Module, device: str | None = None) -> Iterator[None]:
    """Evaluation mode without gradients and without compiled code for a while; then modes and buffers as they were.

    With ``device`` the model is there meanwhile; mps is refused. What it draws at random is held by `same_draws` around
    the passes alone, so that pictures which are drawn in between come from the generators as they are.
    """
    compiled = "torch._dynamo" in sys.modules  # importing it takes seconds, and without it nothing is compiled
    with ExitStack() as stack:
        stack.enter_context(evaluating(model))
        if device is not None:
            stack.enter_context(moved(model, torch.device(device)))
        _refuse_single(device_of(model))
        stack.enter_context(torch.no_grad())
        if compiled:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


def _refuse_single(device: torch.device) -> None:
    """Refuse accelerators without float64, in which layers are measured."""
    if device.type == "mps":
        raise UsageError("layers are measured in float64, which mps does not have", hint="Say device='cpu'.")


def unwrap(model: nn.Module) -> nn.Module:
    """Give the module behind `torch.compile`; refuse what hooks cannot see into, and networks without weights.

    Raises
    ------
    UsageError
        The model is, or holds, TorchScript; or weights are on the device meta.
    """
    while isinstance(getattr(model, "_orig_mod", None), nn.Module):
        model = model._orig_mod  # type: ignore[assignment]
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            hint = "Trace the module that it was made from."
            raise UsageError("TorchScript runs where hooks do not reach", where=name or "the model", hint=hint)
    refuse_meta(model)
    return model


def looked_at(model: nn.Module, example: Tensor, functional: bool = False) -> Probe:
    """`probe` a network of any origin.

    Raises
    ------
    UsageError
        The network's forward raises an error; that is its cause.
    """
    with networks_own(example.shape[1:]):
        return probe(model, example, functional)


def probe(model: nn.Module, example: Tensor, functional: bool = False, size: Size | None = None) -> Probe:
    """Run two copies of one picture (1, C, H, W) through the model, and once more a larger picture.

    The larger one may fail (a head that takes one size only): the layers in front of the failure were seen by then.
    """
    pair = example.expand(2, -1, -1, -1).contiguous()
    seen, draws, drawn = _looked(model, pair, functional)
    if drawn and not draws and _another_next_time(model, pair):
        draws = "the answer"
    height, width = example.shape[-2:]
    larger = example.new_zeros(1, example.shape[1], height + GROWTH, width + GROWTH)
    grown, *_ = _looked(model, larger, functional, partial=True)
    shapes = {item.place: (item.shape, item.incoming) for item in grown}
    single: dict[Place, int] = {}
    if any(len(item.shape) == 4 and item.place not in shapes for item in seen):
        alone, *_ = _looked(model, example, functional)
        single = {item.place: item.shape[0] for item in alone if len(item.shape) == 4}
    return Probe(tuple(seen), shapes, (height, width), single, draws)


def _another_next_time(model: nn.Module, x: Tensor) -> bool:
    """Whether a network that draws answers otherwise with other random numbers, which all pictures of a pass share."""
    found = []
    for seed in (0, 1):
        with as_found(model), same_draws(seed):
            output = model(x.clone())
            found.append([] if isinstance(output, list) else [one.clone() for one in tensors(output)])
    pairs = zip(*found, strict=False)
    return any(a.shape == b.shape and _change(torch.stack([a, b])) > ROUNDING for a, b in pairs)


def _looked(model: nn.Module, x: Tensor, functional: bool, partial: bool = False) -> tuple[list[Seen], str, bool]:
    """Everything that a pass gave, where two copies of a picture begin to differ, and whether random numbers were."""
    seen: list[Seen] = []
    differ: list[tuple[str, int, float]] = []

    def receive(call: Call) -> None:
        found = list(tensors(call.output))
        incoming = next((tuple(t.shape) for t in tensors(call.inputs) if t.dim() == 4), ())
        for item, tensor in enumerate(found):
            place = Place(call.name, call.number, item)
            real = tensor.is_floating_point()
            seen.append(Seen(place, call.kind, call.module, tuple(tensor.shape), incoming, len(found), real))
            if change := _change(tensor):
                differ.append((call.name, tensor.dim(), change))

    with as_found(model), same_draws() as drew, Watch(model, receive, functional=functional) as watch:
        watch.begin()
        output = None
        try:
            output = model(x)
        except Exception:
            if not partial:
                raise
        drawn = drew()
    rows = () if isinstance(output, list) else tensors(output)  # detectors list what they found, picture by picture
    least = ROUNDING if drawn else UNLIKE
    if max(map(_change, rows), default=0.0) <= least:
        return seen, "", drawn
    places = [name for name, axes, change in differ if name and change > least and (drawn or axes == 4)]
    return seen, next(iter(places), "the answer" if drawn else ""), drawn


def _change(found: Tensor) -> float:
    """Largest difference of a tensor's two rows, over the largest value of the first; 0 where there are no two."""
    if not (found.dim() and len(found) == 2 and found.numel() and found.is_floating_point()):
        return 0.0
    first, second = found.float()
    change = float((first - second).abs().max())
    return change / max(float(first.abs().max()), 1e-30) if change > 0 else 0.0


def float_type(model: nn.Module) -> torch.dtype:
    """Type of the model's parameters."""
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.get_default_dtype())


def device_of(model: nn.Module) -> torch.device:
    """Device of the model's parameters."""
    found: Any = next(iter(model.parameters()), None)
    return torch.device("cpu") if found is None else torch.device(found.device)
