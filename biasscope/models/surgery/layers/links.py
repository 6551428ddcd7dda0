"""Values that one layer leaves for others of the same pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from torch import Tensor, nn
from torch.fx import Node, Proxy

from biasscope.core.errors import UsageError


class Link:
    """Holds one tensor during a pass. Copies and pickles of it are empty, and shared by the layers that shared it."""

    def __init__(self) -> None:
        self.value: Tensor | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Link:
        memo[id(self)] = new = type(self)()
        return new

    def __reduce__(self) -> tuple[type[Link], tuple[()]]:
        return type(self), ()


class KeepInput:
    """Forward pre-hook that leaves a module's first tensor, given by place or by name, in a link."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep the input."""
        self.link.value = next(
            (cast(Tensor, value) for value in (*args, *kwargs.values()) if isinstance(value, (Tensor, Proxy))), None
        )


class Forget:
    """Forward hook that empties a link when the pass is over, so that neither the value nor its graph stays alive."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Empty the link."""
        self.link.value = None


class KeepOutput:
    """Forward hook that leaves a copy of a module's output in a link: an activation may overwrite the output itself."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
        """Keep a copy of the output."""
        if not isinstance(output, (Tensor, Proxy)):
            what = f"{type(module).__name__} gives a {type(output).__name__}, which cannot guide a pixel-adaptive layer"
            raise UsageError(what, hint="Name a module that gives one tensor.")
        self.link.value = output.clone()


def traced_value(link: Link, proxy: Proxy) -> Proxy:
    """Find what a link holds in the graph that ``torch.fx`` is writing, where most hooks do not run.

    Raises
    ------
    UsageError
        Neither the module whose hook fills the link nor the model whose input does is in the graph.
    """
    tracer: Any = proxy.tracer
    if isinstance(link.value, Proxy) and link.value.tracer is tracer:
        return link.value
    for node in tracer.graph.nodes:
        module = tracer.root.get_submodule(node.target) if node.op == "call_module" else None
        if module is not None and _fills(module._forward_hooks.values(), link):
            return cast(Proxy, tracer.proxy(_copy_of(node)))
        if node.op == "placeholder" and _fills(tracer.root._forward_pre_hooks.values(), link):
            return cast(Proxy, tracer.proxy(node))
    raise UsageError("the guidance of a pixel-adaptive layer is not in the traced model", hint="Trace the whole model.")


def _copy_of(node: Node) -> Node:
    """Copy directly behind a step of a graph, one for all that read it."""
    if node.next.op == "call_method" and node.next.target == "clone" and node.next.args == (node,):
        return node.next
    with node.graph.inserting_after(node):
        return node.graph.call_method("clone", (node,))


def _fills(hooks: Iterable[object], link: Link) -> bool:
    return any(isinstance(hook, (KeepInput, KeepOutput)) and hook.link is link for hook in hooks)
