"""How often each output position of a layer, or of a stack of layers, is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from biasscope.upsampling.step import Line, Step

_DIGITS = 10


@dataclass(frozen=True)
class Overlap:
    """Number of times that the positions of each phase are written, away from the borders.

    Attributes
    ----------
    name, kind
        Layer, and what it is; for a stack, its last layer and ``stack``.
    direction
        ``forward``, or ``backward`` for the gradient of what is in front of the layer.
    counts
        Along each axis, one number a phase; phase r holds the positions y with y mod period = r. Axes multiply.
    layers
        Steps that take part.
    note
        What cannot be said exactly.

    Examples
    --------
    >>> from biasscope.upsampling import layer_step, overlap
    >>> found = overlap([layer_step(3, 2)])
    >>> found.counts, found.ratio
    (((2, 1),), 2.0)
    """

    name: str
    kind: str
    direction: str
    counts: tuple[Line, ...]
    layers: int = 1
    note: str = ""

    @property
    def period(self) -> tuple[int, ...]:
        """Phases along each axis: the product of strides."""
        return tuple(map(len, self.counts))

    @property
    def holes(self) -> float:
        """Share of positions that are never written."""
        return 1 - prod(sum(count != 0 for count in line) / len(line) for line in self.counts)

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Most by least writes along each axis; ``None`` where there are holes."""
        return tuple(None if min(line) == 0 else max(line) / min(line) for line in self.counts)

    @property
    def ratio(self) -> float | None:
        """Most by least writes over all positions; ``None`` where there are holes."""
        known = [ratio for ratio in self.ratios if ratio is not None]
        return prod(known) if len(known) == len(self.counts) else None

    @property
    def uniform(self) -> bool:
        """Whether every position is written equally often."""
        return self.ratio == 1

    def map(self) -> NDArray[np.float64]:
        """Counts of one period over all axes, of shape `period`."""
        out = np.ones(())
        for line in self.counts:
            out = np.multiply.outer(out, np.array([float(count) for count in line]))
        return out


def overlap(steps: Step | Sequence[Step], *, direction: str = "forward") -> Overlap:
    """Overlap of a step, or of steps one after the other.

    Parameters
    ----------
    steps
        In the order of the forward pass.
    direction
        ``forward``: a constant enters the first step. ``backward``: a constant gradient enters the last, and what
        arrives in front of the first is counted.

    Returns
    -------
        Counts by phase. Every weight counts as one (the fixed weights of a resize or a blur as they are), so this is
        what the geometry alone does, and not what trained weights do.

    Notes
    -----
    Phase r of one layer with kernel k and stride s is written ``floor((k - 1 - r) / s) + 1`` times; a stack is the
    composite kernel ``R <- upsample(R, s) * ones(k)`` and its phase sums. A convolution's backward pass is the
    transposed convolution of the same geometry.
    Source: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016.

    Examples
    --------
    >>> from biasscope.upsampling import layer_step
    >>> three, four = layer_step(3, 2), layer_step(4, 2)
    >>> overlap([three, three]).counts, overlap([three, four]).counts, overlap([four, three]).counts
    (((3, 2, 3, 1),), ((3, 3, 3, 3),), ((4, 2, 4, 2),))
    >>> round(overlap(layer_step(7, 2, dims=2, grows=False), direction="backward").ratio, 2)
    1.78
    """
    chain = [steps] if isinstance(steps, Step) else list(steps)
    if not chain:
        return Overlap("", "nothing", direction, ((1,),), 0)
    if len({step.dims for step in chain}) > 1:
        raise ValueError("the steps of a stack need the same number of axes")
    last = chain[-1] if direction == "forward" else chain[0]
    ordered = chain if direction == "forward" else [step.transpose for step in reversed(chain)]
    counts = tuple(_line(ordered, axis) for axis in range(last.dims))
    notes = "; ".join(dict.fromkeys(f"{step.name}: {step.note}" for step in chain if step.note))
    return Overlap(last.name, last.kind if len(chain) == 1 else "stack", direction, counts, len(chain), notes)


def _line(steps: Sequence[Step], axis: int) -> Line:
    line: Line = (1,)
    for step in steps:
        line = step.through(line, axis)
        line = tuple(value if isinstance(value, int) else round(value, _DIGITS) for value in line)
    return line


def overlap_line(size: int, steps: Sequence[Step], axis: int = 0) -> NDArray[np.float64]:
    """Counts at every position of one axis, borders included, of steps that grow or gather.

    Parameters
    ----------
    size
        Positions in front of the first step.
    steps
        In the order of the forward pass.
    axis
        Which axis of the steps.

    Returns
    -------
        One count a position behind the last step.

    Examples
    --------
    >>> from biasscope.upsampling import layer_step
    >>> overlap_line(4, [layer_step(3, 2, padding=1, output_padding=1)])
    array([1., 2., 1., 2., 1., 2., 1., 1.])
    """
    line = np.ones(size)
    for step in steps:
        line = _finite(line, step, axis)
    return line


def _finite(line: NDArray[np.float64], step: Step, axis: int) -> NDArray[np.float64]:
    taps, stride, padding = step.taps[axis], step.stride[axis], step.padding[axis]
    behind = step.output_padding[axis] if step.output_padding else 0
    reach = (len(taps) - 1) * step.dilation[axis] + 1
    if step.grows:
        size = (len(line) - 1) * stride + reach - 2 * padding + behind
        out = np.zeros(size)
        for i, value in enumerate(line):
            for j, tap in enumerate(taps):
                place = i * stride + j * step.dilation[axis] - padding
                if 0 <= place < size:
                    out[place] += tap * value
        return out
    padded = np.pad(line, max(padding, 0))
    size = (len(padded) - reach) // stride + 1
    places = np.arange(size)[:, None] * stride + np.arange(len(taps)) * step.dilation[axis]
    return np.asarray((padded[places] * np.array(taps, float)).sum(1))
