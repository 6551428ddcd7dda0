"""Follow what a forward does with a value into a graph of ``torch.fx``, and fail where a graph would not say it."""

from __future__ import annotations

import dis
import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx, nn
from torch.autograd import Function

from biasscope.models.surgery.layers.spelled import in_place

_DEVICES = ("cpu", "cuda")


class _Empty:
    """What every class holds by being written, which differs between versions of Python."""


_USUAL = frozenset((*dir(object), *vars(_Empty), "__annotations__")) | {
    "forward", "extra_repr", "_get_name", "dump_patches", "training", "call_super_init", "_version", "T_destination",
}  # fmt: skip
"""What classes of modules say in their own way, and which changes neither numbers nor states."""
_AUGMENTED = "add and floordiv lshift matmul mod mul or pow rshift sub truediv xor"


class Escaped(Exception):  # noqa: N818 (no error: a reason to leave the forward as it is)
    """A forward kept a value of its trace somewhere."""


class _Value(fx.Proxy):
    """A value of a trace, which ``+=`` changes in place as it does with a tensor."""


def _augmented(name: str) -> Callable[[_Value, Any], Any]:
    def method(value: _Value, other: Any) -> Any:
        return value.tracer.create_proxy("call_function", in_place, (name, value, other), {})

    return method


for _name in _AUGMENTED.split():
    setattr(_Value, f"__i{_name}__", _augmented(f"i{_name}"))


class _Tracer(fx.Tracer):
    """Follows the forward of one module, whose parts are single steps; steps in another state than around it fail."""

    proxy_buffer_attributes = True

    def __init__(self) -> None:
        super().__init__()
        self.state = _state()
        self.values: weakref.WeakSet[fx.Proxy] = weakref.WeakSet()

    def proxy(self, node: fx.Node) -> fx.Proxy:
        value = _Value(node, self)
        self.values.add(value)
        return value

    def create_arg(self, a: Any) -> Any:
        home = type(a).__module__
        if isinstance(a, (dict, list)) and home != "builtins" and not home.startswith("torch.fx."):
            raise ValueError(f"a graph does not say that this is a {type(a).__name__}")
        return super().create_arg(a)

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        if _state() != self.state:
            raise ValueError("a graph does not say under which gradient mode or precision a step runs")
        return super().create_node(*args, **kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def traced(module: nn.Module, on: bool) -> fx.Graph:
    """Graph of a module's forward, followed with gradients and automatic precision on or off.

    Raises
    ------
    Escaped
        The forward keeps a value somewhere, where it would be missed.
    """
    with _switched(on), _no_own_gradients():
        tracer = _Tracer()
        graph = tracer.trace(module)
    if len(tracer.values):
        gc.collect()
    if len(tracer.values):
        raise Escaped
    return graph


def _state() -> tuple[bool, ...]:
    """What a ``with`` in a forward may change, which a graph does not say: whether gradients and autocast are on."""
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), *map(torch.is_autocast_enabled, _DEVICES)


@contextmanager
def _switched(on: bool) -> Iterator[None]:
    """Gradients and automatic precision on or off, so that what a forward switches itself is seen in one."""
    was = [torch.is_autocast_enabled(device) for device in _DEVICES]
    with torch.set_grad_enabled(on):
        try:
            for device in _DEVICES:
                torch.set_autocast_enabled(device, on)
            yield
        finally:
            for device, before in zip(_DEVICES, was, strict=True):
                torch.set_autocast_enabled(device, before)


@contextmanager
def _no_own_gradients() -> Iterator[None]:
    """Let functions with gradients of their own fail, of which a trace would see the values alone."""
    was = vars(Function).get("apply")

    def fail(*_: Any, **__: Any) -> Any:
        raise ValueError("a graph does not say which gradient a function has")

    setattr(Function, "apply", staticmethod(fail))  # noqa: B010
    try:
        yield
    finally:
        if was is None:
            delattr(Function, "apply")
        else:
            setattr(Function, "apply", was)  # noqa: B010


def is_special(kind: type[nn.Module]) -> bool:
    """Whether a class does more than its forward in its own way, as going into training mode or loading a state."""
    own = {name for base in kind.__mro__ if base not in (nn.Module, object) for name in vars(base)}
    return any(name in vars(nn.Module) for name in own - _USUAL)


def manages(forward: Callable[..., Any]) -> bool:
    """Whether a forward has a ``with``, whose doing a graph does not say."""
    return any(step.opname in ("BEFORE_WITH", "SETUP_WITH", "LOAD_SPECIAL") for step in dis.get_instructions(forward))
