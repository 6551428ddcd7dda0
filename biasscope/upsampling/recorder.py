"""The listener of a forward pass: every call of a function becomes an event, wherever it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode

from biasscope.models.outputs import tensors
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.upsampling.binding import bind, step_of
from biasscope.upsampling.layout import LOST, drops, grew, spreads, takes_maps, unseen
from biasscope.upsampling.passage import Event, Passage, Refused, answer
from biasscope.upsampling.step import Step, sided
from biasscope.upsampling.values import Values

Watcher = Callable[[Event, Tensor, Tensor], None]
UNCERTAIN = "it leaves positions out where axes are not certain to be (N, C, ...)"


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
        self._values = Values()
        self._scopes: list[tuple[str, bool]] = []
        self._names: Counter[tuple[str, bool]] = Counter()
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
        self._values.forget()

    def enter(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        """Numbers of what a model is given."""
        return tuple(map(self._values.add, inputs))

    def leave(self, output: Any) -> tuple[int, ...]:
        """Numbers of what a model gives; what spread positions unseen before it is noted."""
        counts = answer(output)
        if counts is not None:
            self._check(counts)
        return self._values.known(counts)

    def bridge(self, inputs: Sequence[Tensor], output: Any) -> tuple[int, ...]:
        """Numbers of what a model gives that nothing of was seen, as scripted code."""
        cut = self._unseen("", class_name(self._model), inputs, output)
        made = tuple(self._values.add(one, LOST) for one in tensors(answer(output)))
        self.passage.events.append(Event(class_name(self._model), self._values.known(inputs), made, cut=cut))
        return made

    def _check(self, tensor: Tensor) -> None:
        number, held = self._values.of(tensor)
        more = unseen(held, tensor.shape[2:])
        if more is not None:
            kind = held.mover.rpartition(":")[2]
            reason = f"{sided(held.sides or ())} positions become {sided(tensor.shape[2:])} in an order not known here"
            self.passage.refused.append(Refused(held.mover, kind, reason, more))
            self.passage.events.append(Event(kind, (number,), (number,), held.mover, cut=True))

    def _enter(self, name: str, plain: bool) -> Callable[..., None]:
        return lambda *_: self._scopes.append((name, plain))

    def _leave(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            self._scopes.pop()
            if not self._light and not self._values.known(output) and (inputs := self._values.known((args, kwargs))):
                kind = class_name(module)
                cut = self._unseen(name, kind, (args, kwargs), output)
                made = tuple(
                    self._values.add(one, self._values.behind(kind, "", name, inputs, one, one))
                    for one in tensors(output)
                )
                self.passage.events.append(Event(kind, inputs, made, name, cut=cut))

        return hook

    def _unseen(self, name: str, kind: str, given: Any, output: Any) -> bool:
        before, after = next(tensors(given), None), next(tensors(output), None)
        cut = before is not None and after is not None and grew(kind, before.shape, after.shape)
        if cut:
            self.passage.refused.append(Refused(name, kind, "computed where it cannot be followed"))
        return cut

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        name, read, made = getattr(func, "__name__", str(func)), args, output
        if name.startswith("new_") or name.endswith("_like"):
            return output
        if name == "__setitem__":
            read, made = args[:0:-1], args[0]
        inputs = self._values.known((read, kwargs))
        if (inputs or self._light) and isinstance(first := next(tensors(made), None), Tensor):
            before = next(tensors((read, kwargs)), None)
            if before is not None:
                self._note(name, (read, kwargs), before, made, first)
        return output

    def _note(self, function: str, call: tuple[Any, Any], before: Tensor, output: Any, after: Tensor) -> None:
        stem, given = bind(function, *call)
        inputs = self._values.known(call)
        if not self._light and takes_maps(stem):
            self._check(before)
        largest = self._largest(call, before, after)
        maps = self._light or takes_maps(stem) or self._values.maps(inputs, before)
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

    def _largest(self, call: tuple[Any, Any], before: Tensor, after: Tensor) -> Tensor:
        """Largest tensor read of as many axes as what is made; of those followed, where there are any: no index."""
        like = [tensor for tensor in tensors(call) if tensor.dim() == after.dim()]
        followed = [tensor for tensor in like if self._values.known(tensor)]
        return max(followed or like, key=Tensor.numel, default=before)

    def _made(
        self, function: str, stem: str, name: str, inputs: Sequence[int], before: Tensor, output: Any
    ) -> tuple[int, ...]:
        held = [self._values.behind(function, stem, name, inputs, before, one) for one in tensors(output)]
        return tuple(self._values.add(one, how) for one, how in zip(tensors(output), held, strict=True))

    def _step(self, function: str, stem: str, given: Any, before: Tensor, after: Tensor, maps: bool) -> Step | None:
        name = self._name(function)
        try:
            step = step_of(name, function, stem, given, before, after)
        except ValueError as problem:
            more = any(now > was for was, now in zip(before.shape[2:], after.shape[2:], strict=False))
            reason = str(problem) if maps or more or stem != "getitem" else UNCERTAIN
            self.passage.refused.append(Refused(name, function, reason, more))
            return None
        if not maps:
            self._elsewhere(name, step)
            return None
        if step is None and stem in ("", "adaptive"):
            self._unknown(name, function, before.shape, after.shape)
        if step is not None and (step.upsamples or step.subsamples):
            count = self._names[name, step.grows]
            self._names[name, step.grows] += 1
            step = step if not count else replace(step, name=f"{name}#{count + 1}")
        return step

    def _unknown(self, name: str, function: str, before: Sequence[int], after: Sequence[int]) -> None:
        """Note a function that is not known and makes more positions, or leaves many out."""
        more = spreads(function, before, after)
        if more or drops(function, before, after):
            reason = f"{sided(before[2:])} positions become {sided(after[2:])} in a way not known here"
            self.passage.refused.append(Refused(name, function, reason, more))

    def _elsewhere(self, name: str, step: Step | None) -> None:
        """Note a step along axes of which it is not certain that they hold positions; it is not followed."""
        if step is not None and step.subsamples:
            self.passage.refused.append(Refused(name, step.kind, UNCERTAIN, grows=False))

    def _name(self, function: str) -> str:
        name, plain = self._scopes[-1] if self._scopes else ("", False)
        return name if plain and name else f"{name}:{function}"
