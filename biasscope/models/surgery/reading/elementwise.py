"""Activations that a model writes itself, as ``x * sigmoid(x + 3)``: such a module is one step."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from biasscope.models.surgery.reading.record import Node, Record

_ACTIVATION_MODULES = """
    ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid Tanh Softplus
    LogSigmoid Softsign Threshold Hardshrink Softshrink Tanhshrink
"""
_ACTIVATION_FUNCTIONS = """
    relu relu_ relu6 leaky_relu leaky_relu_ prelu rrelu elu elu_ selu celu gelu silu mish hardswish hardsigmoid hardtanh
    sigmoid sigmoid_ tanh tanh_ softplus clamp clamp_ threshold logsigmoid softsign hardshrink softshrink tanhshrink
"""
_ARITHMETIC = """
    add add_ __add__ __radd__ __iadd__ sub __sub__ __rsub__ mul mul_ __mul__ __rmul__ __imul__ div div_ __truediv__
    __rdiv__ __rtruediv__ neg __neg__ abs square pow __pow__ sqrt exp erf log1p sin cos minimum maximum clamp_min
    clamp_max
"""
ACTIVATIONS = frozenset((_ACTIVATION_MODULES + _ACTIVATION_FUNCTIONS).split())
_ELEMENTWISE = ACTIVATIONS | frozenset(_ARITHMETIC.split())


def is_activation(node: Node) -> bool:
    """Whether a step is a non-linearity, of PyTorch or written out."""
    return node.op in ACTIVATIONS or node.elementwise


def collapse(record: Record, start: int, module: nn.Module, where: str, read: Sequence[int], made: int) -> None:
    """Put one step in the place of those from ``start`` on, if they are an activation that the module writes out.

    They are, if there are several, all of them pixelwise, on nothing but the one map that the module reads, and the
    module stores nothing: no parameters, and no numbers that may belong to places of the map.
    """
    steps = record.nodes[start:]
    if len(steps) < 2 or len(read) != 1 or not where or _stores(module):
        return
    inside = {*read, *(value for node in steps for value in node.outputs)}
    pixelwise = all(
        (node.op in _ELEMENTWISE or node.elementwise) and inside.issuperset(node.inputs) and len(node.outputs) == 1
        for node in steps
    )
    if pixelwise and made == steps[-1].outputs[0] and len({record.shapes[value] for value in inside}) == 1:
        node = Node(start, type(module).__name__, where, True, tuple(read), (made,), elementwise=True)
        record.nodes[start:] = [node]
        record.within += [step.where for step in steps if step.is_module]


def _stores(module: nn.Module) -> bool:
    """Whether a module has anything in its state, or a buffer of several numbers that its state leaves out."""
    return bool(module.state_dict()) or any(buffer.numel() > 1 for buffer in module.buffers())
