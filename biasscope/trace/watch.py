"""Listen to a forward pass: every module and, if asked for, every function outside PyTorch's own layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, Self

from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations
from torch.overrides import TorchFunctionMode

from biasscope.models.failures import mark_as_ours
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.follow import is_leaf

_BOOKKEEPING = frozenset({
    "contiguous", "detach", "clone", "to", "type", "float", "half", "double", "bfloat16", "requires_grad_", "alias",
    "expand", "expand_as", "view_as", "cpu", "cuda", "__set__", "__get__", "zeros_like", "ones_like", "empty_like",
    "rand_like", "randn_like", "new_zeros", "new_ones", "new_empty", "new_full",
})  # fmt: skip


PARAMETRISED = "parametrizations"


class Call(NamedTuple):
    """One call of a module or function in a pass: which, with what, and what came out."""

    name: str
    number: int
    kind: str
    module: nn.Module | None
    inputs: Any
    output: Any


Receive = Callable[[Call], None]


def public_name(name: str) -> str:
    """Name of a module without the wrapper of `torch.compile`.

    >>> public_name("_orig_mod.layer1.0._orig_mod.conv1")
    'layer1.0.conv1'
    """
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


def leaf(module: nn.Module) -> bool:
    """Whether a module counts as one layer: it has no children, or is a layer of this package."""
    return _whole(module) or not any(_parts(module))


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    """Children; what makes a weight (weight norm, spectral norm) is no part of the way through the network."""
    return (child for name, child in module.named_children() if name != PARAMETRISED)


def _whole(module: nn.Module) -> bool:
    """Whether functions that a module calls are its own business: it is a layer of PyTorch or of this package."""
    plain = type_before_parametrizations(module)
    return is_leaf(module) or (plain.__module__.startswith("torch.nn.") and not any(_parts(module)))


class Watch:
    """Hands every call to a function while the context lasts; hooks are gone afterwards, whatever happened.

    Parameters
    ----------
    model
        The model.
    receive
        Gets each call as soon as it is made, so that what an in-place layer overwrites later has been seen before.
    names
        Modules to listen to; all if not given.
    functional
        Whether functions count too.
    """

    def __init__(
        self, model: nn.Module, receive: Receive, names: Collection[str] | None = None, functional: bool = False
    ) -> None:
        self._model, self._receive, self._names, self._functional = model, receive, names, functional
        self._calls: Counter[str] = Counter()
        self._scopes: list[str] = []
        self._inside = 0
        self._handles: list[Any] = []
        self._mode = _Functions(self) if functional else None

    def begin(self) -> None:
        """Start a new pass: calls are counted from 0 again."""
        self._calls.clear()
        self._scopes.clear()
        self._inside = 0

    def __enter__(self) -> Self:
        try:
            for name, module in self._model.named_modules():
                # the wrapper of torch.compile gives what it wraps; what makes a weight gives no response
                if "_orig_mod" not in module._modules and PARAMETRISED not in name.split("."):
                    self._listen(public_name(name), module)
        except BaseException:
            self._remove()
            raise
        if self._mode is not None:
            self._mode.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._mode is not None:
                self._mode.__exit__(*error)  # type: ignore[no-untyped-call]
        finally:
            self._remove()

    def _remove(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _listen(self, name: str, module: nn.Module) -> None:
        wanted = self._names is None or name in self._names
        if self._functional:
            self._handles.append(module.register_forward_pre_hook(self._enter(name, _whole(module))))
        if self._functional or wanted:
            hook = self._leave(name, _whole(module), wanted)
            self._handles.append(module.register_forward_hook(hook, with_kwargs=True))

    def _enter(self, name: str, inner: bool) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            self._scopes.append(name)
            self._inside += inner

        return hook

    def _leave(self, name: str, inner: bool, wanted: bool) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            if self._functional:
                self._scopes.pop()
                self._inside -= inner
            if wanted:
                self.report(name, class_name(module), module, (args, kwargs), output)

        return hook

    def report(self, name: str, kind: str, module: nn.Module | None, inputs: Any, output: Any) -> None:
        """Count a call and hand it on; what is computed about it is not listened to."""
        number = self._calls[name]
        self._calls[name] += 1
        self._inside += 1
        try:
            self._receive(Call(name, number, kind, module, inputs, output))
        except Exception as error:
            mark_as_ours(error)
            raise
        finally:
            self._inside -= 1

    def function(self, func: Any, inputs: Any, output: Any) -> None:
        """Report a function that gave a map inside the model and outside every leaf module."""
        kind = getattr(func, "__name__", "function")
        if self._inside or not self._scopes or kind in _BOOKKEEPING:
            return
        if isinstance(output, Tensor) and output.dim() == 4:
            self.report(f"{self._scopes[-1]}:{kind}", kind, None, inputs, output)


class _Functions(TorchFunctionMode):
    """Sees every function of torch that is called."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        self._watch.function(func, (args, kwargs or {}), output)
        return output
