"""Activations that a model writes itself, as ``x * sigmoid(x + 3)``: such a module is one step."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.record import Node, Record

_ACTIVATION_MODULES = """
    ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid Tanh Softplus
    LogSigmoid Softsign Threshold Hardshrink Softshrink Tanhshrink
"""
_ACTIVATION_FUNCTIONS = """
    relu relu_ relu6 leaky_relu leaky_relu_ prelu rrelu elu elu_ selu celu gelu silu mish hardswish hardsigmoid hardtanh
    sigmoid sigmoid_ tanh tanh_ softplus clamp clamp_ clamp_min clamp_min_ clamp_max clamp_max_ threshold logsigmoid
    softsign hardshrink softshrink tanhshrink
"""
_ARITHMETIC = """
    add add_ __add__ __radd__ __iadd__ sub sub_ __sub__ __rsub__ mul mul_ __mul__ __rmul__ __imul__ div div_ __truediv__
    __rdiv__ __rtruediv__ neg __neg__ sin cos to type_as float double half clone zeros_like ones_like full_like
"""
_BENT_STEPS = """
    abs square pow __pow__ sqrt rsqrt reciprocal sign exp expm1 erf log1p minimum maximum min max where masked_fill
    masked_fill_ gt __gt__ lt __lt__ ge __ge__ le __le__
"""
ACTIVATIONS = frozenset((_ACTIVATION_MODULES + _ACTIVATION_FUNCTIONS).split())
_BENT = frozenset(_BENT_STEPS.split())
_ELEMENTWISE = ACTIVATIONS | _BENT | frozenset(_ARITHMETIC.split())


def is_activation(node: Node) -> bool:
    """Whether a step is a non-linearity, of PyTorch or written out."""
    return node.op in ACTIVATIONS or node.elementwise


def is_pixelwise(record: Record, node: Node, like: int) -> bool:
    """Whether a step makes of every pixel one pixel of a map of the same shape, with no numbers but single ones."""
    known = (node.op in _ELEMENTWISE or node.elementwise) and not node.stored and len(node.outputs) == 1
    return known and record.shapes[node.outputs[0]] == record.shapes[like]


def is_bent(node: Node) -> bool:
    """Whether a pixelwise step on one map alone is no linear function of it, as ``maximum(x, 0.1 * x)``."""
    return is_activation(node) or node.op in _BENT


def collapse(record: Record, start: int, module: nn.Module, where: str, read: Sequence[int], made: int) -> None:
    """Put one step in the place of those from ``start`` on, if they are an activation that the module writes out.

    They are, if there are several, or one that is no linear function, all of them pixelwise, on nothing but the one
    map that the module reads, and the module stores nothing: no parameters, and no numbers that may belong to places
    of the map.
    """
    steps = record.nodes[start:]
    alone = len(steps) == 1 and not steps[0].is_module and is_bent(steps[0])
    if not (alone or len(steps) > 1) or len(read) != 1 or not where or _stores(module):
        return
    inside = {*read, *(value for node in steps for value in node.outputs)}
    pixelwise = all(is_pixelwise(record, node, read[0]) and inside.issuperset(node.inputs) for node in steps)
    if pixelwise and made == steps[-1].outputs[0]:
        within = tuple(name for step in steps for name in step.names)
        op = class_name(module)
        record.nodes[start:] = [Node(start, op, where, True, tuple(read), (made,), elementwise=True, within=within)]


def _stores(module: nn.Module) -> bool:
    """Whether a module has anything in its state, or a buffer of several numbers that its state leaves out."""
    return bool(module.state_dict()) or any(buffer.numel() > 1 for buffer in module.buffers())
