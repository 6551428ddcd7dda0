"""Listen to a forward pass on real values: every step that spreads, gathers or moves positions, from what, to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode

from biasscope.upsampling.binding import bind, step_of
from biasscope.upsampling.step import Step


@dataclass(frozen=True)
class Event:
    """One call of a function.

    Attributes
    ----------
    function
        Its name.
    inputs, outputs
        Numbers of the values read and made.
    step
        What it does to positions; ``None`` where it keeps every one.
    weight, bias, groups
        Of a convolution.
    name
        As in `Step`.
    """

    function: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""
    step: Step | None = None
    weight: Tensor | None = None
    bias: Tensor | None = None
    groups: int = 1


@dataclass(frozen=True)
class Refused:
    """A place that changes the number of positions and cannot be analysed, and why."""

    name: str
    kind: str
    reason: str


@dataclass
class Passage:
    """One forward pass.

    Attributes
    ----------
    events
        In order.
    refused
        Places that have no phases.
    sources, results
        Numbers of the values that entered and left the model.
    """

    events: list[Event] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    sources: tuple[int, ...] = ()
    results: tuple[int, ...] = ()

    def maker(self, value: int) -> Event | None:
        """Call that made a value."""
        return next((event for event in reversed(self.events) if value in event.outputs), None)

    @property
    def steps(self) -> list[Step]:
        """Everything that spreads, gathers or moves positions, in order."""
        return [event.step for event in self.events if event.step is not None]


Watcher = Callable[[Event, Tensor, Tensor], None]


def tensors(thing: Any) -> Iterator[Tensor]:
    """Tensors in an argument or output, in order."""
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from tensors(value)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from tensors(value)


class Recorder(TorchFunctionMode):
    """Records while its context lasts; hooks are gone afterwards.

    Functions inside of PyTorch's own layers are seen too, so that a layer and the function of the same name are the
    same thing. What other code computes out of sight (custom functions) is bridged by the module that it happens in.

    Parameters
    ----------
    model
        The model.
    watcher
        Gets every step that upsamples, with its input and output.
    light
        Only the watcher is told, nothing is recorded, and no value is kept longer than the model does.
    """

    def __init__(self, model: nn.Module, watcher: Watcher | None = None, light: bool = False) -> None:
        super().__init__()
        self.passage = Passage()
        self._model, self._watcher, self._light = model, watcher, light
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []
        self._count = 0
        self._scopes: list[tuple[str, bool]] = []
        self._names: Counter[str] = Counter()
        self._handles: list[Any] = []

    def __enter__(self) -> Self:
        for name, module in self._model.named_modules():
            plain = isinstance(module, _ConvNd) or not any(module.children())
            self._handles.append(module.register_forward_pre_hook(self._enter(name, plain)))
            self._handles.append(module.register_forward_hook(self._leave(name), with_kwargs=True))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._alive.clear()

    def value(self, tensor: Tensor) -> int:
        """Give a tensor a new number; it is kept so that its id stays its own."""
        self._numbers[id(tensor)] = self._count
        self._alive.append(tensor)
        self._count += 1
        return self._count - 1

    def known(self, thing: Any) -> tuple[int, ...]:
        """Numbers of the tensors that have been seen."""
        found = (self._numbers.get(id(tensor)) for tensor in tensors(thing))
        return tuple(dict.fromkeys(number for number in found if number is not None))

    def _enter(self, name: str, plain: bool) -> Callable[..., None]:
        return lambda *_: self._scopes.append((name, plain))

    def _leave(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            self._scopes.pop()
            if not self._light and not self.known(output) and (inputs := self.known((args, kwargs))):
                self._unseen(name, type(module).__name__, (args, kwargs), output)
                made = tuple(map(self.value, tensors(output)))
                self.passage.events.append(Event(type(module).__name__, inputs, made, name))

        return hook

    def _unseen(self, name: str, kind: str, given: Any, output: Any) -> None:
        before, after = next(tensors(given), None), next(tensors(output), None)
        if before is not None and after is not None and _grew(before, after):
            self.passage.refused.append(Refused(name, kind, "computed where it cannot be followed"))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        inputs = self.known((args, kwargs))
        if (inputs or self._light) and isinstance(first := next(tensors(output), None), Tensor):
            before = next(tensors((args, kwargs)), None)
            if before is not None:
                self._note(getattr(func, "__name__", str(func)), (args, kwargs), before, output, first)
        return output

    def _note(self, function: str, call: tuple[Any, Any], before: Tensor, output: Any, after: Tensor) -> None:
        stem, given = bind(function, *call)
        largest = max((t for t in tensors(call) if t.dim() == after.dim()), key=_positions, default=before)
        step = self._step(function, stem, given, largest if not stem else before, after)
        inputs = self.known(call)
        made = () if self._light else tuple(map(self.value, tensors(output)))
        kept = (given.get("weight"), given.get("bias"), given.get("groups", 1)) if "conv" in stem else (None, None, 1)
        event = Event(function, inputs, made, step.name if step else self._name(function), step, *kept)
        if not self._light:
            self.passage.events.append(event)
        if self._watcher is not None and step is not None and step.upsamples:
            self._watcher(event, before, after)

    def _step(self, function: str, stem: str, given: Any, before: Tensor, after: Tensor) -> Step | None:
        name = self._name(function)
        try:
            step = step_of(name, function, stem, given, before, after)
        except ValueError as problem:
            self.passage.refused.append(Refused(name, function, str(problem)))
            return None
        if step is None and stem in ("", "adaptive") and _grew(before, after):
            reason = "it spreads positions, in a way that is not known here"
            self.passage.refused.append(Refused(name, function, reason))
        if step is not None and (step.upsamples or step.subsamples):
            count = self._names[name]
            self._names[name] += 1
            step = step if not count else replace(step, name=f"{name}#{count + 1}")
        return step

    def _name(self, function: str) -> str:
        name, plain = self._scopes[-1] if self._scopes else ("", False)
        return name if plain and name else f"{name}:{function}"


def _positions(maps: Tensor) -> int:
    return prod(maps.shape[2:])


def _grew(before: Tensor, after: Tensor) -> bool:
    """Whether maps have at least twice as many positions along every axis."""
    if before.dim() != after.dim() or before.dim() < 3 or _positions(before) == 1:
        return False
    return all(b >= 2 * a for a, b in zip(before.shape[2:], after.shape[2:], strict=True))


def record(model: nn.Module, *inputs: Tensor, watcher: Watcher | None = None) -> Passage:
    """Run a model once, without gradients, and record the pass.

    Parameters
    ----------
    model
        Any module, a ``torch.fx.GraphModule`` too. It runs in evaluation mode and gets its mode back.
    inputs
        What its forward takes.
    watcher
        Gets every step that upsamples, with the map in front of it and behind it.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Upsample(scale_factor=2))
    >>> [(step.name, step.kind, step.stride) for step in record(net, torch.zeros(1, 1, 8, 8)).steps]
    [('0', 'conv2d', (2, 2)), ('1', 'interpolate nearest', (2, 2))]
    """
    recorder = Recorder(model, watcher)
    with evaluating(model), torch.no_grad(), recorder:
        recorder.passage.sources = tuple(map(recorder.value, inputs))
        recorder.passage.results = recorder.known(model(*inputs))
    return recorder.passage


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, and afterwards every module's own mode."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training
