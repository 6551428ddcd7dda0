"""Functions in a forward that surgery has to get at, made modules: pools, and activations in front of other functions.

``x = F.relu(self.conv(x)); return self.fc(x.mean((2, 3)))`` has no place where a blur could go. Written again by
``torch.fx`` with a module for the activation, it has one. Names and parameters stay, the class does not.
"""

from __future__ import annotations

import copy
import dis
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import torch
from torch import fx, nn

from biasscope.core.errors import UsageError
from biasscope.models.borrow import same_draws
from biasscope.models.surgery.edit import replace
from biasscope.models.surgery.layers.spelled import SpelledOut
from biasscope.models.surgery.reading.elementwise import ACTIVATIONS
from biasscope.models.surgery.reading.follow import Example, copied, follow
from biasscope.models.surgery.reading.hidden import strided
from biasscope.models.surgery.reading.placement import stuck
from biasscope.models.surgery.reading.record import Node, Record
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, matches
from biasscope.models.surgery.reading.sites import Site, find_sites, refuse, select
from biasscope.models.surgery.table import Replacement

M = TypeVar("M", bound=nn.Module)
POOLS = ("max_pool2d", "avg_pool2d")
_MAX_POOL = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_SAME_ARGUMENTS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "selu": nn.SELU, "celu": nn.CELU,
    "gelu": nn.GELU, "silu": nn.SiLU, "mish": nn.Mish, "hardswish": nn.Hardswish, "hardsigmoid": nn.Hardsigmoid,
    "hardtanh": nn.Hardtanh, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "softplus": nn.Softplus,
    "logsigmoid": nn.LogSigmoid, "softsign": nn.Softsign, "avg_pool2d": nn.AvgPool2d,
    "adaptive_avg_pool2d": nn.AdaptiveAvgPool2d,
}  # fmt: skip
"""Functions whose arguments behind the first are those of the module, in the same order."""


class _Tracer(fx.Tracer):
    """Follows the forward of one module, whose parts are single steps; steps in another state than around it fail."""

    proxy_buffer_attributes = True

    def __init__(self) -> None:
        super().__init__()
        self.state = _state()

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        if _state() != self.state:
            raise ValueError("a graph does not say under which gradient mode or precision a step runs")
        return super().create_node(*args, **kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def _state() -> tuple[bool, ...]:
    """What a ``with`` in a forward may change, which a graph does not say: whether gradients and autocast are on."""
    types = ("cpu", "cuda")
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), *map(torch.is_autocast_enabled, types)


def called_pools(model: nn.Module, record: Record, skip: Selectors, meant: Callable[[Node], bool]) -> Iterator[str]:
    """Names of modules whose forward calls a pool of more than one pixel that is meant."""
    for node in record.nodes:
        called = node.op in POOLS and not node.is_module and max(node.window, default=1) > 1
        if called and meant(node) and not matches(node.where, model.get_submodule(node.where), as_tuple(skip)):
            yield node.where


def in_the_way(
    model: nn.Module,
    record: Record,
    layers: Selectors,
    skip: Selectors,
    wanted: Callable[[Site], bool] = lambda site: True,
) -> list[str]:
    """Names of modules in whose forward a function has the place where a sampling would go."""
    pools = called_pools(model, record, skip, lambda node: strided(record, node)) if layers is None else ()
    sites = [site for site in select(find_sites(model, record), layers, skip) if wanted(site)]
    return [*pools, *stuck(model, record, sites)]


def spelled(
    model: M, record: Record, surgery: str, names: Sequence[str], example: Example, inplace: bool
) -> tuple[M, Record, list[Replacement]]:
    """Give the model with the forward of the named modules spelled out where that can be done, its record, and rows.

    Raises
    ------
    UsageError
        There is something to spell out, and the model itself was to be changed.
    """
    changed, rows = copied(model) if names and not inplace else model, list[Replacement]()
    for name in sorted(set(names), key=lambda name: (-name.count("."), name == "", name)):
        old = changed.get_submodule(name)
        new = _spelled_out(old)
        if new is None:
            continue
        if inplace:
            what = "functions in its forward have to become modules, which is not done in place"
            raise refuse(name, what, "Leave inplace out, and take the model that is returned.")
        made = ", ".join(part for part in new._modules if part not in old._modules)
        rows.append(Replacement(surgery, name, "forward", (1, 1), new.original, f"functions are modules: {made}"))
        changed = replace(changed, name, partial(_given, new))
    try:
        return (changed, follow(changed, example), rows) if rows else (model, record, rows)
    except UsageError:  # something asks a module for more than its forward
        return model, record, []


