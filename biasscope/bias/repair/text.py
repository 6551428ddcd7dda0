"""Reading a torchvision pipeline given as text: calls with literal arguments, nothing is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from biasscope.core.errors import UsageError

LONGEST = 4000
MODULES = ("v2", "T", "transforms", "torchvision.transforms.v2", "torchvision.transforms")
PREFIXES = (*MODULES, "InterpolationMode", "torch")

Value: TypeAlias = (
    "bool | int | float | str | tuple[Value, ...] | list[Value] | dict[Value, Value] | Call | Name | None"
)


@dataclass(frozen=True)
class Call:
    """A call in the text: ``name(*arguments, **options)``."""

    name: str
    arguments: tuple[Value, ...] = ()
    options: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Name:
    """A dotted constant in the text, such as ``InterpolationMode.BILINEAR`` or ``torch.float32``."""

    prefix: str
    name: str


def parse(text: str) -> tuple[Call, ...]:
    """Calls of a pipeline, in order: ``"A(1), B()"``, ``"[A(1), B()]"`` and ``"Compose([A(1), B()])"`` are the same.

    Raises
    ------
    UsageError
        For text that is not such a list of calls.

    Examples
    --------
    >>> [call.name for call in parse("RandomResizedCrop(224), v2.RandomHorizontalFlip(p=0.5)")]
    ['RandomResizedCrop', 'RandomHorizontalFlip']
    >>> parse("RandomCrop(32, padding=4)")[0].options
    (('padding', 4),)
    >>> parse("RandomHorizontalFlip") == parse("RandomHorizontalFlip()")
    True
    """
    if len(text) > LONGEST:
        raise UsageError(f"the pipeline is longer than {LONGEST} characters", where="--augment")
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(text, "it is not a list of transforms") from error
    try:
        found = _value(node)
    except RecursionError as error:
        raise _refused(text, "it is nested too deeply") from error
    steps = [_bare(step) for step in (found if isinstance(found, tuple | list) else (found,))]
    calls = tuple(step for step in steps if isinstance(step, Call))
    if not calls or len(calls) < len(steps):
        raise _refused(text, "every step must be a transform")
    if len(calls) == 1 and calls[0].name == "Compose" and not calls[0].options and len(calls[0].arguments) == 1:
        return _inside_compose(calls[0], text)
    return calls


def unknown(name: str, known: Mapping[str, object] | list[str], what: str = "transform") -> UsageError:
    """Error for a name that torchvision does not have, with the nearest that it has."""
    names = sorted(known)
    near = get_close_matches(name, names, 1) or [item for item in names if item.lower() == name.lower()]
    hint = f"Did you mean {near[0]}?" if near else "See torchvision.transforms.v2 for what there is."
    return UsageError(f"torchvision.transforms.v2 has no {what} called {name!r}.", where="--augment", hint=hint)


def _inside_compose(call: Call, text: str) -> tuple[Call, ...]:
    steps = call.arguments[0]
    if isinstance(steps, tuple | list) and steps:
        calls = tuple(step for step in map(_bare, steps) if isinstance(step, Call))
        if len(calls) == len(steps):
            return calls
    raise _refused(text, "Compose takes a list of transforms")


def _bare(step: Value) -> Value:
    """Step as a call: a transform without arguments may be written without parentheses."""
    if isinstance(step, Name) and (not step.prefix or step.prefix in MODULES):
        return Call(step.name)
    return step


def _value(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=(None | bool() | int() | float() | str()) as constant):
            return constant
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return _quotient(_value(left), _value(right), node)
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Call(func=function, args=arguments, keywords=keywords):
            return _call(function, arguments, keywords)
        case ast.Name() | ast.Attribute():
            prefix, _, name = _dotted(node).rpartition(".")
            return Name(prefix, name)
    raise _refused(ast.unparse(node), "only calls of transforms with literal arguments are understood")


def _quotient(top: Value, bottom: Value, node: ast.expr) -> float:
    if isinstance(top, int | float) and isinstance(bottom, int | float) and bottom != 0:
        return top / bottom
    raise _refused(ast.unparse(node), "only numbers can be divided")


def _call(function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Call:
    prefix, _, name = _dotted(function).rpartition(".")
    if prefix and prefix not in PREFIXES:
        raise _refused(f"{prefix}.{name}", "transforms come from torchvision.transforms.v2 only")
    options = tuple((word.arg, _value(word.value)) for word in keywords if word.arg is not None)
    if len(options) < len(keywords):
        raise _refused(name, "** is not understood")
    return Call(name, tuple(_value(item) for item in arguments), options)


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            return f"{_dotted(inner)}.{name}"
    raise _refused(ast.unparse(node), "only names of transforms can be called")


def _refused(text: str, why: str) -> UsageError:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    example = 'Write it as "RandomResizedCrop(224), RandomHorizontalFlip()".'
    return UsageError(f"the pipeline {shown!r} is not understood: {why}.", where="--augment", hint=example)
