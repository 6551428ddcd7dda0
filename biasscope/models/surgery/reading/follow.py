"""Follow one forward pass: which module and function made which value, from which values, in which order.

The pass runs on a copy of the model on PyTorch's meta device, so it computes shapes only and costs almost nothing.
Hooks of the model run in it, on tensors without values, since they may change what a module gives.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import FunctionType, MethodType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations
from torch.overrides import TorchFunctionMode

from biasscope.core.errors import UsageError
from biasscope.models.outputs import tensors
from biasscope.models.surgery.layers.spelled import SpelledOut, class_name
from biasscope.models.surgery.reading.axes import spatial_axes
from biasscope.models.surgery.reading.elementwise import collapse
from biasscope.models.surgery.reading.inline import gather
from biasscope.models.surgery.reading.own_convolution import as_module
from biasscope.models.surgery.reading.record import Node, Record, pair

M = TypeVar("M", bound=nn.Module)
Example = Tensor | Sequence[int] | None
"""What the pass is run on: a (N, C, H, W) tensor, a shape (C, H, W), or nothing (a size is tried)."""
SIZES = (224, 64, 32, 256, 299, 384)
WINDOWED = ("conv2d", "conv_transpose2d", "max_pool2d", "max_pool2d_with_indices", "avg_pool2d")
_PASS_THROUGH = (nn.Identity, nn.Sequential, nn.Dropout, nn.Dropout2d)


class _Recorder(TorchFunctionMode):
    """Notes every call that makes a tensor; inside a leaf module nothing is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.record = Record()
        self.scopes: list[str] = []
        self.began: list[tuple[int, tuple[int, ...]]] = []
        self.inside = 0
        self._values: dict[int, int] = {}
        self._alive: list[Tensor] = []

    def value(self, tensor: Tensor) -> int:
        """Give a tensor a new number; it is kept alive so that its id stays its own."""
        self._values[id(tensor)] = len(self.record.shapes)
        self._alive.append(tensor)
        self.record.shapes.append(tuple(tensor.shape))
        return self._values[id(tensor)]

    def known(self, things: Any) -> tuple[int, ...]:
        """Numbers of the tensors among arguments or outputs that were made from the input."""
        return tuple(dict.fromkeys(self._values[id(t)] for t in tensors(things) if id(t) in self._values))

    def note(self, op: str, is_module: bool, inputs: Any, output: Any, **facts: Any) -> None:
        known = self.known(inputs)
        made = tuple(self.value(t) for t in tensors(output) if known or t.numel() > 1)  # zeros(()) is but a number
        if known and made:
            where = self.scopes[-1] if self.scopes else ""
            stored = not is_module and any(t.numel() > 1 and id(t) not in self._values for t in tensors(inputs))
            number = len(self.record.nodes)
            self.record.nodes.append(Node(number, op, where, is_module, known, made, stored=stored, **facts))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if not self.inside:
            op, given = getattr(func, "__name__", str(func)), kwargs or {}
            plain = tuple(None if isinstance(a, Tensor) else a for a in (*args, *given.values()))
            self.note(op, False, (args, kwargs), output, arguments=plain, window=_window(op, args, given))
        return output


def _window(op: str, args: Sequence[Any], named: dict[str, Any]) -> tuple[int, ...]:
    """Rows and columns that a convolution or pool called as a function reads for one pixel."""
    if op not in WINDOWED:
        return ()
    size = args[1] if len(args) > 1 else named.get("weight", named.get("kernel_size"))
    return tuple(size.shape[-2:]) if isinstance(size, Tensor) else pair(size)


def is_leaf(module: nn.Module) -> bool:
    """Whether a module counts as one step: PyTorch's own layers without children, and this package's layers."""
    if isinstance(module, SpelledOut):
        return False
    home = type_before_parametrizations(module).__module__
    parts = len(list(module.children())) - is_parametrized(module)  # what makes a weight is no step of the pass
    if home.startswith(("biasscope.nn.", "biasscope.models.surgery.", "biasscope.models.architectures.layers")):
        return True
    return isinstance(module, nn.MultiheadAttention) or (home.startswith("torch.nn.") and not parts)


def _hooks(model: nn.Module, recorder: _Recorder) -> list[Any]:
    """Hooks that keep the recorder informed about where it is."""

    def enter(name: str, leaf: bool) -> Callable[..., None]:
        def hook(_module: nn.Module, args: Any) -> None:
            recorder.began.append((len(recorder.record.nodes), recorder.known(args)))
            recorder.scopes.append(name)
            recorder.inside += leaf

        return hook

    def leave(leaf: bool) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            recorder.inside -= leaf
            if leaf and not recorder.inside and not isinstance(module, _PASS_THROUGH):
                recorder.note(class_name(module), True, (args, kwargs), output)
            (start, read), where, made = recorder.began.pop(), recorder.scopes.pop(), recorder.known(output)
            if not leaf and len(made) == 1:
                collapse(recorder.record, start, module, where, read, made[0])
                as_module(recorder.record, start, module, where, read, made[0])

        return hook

    handles = []
    for name, module in model.named_modules():
        leaf = is_leaf(module)
        handles.append(module.register_forward_pre_hook(enter(name, leaf)))
        handles.append(module.register_forward_hook(leave(leaf), with_kwargs=True))
    return handles