def _given(new: nn.Module, _old: nn.Module) -> nn.Module:
    return new


def _spelled_out(module: nn.Module) -> SpelledOut | None:
    """Write the forward of a module that reads one value again, if it is the same code in both modes.

    Whatever else it does besides giving a value, as keeping one in an attribute, would be lost: then there is none.
    """
    parameters = inspect.signature(type(module).forward).parameters.values()
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in parameters)
    other = isinstance(module, (SpelledOut, nn.Sequential)) or "forward" in vars(module)
    if not plain or len(parameters) != 2 or other:
        return None
    was = module.training
    held = {
        name: copy.copy(thing) if type(thing) in (dict, list, set) else thing for name, thing in vars(module).items()
    }
    try:
        with same_draws() as drawn:
            training, _ = _traced(module, True)
            evaluating, parts = _traced(module, False)
            kept = vars(module) | {"training": was} == held and not (drawn() or _manages(type(module).forward))
    except Exception:  # any forward may do what a graph cannot say
        return None
    finally:
        vars(module).clear()
        vars(module).update(held)
    code = [graph.python_code("self").src for graph in (training, evaluating)]
    if not kept or not parts or code[0] != code[1] or "_tensor_constant" in code[0]:
        return None
    new = SpelledOut(module, evaluating)
    for name, part in parts.items():
        new.add_module(name, part.train(was))
    return new


def _manages(forward: Callable[..., Any]) -> bool:
    """Whether a forward has a ``with``, whose doing a graph does not say."""
    return any(step.opname in ("BEFORE_WITH", "SETUP_WITH", "LOAD_SPECIAL") for step in dis.get_instructions(forward))


def _traced(module: nn.Module, mode: bool) -> tuple[fx.Graph, dict[str, nn.Module]]:
    """Graph of a forward in training or not, and the modules that stand in it for functions."""
    module.training = mode
    graph = _Tracer().trace(module)
    parts: dict[str, nn.Module] = {}
    calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
    for node in graph.nodes:
        part = _copied(module, node, calls) if node.op == "call_module" else _as_module(node, mode)
        if part is not None and node.all_input_nodes:
            base = type(part).__name__.lower()
            name = next(f"{base}_{i}" for i in range(len(parts), 10**6) if not hasattr(module, f"{base}_{i}"))
            parts[name] = part
            node.op, node.target, node.args, node.kwargs = "call_module", name, (node.all_input_nodes[0],), {}
    return graph, parts


def _copied(module: nn.Module, node: fx.Node, calls: Counter[Any]) -> nn.Module | None:
    """An activation of its own for each call of one that is called several times."""
    part = module.get_submodule(str(node.target))
    shared = calls[node.target] > 1 and type(part).__name__ in ACTIVATIONS and not any(part.parameters())
    return copy.deepcopy(part) if shared and len(node.args) == 1 else None


def _as_module(node: fx.Node, mode: bool) -> nn.Module | None:
    """Make the module of a function of one map and of numbers, if it has one."""
    if node.op not in ("call_function", "call_method"):
        return None
    op = str(node.target if node.op == "call_method" else getattr(node.target, "__name__", ""))
    given, named = list(node.args), dict(node.kwargs)
    first = given.pop(0) if given else named.pop("input", None)
    if not isinstance(first, fx.Node) or node.all_input_nodes != [first]:
        return None
    if op == "dropout":
        return _dropout(given, named, mode)
    if op == "max_pool2d":
        return nn.MaxPool2d(**dict(zip(_MAX_POOL, given, strict=False)), **named)  # type: ignore[arg-type]
    if op == "relu_":
        return nn.ReLU(inplace=True)
    return _SAME_ARGUMENTS[op](*given, **named) if op in _SAME_ARGUMENTS else None


def _dropout(given: list[Any], named: dict[str, Any], mode: bool) -> nn.Module | None:
    """Dropout that the mode of the module turns on and off, as ``training=self.training`` says."""
    values = dict(zip(("p", "training", "inplace"), given, strict=False)) | named
    if values.pop("training", True) is not mode:
        return None
    return nn.Dropout(**values)
