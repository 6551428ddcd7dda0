"""Maximum-sampling bias: how often a pool passes on the maximum of its window."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import PerImage, Reads
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan

Pair = tuple[int, int]


def maximum_bias(
    before: Tensor, after: Tensor, kernel_size: Pair, stride: Pair, padding: Pair = (0, 0), dilation: Pair = (1, 1)
) -> Tensor:
    """Share of windows whose maximum is what the pool gave.

    Parameters
    ----------
    before, after
        Maps that the pool read (..., C, H, W) and gave (..., C, h, w).
    kernel_size, stride, padding, dilation
        Of the windows. What windows beyond the edge would read is left out.

    Returns
    -------
        One value a stack, (...). Windows in which all values are equal say nothing and are left out; NaN if there are
        no others. 1 for a max pool.

    Notes
    -----
    Source: TIPS (translation invariant polyphase sampling), 2025.

    Examples
    --------
    >>> x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    >>> float(maximum_bias(x, torch.tensor([[[1.0, 4.0]]]), (1, 2), (1, 2)))
    0.5
    """
    stacks = before.flatten(0, -4) if before.dim() > 3 else before[None]
    given = after.flatten(0, -4) if after.dim() > 3 else after[None]
    most = F.max_pool2d(stacks, kernel_size, stride, padding, dilation)
    least = -F.max_pool2d(-stacks, kernel_size, stride, padding, dilation)
    rows, columns = min(most.shape[-2], given.shape[-2]), min(most.shape[-1], given.shape[-1])
    most, least, given = (part[..., :rows, :columns] for part in (most, least, given))
    telling = most > least
    passed = (given - most).abs() <= 1e-6 * most.abs().maximum(least.abs())
    count = telling.sum((-3, -2, -1))
    share = (passed & telling).sum((-3, -2, -1)) / count
    return torch.where(count > 0, share, torch.nan).reshape(before.shape[:-3])


def _pair(value: Any) -> Pair:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def windows_of(layer: Layer) -> tuple[Pair, Pair, Pair, Pair]:
    """Kernel, stride, padding and dilation of a pool; blocks of the stride where the layer has no such thing."""
    module = layer.module
    kernel = getattr(module, "kernel_size", None)
    if kernel is None:
        return layer.factor, layer.factor, (0, 0), (1, 1)
    padding, dilation = getattr(module, "padding", 0), getattr(module, "dilation", 1)
    return _pair(kernel), layer.factor, _pair(padding), _pair(dilation)


class MaximumBias(PerImage):
    """`maximum_bias` of the reference at layers that subsample maps without mixing them."""

    reads: ClassVar[Reads] = "reference"
    bounds = (0.0, 1.0)

    @classmethod
    def applies(cls, layer: Layer, plan: Plan) -> bool:
        """At pools, polyphase sampling and blurs."""
        weighted = getattr(layer.module, "weight", None) is not None
        return layer.subsampling and not weighted and layer.axes == (2, 3) and not layer.place.dense

    def update(self, number: int, reading: Reading) -> None:
        """Share of every reference."""
        before, after = reading.incoming, reading.maps[:, 0]
        if before.shape[1] == after.shape[1]:
            self.put(number, maximum_bias(before, after, *windows_of(self.layers[number])))