def _one_pass(model: nn.Module, shape: tuple[int, ...]) -> Record:
    recorder = _Recorder()
    handles = _hooks(model, recorder)
    try:
        with torch.no_grad(), torch.device("meta"), _uncompiled():
            x = torch.empty(shape, dtype=_float_type(model))
            recorder.record.source = recorder.value(x)
            with recorder:
                output = model(x)
            recorder.record.results = frozenset(recorder.known(output))
            gather(recorder.record)
            recorder.record.axes = spatial_axes(recorder.record)
    finally:
        for handle in handles:
            handle.remove()
    return recorder.record


def _uncompiled() -> AbstractContextManager[Any]:
    """Run a compiled model as it was written: it would be compiled anew with the hooks that follow it."""
    compiled = "torch._dynamo" in sys.modules  # importing it takes seconds, and without it nothing is compiled
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()


def _float_type(model: nn.Module) -> torch.dtype:
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.get_default_dtype())


def _shapes(model: nn.Module, example: Example) -> list[tuple[int, ...]]:
    if isinstance(example, Tensor):
        return [tuple(example.shape)]
    if example is not None:
        return [(1, *example)]
    first = next((m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d)), 3)
    return [(1, channels, size, size) for channels in dict.fromkeys((first, 3)) for size in SIZES]


def copied(model: M) -> M:
    """Give a copy that shares nothing with the model and is in its mode, which graphs of ``torch.fx`` forget.

    Raises
    ------
    UsageError
        The model holds something that cannot be copied.
    """
    try:
        made = copy.deepcopy(model)
    except Exception as error:  # a module may hold anything
        what = f"{class_name(model)} cannot be copied ({_first_line(error)})"
        hint = "If it keeps a tensor with its gradient history, as weight_norm does: run it once under torch.no_grad()."
        raise UsageError(what, hint=hint) from error
    modes = {name: module.training for name, module in model.named_modules()}
    for name, module in made.named_modules():
        if modes.get(name, module.training) != module.training:
            module.train(modes[name])
    return made


def refuse_no_module(model: object) -> None:
    """Refuse names and models with their preprocessing, of which the module alone can be changed.

    Raises
    ------
    UsageError
        It is not a module.
    """
    if not isinstance(model, nn.Module):
        hint = "Give the module of a loaded model: load_model(...).module."
        raise UsageError(f"surgery is done on a module, not on a {type(model).__name__}", hint=hint)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def refuse_lazy(model: nn.Module) -> None:
    """Refuse layers (``nn.LazyConv2d`` and so on) whose parameters have no shapes yet.

    Raises
    ------
    UsageError
        Naming the first.
    """
    for name, module in model.named_modules():
        if any(map(is_lazy, (*module._parameters.values(), *module._buffers.values()))):
            what = f"{class_name(module)} has no shapes yet"
            raise UsageError(what, where=name, hint="Run the model once on a batch of pictures, which gives it them.")


def _tried(ghost: nn.Module, shapes: Sequence[tuple[int, ...]], problems: Counter[str]) -> Record | None:
    """Record of the first shape that the model runs on; what was wrong with the others in `problems`."""
    for shape in shapes:
        try:
            return _one_pass(ghost, shape)
        except Exception as error:  # any model's forward may raise anything
            problems[_first_line(error)] += 1
    return None


def _unchecked(ghost: nn.Module) -> nn.Module:
    """Let torchvision's ``Normalize`` pass its map on: it looks at its numbers, which have no values here."""
    for module in ghost.modules():
        if type(module).__name__ == "Normalize" and type(module).__module__.startswith("torchvision.transforms."):
            vars(module)["forward"] = torch.clone
    return ghost


def _without_hooks(ghost: nn.Module) -> bool:
    """Take the hooks off that are a function or method of somebody; whether there were any."""
    found = 0
    for module in ghost.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            for key in [key for key, hook in hooks.items() if isinstance(hook, (FunctionType, MethodType, partial))]:
                del hooks[key]
                found += 1
    return found > 0


def follow(model: nn.Module, example: Example = None) -> Record:
    """Run a copy of the model on shapes alone and record every step; the model itself is not touched.

    Raises
    ------
    UsageError
        The model cannot be run so.
    """
    refuse_no_module(model)
    if isinstance(model, torch.jit.ScriptModule):
        raise UsageError("a scripted or traced model cannot be changed", hint="Give the model it was made from.")
    refuse_lazy(model)
    ghost, problems = _unchecked(copied(model).eval().to("meta")), Counter[str]()
    record = _tried(ghost, _shapes(model, example), problems)
    if record is not None:
        return record
    if _without_hooks(ghost) and _tried(ghost, _shapes(model, example), Counter()) is not None:
        raise UsageError(
            f"a hook of {class_name(model)} cannot be run on shapes alone ({next(iter(problems))})",
            hint="Take hooks off before, and register them again afterwards.",
        )
    raise UsageError(
        f"the forward pass of {class_name(model)} cannot be followed ({next(iter(problems))})",
        hint="Give a fitting input with example=(C, H, W), or the part that takes one (N, C, H, W) tensor alone, "
        "such as the backbone of a detector.",
    )
