"""Listen to a forward pass on real values: every step that spreads, gathers or moves positions, from what, to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode

from biasscope.models.outputs import tensors
from biasscope.upsampling.binding import bind, step_of
from biasscope.upsampling.layout import LOST, Held, grew, passed, start, takes_maps, unseen
from biasscope.upsampling.passage import Event, Passage, Refused, answer
from biasscope.upsampling.step import Step

Watcher = Callable[[Event, Tensor, Tensor], None]


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
        self._names: Counter[tuple[str, bool]] = Counter()
        self._held: dict[int, Held] = {}
        self._handles: list[Any] = []

    def __enter__(self) -> Self:
        for name, module in self._model.named_modules():
            if type(module).__name__ == "RecursiveScriptModule":
                continue  # it takes no hooks; the module around it bridges it
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

    def value(self, tensor: Tensor, held: Held | None = None) -> int:
        """Give a tensor a new number; it is kept so that its id stays its own."""
        self._numbers[id(tensor)] = self._count
        self._held[self._count] = start(tensor.shape) if held is None else held
        self._alive.append(tensor)
        self._count += 1
        return self._count - 1

    def leave(self, output: Any) -> tuple[int, ...]:
        """Numbers of what a model gives; what spread positions unseen before it is noted."""
        counts = answer(output)
        if counts is not None:
            self._check(counts)
        return self.known(counts)

    def bridge(self, inputs: Sequence[Tensor], output: Any) -> tuple[int, ...]:
        """Numbers of what a model gives that nothing of was seen, as scripted code."""
        cut = self._unseen("", type(self._model).__name__, inputs, output)
        made = tuple(self.value(one, LOST) for one in tensors(answer(output)))
        self.passage.events.append(Event(type(self._model).__name__, self.known(inputs), made, cut=cut))
        return made

    def _check(self, tensor: Tensor) -> None:
        number = self._numbers.get(id(tensor))
        held = LOST if number is None else self._held[number]
        more = unseen(held, tensor.shape[2:])
        if more is not None:
            kind = held.mover.rpartition(":")[2]
            reason = f"{sided(held.sides or ())} positions become {sided(tensor.shape[2:])} in an order not known here"
            self.passage.refused.append(Refused(held.mover, kind, reason, more))
            self.passage.events.append(Event(kind, (number or 0,), (number or 0,), held.mover, cut=True))

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
                kind = type(module).__name__
                cut = self._unseen(name, kind, (args, kwargs), output)
                made = tuple(self.value(one, self._behind(kind, "", name, inputs, one, one)) for one in tensors(output))
                self.passage.events.append(Event(kind, inputs, made, name, cut=cut))

        return hook

    def _unseen(self, name: str, kind: str, given: Any, output: Any) -> bool:
        before, after = next(tensors(given), None), next(tensors(output), None)
        cut = before is not None and after is not None and grew(kind, before.shape, after.shape)
        if cut:
            self.passage.refused.append(Refused(name, kind, "computed where it cannot be followed"))
        return cut

    def _behind(
        self, function: str, stem: str, name: str, inputs: Sequence[int], before: Tensor, after: Tensor
    ) -> Held:
        held = [self._held[number] for number in inputs]
        return passed(function, stem, name, held, before.shape, after.shape)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        name, read, made = getattr(func, "__name__", str(func)), args, output
        if name.startswith("new_") or name.endswith("_like"):
            return output
        if name == "__setitem__":
            read, made = args[:0:-1], args[0]
        inputs = self.known((read, kwargs))
        if (inputs or self._light) and isinstance(first := next(tensors(made), None), Tensor):
            before = next(tensors((read, kwargs)), None)
            if before is not None:
                self._note(name, (read, kwargs), before, made, first)
        return output

    def _note(self, function: str, call: tuple[Any, Any], before: Tensor, output: Any, after: Tensor) -> None:
        stem, given = bind(function, *call)
        inputs = self.known(call)
        if not self._light and takes_maps(stem):
            self._check(before)
        largest = max((t for t in tensors(call) if t.dim() == after.dim()), key=Tensor.numel, default=before)
        maps = self._light or takes_maps(stem) or self._maps(inputs, before)
        refused = len(self.passage.refused)
        step = self._step(function, stem, given, largest if not stem else before, after, maps)
        cut = len(self.passage.refused) > refused
        name = step.name if step else self._name(function)
        made = () if self._light else self._made(function, stem, name, inputs, largest, output)
        event = Event(function, inputs, made, name, step, channels=after.shape[1] if after.dim() > 1 else 0, cut=cut)
        if "conv" in stem:
            event = replace(event, weight=given["weight"], bias=given.get("bias"), groups=given.get("groups", 1))
        if not self._light:
            self.passage.events.append(event)
        if self._watcher is not None and step is not None and step.upsamples:
            self._watcher(event, before, after)

    def _made(
        self, function: str, stem: str, name: str, inputs: Sequence[int], before: Tensor, output: Any
    ) -> tuple[int, ...]:
        held = [self._behind(function, stem, name, inputs, before, one) for one in tensors(output)]
        return tuple(self.value(one, how) for one, how in zip(tensors(output), held, strict=True))

    def _maps(self, inputs: Sequence[int], before: Tensor) -> bool:
        """Whether a value is read that certainly is (N, C, ...) and has as many axes."""
        held = (self._held[number] for number in inputs)
        return any(one.maps and len(one.sides or ()) == before.dim() - 2 for one in held)

    def _step(self, function: str, stem: str, given: Any, before: Tensor, after: Tensor, maps: bool) -> Step | None:
        name = self._name(function)
        try:
            step = step_of(name, function, stem, given, before, after)
        except ValueError as problem:
            more = any(now > was for was, now in zip(before.shape[2:], after.shape[2:], strict=False))
            self.passage.refused.append(Refused(name, function, str(problem), more))
            return None
        if not maps:
            self._elsewhere(name, step)
            return None
        if step is None and stem in ("", "adaptive") and spreads(function, before, after):
            reason = f"{sided(before.shape[2:])} positions become {sided(after.shape[2:])} in a way not known here"
            self.passage.refused.append(Refused(name, function, reason))
        if step is not None and (step.upsamples or step.subsamples):
            count = self._names[name, step.grows]
            self._names[name, step.grows] += 1
            step = step if not count else replace(step, name=f"{name}#{count + 1}")
        return step

    def _elsewhere(self, name: str, step: Step | None) -> None:
        """Note a step along axes of which it is not certain that they hold positions; it is not followed."""
        if step is not None and step.subsamples:
            reason = "it leaves positions out where axes are not certain to be (N, C, ...)"
            self.passage.refused.append(Refused(name, step.kind, reason, grows=False))

    def _name(self, function: str) -> str:
        name, plain = self._scopes[-1] if self._scopes else ("", False)
        return name if plain and name else f"{name}:{function}"


def spreads(function: str, before: Tensor, after: Tensor) -> bool:
    """Whether a function that is not known makes more positions out of maps that it does not just rearrange."""
    return not passed(function, "", function, [start(before.shape)], before.shape, after.shape).mover and grew(
        function, before.shape, after.shape
    )


def sided(sides: Sequence[int]) -> str:
    """Sides in words.

    >>> sided((8, 9))
    '8 x 9'
    """
    return " x ".join(map(str, sides))


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

    Returns
    -------
        Every step in order, and the places that have no phases.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Upsample(scale_factor=2))
    >>> [(step.name, step.kind, step.stride) for step in record(net, torch.zeros(1, 1, 8, 8)).steps]
    [('0', 'conv2d', (2, 2)), ('1', 'interpolate nearest', (2, 2))]
    """
    recorder = Recorder(model, watcher)
    with evaluating(model), torch.no_grad(), recorder:
        recorder.passage.sources = tuple(map(recorder.value, inputs))
        output = model(*inputs)
        recorder.passage.results = recorder.leave(output) or recorder.bridge(inputs, output)
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
