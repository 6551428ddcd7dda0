"""Layers of this package are one step of a ``torch.fx`` graph, as PyTorch's own are, and nothing for TorchScript."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

from torch import nn
from torch.fx import Proxy

F = TypeVar("F", bound=Callable[..., Any])


def step(module: nn.Module, proxy: Proxy, *args: Any, **kwargs: Any) -> Any:
    """Note a call of the module in the graph that the proxy belongs to.

    Raises
    ------
    ValueError
        The module is the whole of what is traced, so there is no name to call it by.
    """
    name = proxy.tracer.path_of_module(module)  # type: ignore[attr-defined]
    if not name:
        raise ValueError(f"{type(module).__name__} is one step of a graph: trace a model that contains it")
    return proxy.tracer.create_proxy("call_module", name, args, kwargs)


def one_step(forward: F) -> F:
    """Let ``torch.fx`` see one step instead of what a layer's ``forward`` does, which depends on shapes.

    Examples
    --------
    >>> import torch
    >>> from biasscope.nn import BlurPool2d
    >>> [node.target for node in torch.fx.symbolic_trace(nn.Sequential(nn.ReLU(), BlurPool2d(3))).graph.nodes]
    ['input', '0', '1', 'output']
    """

    @wraps(forward)
    def traced(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else next(iter(kwargs.values()), None)
        if isinstance(first, Proxy):
            return step(self, first, *args, **kwargs)
        return forward(self, *args, **kwargs)

    return cast(F, traced)


def unscripted(self: nn.Module) -> NoReturn:
    """Refuse ``torch.jit.script``, as the ``__prepare_scriptable__`` of a layer, which it calls first.

    Raises
    ------
    NotImplementedError
        With what to use instead.
    """
    raise NotImplementedError(
        f"{type(self).__name__} cannot be scripted: use torch.jit.trace, torch.export or torch.compile for the model"
    )
