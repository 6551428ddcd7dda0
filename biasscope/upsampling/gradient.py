"""Energy of the gradient by the phase of the pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biasscope.core.randomness import generator
from biasscope.upsampling.interval import t_interval
from biasscope.upsampling.lent import repeating
from biasscope.upsampling.passage import answer
from biasscope.upsampling.phases import phase_means


@dataclass(frozen=True)
class GradientEnergy:
    """Squared gradient with respect to the picture, by phase.

    Attributes
    ----------
    period
        Phases along each axis: the product of strides.
    energy, low, high
        Of shape `period`: energy by its mean over phases (1 = as much as the others), mean over pictures and 95 % t
        interval.
    zero
        Share of pixels of which no channel has any gradient.
    heads, n
        Random heads a picture, and pictures.
    least
        Lower end of a 95 % interval of `ratio`, at least 1: among many phases one is always highest and one lowest, by
        chance alone. It holds for all phases together (Bonferroni); ``None`` of one picture or a phase without any.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import gradient_energy
    >>> found = gradient_energy(torch.nn.Conv2d(1, 4, 1, stride=2), torch.rand(2, 1, 8, 8), (2, 2))
    >>> found.period, found.zero
    ((2, 2), 0.75)
    """

    period: tuple[int, ...]
    energy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    zero: float
    heads: int
    n: int
    least: float | None = None

    @property
    def ratio(self) -> float | None:
        """Most by least energy; ``None`` where a phase has none."""
        least = float(self.energy.min())
        return float(self.energy.max()) / least if least > 0 else None


def gradient_energy(
    model: nn.Module,
    pictures: Tensor,
    period: Sequence[int],
    *,
    heads: int = 4,
    batch: int = 16,
    margin: int | Sequence[int] = 0,
    seed: int = 0,
) -> GradientEnergy | None:
    r"""Mean energy :math:`\sum_c (\partial\, v^T f(x) / \partial x_c)^2` of every phase, over random heads v.

    Parameters
    ----------
    model
        Any module; the first tensor that it gives counts.
    pictures
        (N, C, ...).
    period
        Phases along each axis of the picture.
    heads
        Random heads v with independent standard normal weights, different for every picture.
    batch
        Pictures at once.
    margin
        Pixels to leave out on every side.
    seed
        Of the heads.

    Returns
    -------
        The energies; ``None`` where pictures have less than two periods along an axis or there is no gradient.

    Notes
    -----
    The backward pass of a strided convolution is a transposed convolution, and writes checkerboards like one.
    Source: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016.

    Examples
    --------
    >>> net = nn.Conv2d(1, 4, 1, stride=2)
    >>> found = gradient_energy(net, torch.rand(2, 1, 8, 8), (2, 2))
    >>> found.zero, found.energy.tolist(), found.ratio
    (0.75, [[4.0, 0.0], [0.0, 0.0]], None)
    """
    rng = generator(seed, "gradient heads")
    rows, zeros = [], []
    with repeating(model):
        for part in torch.split(pictures, batch):
            squared = sum(_squared(model, part, rng) for _ in range(heads))
            assert isinstance(squared, Tensor)  # noqa: S101
            means = phase_means(squared, period, margin)
            if means is None:
                return None
            zeros.append((squared == 0).double().flatten(1).mean(1))
            rows.append(means[:, 0].cpu())
    energy = torch.cat(rows).flatten(1)
    if not bool(energy.isfinite().all()):
        raise RuntimeError("they are not finite")
    energy = energy[energy.sum(1) > 0]
    if not len(energy):
        return None
    shares = (energy / energy.mean(1, keepdim=True)).numpy()
    value, low, high = t_interval(shares).reshape(3, *period)
    zero = float(torch.cat(zeros).mean())
    return GradientEnergy(tuple(period), value, low, high, zero, heads, len(energy), _least(shares))


def _least(shares: NDArray[np.float64]) -> float | None:
    """Ratio of most to least that is certain, from the share of every picture and phase, (N, P)."""
    _, low, high = t_interval(shares, 0.05 / shares.shape[1])
    least = float(high.min())
    return max(float(low.max()) / least, 1.0) if least > 0 else None


def _squared(model: nn.Module, pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Squared gradient of one random head, summed over channels, (N, 1, ...)."""
    with torch.enable_grad():
        x = pictures.detach().clone().requires_grad_()
        out = answer(model(x))
        if out is None or not out.requires_grad:
            raise RuntimeError("the output has no gradient with respect to the input")
        head = torch.from_numpy(rng.standard_normal(out.shape)).to(out)
        (gradient,) = torch.autograd.grad((head * out).sum(), x)
    return gradient.double().square().sum(1, keepdim=True)
