"""Functions in a forward that surgery has to get at, made modules: pools, and activations in front of other functions.

``x = F.relu(self.conv(x)); return self.fc(x.mean((2, 3)))`` has no place where a blur could go. Written again by
``torch.fx`` with a module for the activation, it has one. Names and parameters stay, the class does not.
"""

from __future__ import annotations

import copy
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from torch import fx, nn

from biasscope.core.errors import UsageError
from biasscope.models.borrow import modes_kept, same_draws
from biasscope.models.surgery.edit import replace
from biasscope.models.surgery.layers.spelled import SpelledOut
from biasscope.models.surgery.reading.elementwise import ACTIVATIONS
from biasscope.models.surgery.reading.follow import Example, copied, follow
from biasscope.models.surgery.reading.hidden import strided
from biasscope.models.surgery.reading.placement import stuck
from biasscope.models.surgery.reading.record import Node, Record, same_steps
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, matches
from biasscope.models.surgery.reading.sites import Site, find_sites, refuse, select
from biasscope.models.surgery.table import Replacement
from biasscope.models.surgery.tracing import Escaped, is_special, manages, traced

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
    changed, rows = copied(model) if names else model, list[Replacement]()
    try:
        for name in sorted(set(names), key=lambda name: (-name.count("."), name == "", name)):
            new = _spelled_out(changed.get_submodule(name))
            if new is None:
                continue
            made = ", ".join(part for part in new._modules if part not in changed.get_submodule(name)._modules)
            rows.append(Replacement(surgery, name, "forward", (1, 1), new.original, f"functions are modules: {made}"))
            changed = replace(changed, name, partial(_given, new))
        seen = follow(changed, example) if rows else record
    except (Escaped, UsageError):  # something asks a module for more than its forward
        return model, record, []
    if not rows or not same_steps(record, seen):
        return model, record, []
    if inplace:
        what = "functions in its forward have to become modules, which is not done in place"
        raise refuse(rows[0].name, what, "Leave inplace out, and take the model that is returned.")
    return changed, seen, rows


def _given(new: nn.Module, _old: nn.Module) -> nn.Module:
    return new


def _spelled_out(module: nn.Module) -> SpelledOut | None:
    """Write the forward of a module that reads one value again, if it is the same code in all modes.

    Whatever else it does besides giving a value, as keeping one in an attribute, would be lost: then there is none.

    Raises
    ------
    Escaped
        The forward keeps a value where it cannot be taken away again.
    """
    parameters = inspect.signature(type(module).forward).parameters.values()
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in parameters)
    other = isinstance(module, (SpelledOut, nn.Sequential)) or "forward" in vars(module) or is_special(type(module))
    if not plain or len(parameters) != 2 or other or manages(type(module).forward):
        return None
    held = [(part, _contents(part)) for part in module.modules()]
    try:
        with same_draws() as drawn, modes_kept(module):
            traces = [_traced(module, *modes) for modes in ((True, True), (False, False), (True, False), (False, True))]
            kept = not drawn()
        kept = kept and all(_contents(part) == was for part, was in held)
    except Escaped:
        raise
    except Exception:  # any forward may do what a graph cannot say
        return None
    finally:
        for part, was in held:
            vars(part).clear()
            vars(part).update(was)
    graph, parts = traces[0]
    code = [graph.python_code("self").src for graph, _ in traces]
    if not kept or not parts or len(set(code)) > 1 or "_tensor_constant" in code[0]:
        return None
    new = SpelledOut(module, graph)
    for name, part in parts.items():
        new.add_module(name, part.train(module.training))
    return new


def _contents(module: nn.Module) -> dict[str, Any]:
    """What a module holds, with copies of what a forward may add to."""
    return {
        name: copy.copy(thing) if type(thing) in (dict, list, set) else thing for name, thing in vars(module).items()
    }


def _traced(module: nn.Module, mode: bool, others: bool) -> tuple[fx.Graph, dict[str, nn.Module]]:
    """Graph of a forward, itself and its parts in training or not, and the modules that stand in it for functions."""
    for one in module.modules():
        one.training = others
    module.training = mode
    graph = traced(module, mode is others)
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
    shared = calls[node.target] > 1 and type(part).__name__ in ACTIVATIONS and not list(part.parameters())
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
