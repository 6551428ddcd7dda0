"""Layer-wise Lie derivative: how fast a layer leaves equivariance when the picture begins to move."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.metrics.functional.lie_derivative import plain_attention
from biasscope.trace.errors.sums import wide
from biasscope.trace.fourier import derivative_matrix
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import PerImage, Reads
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan

AXES = ("vertical", "horizontal")


def moving(maps: Tensor, axis: int) -> Tensor:
    """Change of maps (..., H, W) per position, when they begin to move down (axis 0) or right (axis 1)."""
    matrix = derivative_matrix(maps.shape[-2 + axis], maps.dtype, maps.device)
    return matrix @ maps if axis == 0 else maps @ matrix.mT


@contextmanager
def forward_mode() -> Iterator[None]:
    """For passes in forward mode: attention in its parts, as fused it has no derivative; no warning of torch's.

    PyTorch scripts its own derivatives when forward mode is first used, and warns that it does.
    """
    with warnings.catch_warnings(), plain_attention():
        warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=DeprecationWarning)
        yield


def lie_derivative(
    function: Callable[[Tensor], Tensor], pictures: Tensor, stride: tuple[float, float] = (1, 1)
) -> Tensor:
    r"""Length of d/dt T_{-t} f(T_t x) at t = 0, by the length of f(x).

    Parameters
    ----------
    function
        From pictures (N, C, H, W) to maps (N, C', H', W'), with forward-mode derivatives.
    pictures
        Pictures x.
    stride
        Cumulative stride of the maps.

    Returns
    -------
        One value a picture, (N,): root of the squares of both axes' derivatives, relative change per pixel.

    Notes
    -----
    T is the circular shift in the Fourier domain (its highest frequency has slope 0). Non-linear layers alias between
    positions, so this is above 0 behind a ReLU although every whole shift is exact.
    Source: Gruver et al., "The Lie derivative for measuring learned equivariance", ICLR 2023.

    Examples
    --------
    >>> x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    >>> bool(lie_derivative(lambda x: 2 * x, x) < 1e-12), bool(lie_derivative(torch.relu, x - 0.5) > 0.1)
    (True, True)
    """
    total: Tensor | None = None
    for axis in (0, 1):
        with forward_mode():
            maps, tangent = torch.func.jvp(function, (pictures.clone(),), (moving(pictures, axis),))[:2]
        part = leaving(maps, tangent, axis, stride[axis])
        total = part if total is None else total + part
    assert total is not None  # noqa: S101 (two axes)
    energy = maps.to(wide(maps.dtype)).square().sum((-3, -2, -1))
    return torch.where(energy > 0, (total / energy).sqrt(), torch.nan)


def leaving(maps: Tensor, tangent: Tensor, axis: int, stride: float | None) -> Tensor:
    """Squared length of what a layer changes besides moving along; ``None`` where nothing can move."""
    kind = wide(maps.dtype)
    rest = tangent.to(kind)
    if stride is not None:
        rest = rest - moving(maps.to(kind), axis) / stride
    return rest.square().sum((-3, -2, -1))


class LieDerivative(PerImage):
    """`lie_derivative` of every picture, averaged.

    Attributes
    ----------
    without
        Names of the layers that give no derivative, in order.
    """

    reads: ClassVar[Reads] = "tangent"

    def __init__(self, layers: Sequence[Layer], plan: Plan) -> None:
        super().__init__(layers, plan)
        self._vertical: dict[int, Tensor] = {}
        self.without: dict[str, None] = {}
        self._given = False

    @classmethod
    def applies(cls, layer: Layer, plan: Plan) -> bool:
        """The derivative goes around the edges."""
        return plan.wraps

    def update(self, number: int, reading: Reading) -> None:
        """Take one axis of the pictures' references in; maps that no picture changes have no derivative."""
        layer, axis, tangent = self.layers[number], reading.axis, reading.tangent
        if tangent is None:
            self.without[layer.name] = None
            return
        self._given = True
        maps = reading.maps[:, 0]
        part = leaving(maps, tangent[:, 0], axis, None if layer.stride is None else float(layer.stride[axis]))
        if axis == 0:
            self._vertical[number] = part
            return
        if number not in self._vertical:  # the layer was not called when the pictures moved down
            return
        energy = maps.to(wide(maps.dtype)).square().sum((-3, -2, -1))
        whole = self._vertical.pop(number) + part
        self.put(number, torch.where(energy > 0, (whole / energy).sqrt(), torch.nan))

    def finish(self) -> None:
        """Add the values of the pictures; one axis alone counts for nothing, and not for the next pictures.

        Raises
        ------
        UsageError
            No layer gives a derivative.
        """
        if self.without and not self._given:
            hint = "Leave lie_derivative out; torch.no_grad, .detach() or a quantised part cuts the pictures off."
            what = "the layer gives no forward-mode derivative, nor does any other"
            raise UsageError(what, where=next(iter(self.without)), hint=hint)
        self._vertical.clear()
        super().finish()
