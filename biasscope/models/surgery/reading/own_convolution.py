"""Convolutions of a class of their own, which make their weights in their forward (weight standardisation)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn

from biasscope.models.surgery.layers import PaddingLaw
from biasscope.models.surgery.reading.record import Node, Record
from biasscope.nn._padding import reach


def as_module(record: Record, start: int, module: nn.Module, where: str, read: Sequence[int], made: int) -> None:
    """Put one step in the place of those of a convolution's own forward, if one of them alone reads the map.

    That is so where this is a convolution, the others make its weights, and the map that it gives has the size that
    the stride and padding which the module holds give it.
    """
    steps = record.nodes[start:]
    ends = [node for node in steps if set(node.inputs) & set(read)]
    if not isinstance(module, nn.Conv2d) or len(read) != 1 or len(ends) != 1 or any(node.is_module for node in steps):
        return
    before, after = record.shapes[read[0]], record.shapes[made]
    if ends[0] is steps[-1] and ends[0].op == "conv2d" and len(before) == 4 and _size(module, before) == after[-2:]:
        record.nodes[start:] = [Node(start, "Conv2d", where, True, tuple(read), (made,), stored=True)]


def _size(conv: nn.Conv2d, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Rows and columns that a convolution gives by what it holds."""
    law, taps = PaddingLaw.of(conv), reach(conv.kernel_size, conv.dilation)
    return tuple(
        (shape[2 + axis] + sum(law.amount(shape[2 + axis], axis)) - taps[axis] - 1) // conv.stride[axis] + 1
        for axis in (0, 1)
    )


def obeys(conv: nn.Conv2d, shape: tuple[int, ...]) -> bool:
    """Whether a convolution of a class of its own gives the map of stride 1 where its stride is set to 1."""
    try:
        trial = copy.deepcopy(conv).eval().to("meta")
        trial.stride = (1, 1)
        with torch.no_grad():
            found = trial(torch.empty(shape, dtype=trial.weight.dtype, device="meta"))
    except Exception:  # any forward and hook may raise anything
        return False
    return tuple(found.shape[-2:]) == _size(trial, shape)
