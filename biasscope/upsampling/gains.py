"""Polyphase DC gains: what each phase of an upsampling layer answers to a constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from biasscope.upsampling.step import along


@dataclass(frozen=True)
class Gains:
    """DC gain of every phase of a layer.

    Attributes
    ----------
    gains
        (P, C_out, C_in), float64: the sum of the weights that a position of each phase is written with, phases in
        row-major order; between groups 0.
    bias
        (P, C_out); phases differ only in front of a pixel shuffle.
    phases
        Phases along each axis.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import transposed_gains
    >>> found = transposed_gains(torch.ones(1, 1, 3, 3), 2)
    >>> found.phases, found.gains.flatten().tolist()
    ((2, 2), [4.0, 2.0, 2.0, 1.0])
    """

    gains: Tensor
    bias: Tensor
    phases: tuple[int, ...]

    @property
    def score(self) -> float | None:
        r"""How unequal the phases are, :math:`\sqrt{mean_r |G_r - \bar G|^2} / |\bar G|`; ``None`` where that is 0/0.

        0 exactly where every constant input gives a constant output (but for biases that differ).
        """
        return relative_spread(self.gains)

    def response(self, mean: Tensor, *, bias: bool = True) -> Tensor:
        """Output of every phase for a constant input, (P, C_out), from its value in each channel, (C_in,)."""
        out = self.gains @ mean.to(self.gains)
        return out + self.bias if bias else out

    def score_at(self, mean: Tensor, *, bias: bool = True) -> float | None:
        """How unequal the answers to one constant input are, with or without the bias in their mean.

        Parameters
        ----------
        mean
            Mean activation of every channel in front of the layer, (C_in,).
        bias
            Whether the mean answer that the spread is divided by contains the bias.
        """
        answers = self.response(mean)
        return relative_spread(answers, None if bias else self.response(mean, bias=False).mean(0))


def relative_spread(values: Tensor, reference: Tensor | None = None) -> float | None:
    """Root mean square deviation of rows from their mean, by the norm of the mean or of a reference.

    >>> relative_spread(torch.tensor([[1.0], [3.0]]))
    0.5
    """
    middle = values.mean(0)
    size = float((middle if reference is None else reference).norm())
    spread = float((values - middle).square().flatten(1).sum(1).mean().sqrt())
    return None if size == 0 and spread == 0 else spread / size if size else float("inf")


def transposed_gains(
    weight: Tensor,
    stride: int | Sequence[int],
    *,
    bias: Tensor | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Gains:
    r"""Gains of a transposed convolution, :math:`G_r[o, i] = \sum_{j d = r + p \bmod s} W[i, o, j]`.

    Parameters
    ----------
    weight
        (C_in, C_out / groups, k...), one to three axes.
    stride, padding, dilation, groups
        As in ``nn.ConvTranspose2d``; the padding says which phase comes first.
    bias
        (C_out,).

    Returns
    -------
        Gain of each phase, as many as the stride has.

    Notes
    -----
    A constant input gives a constant output if and only if all phases have the same gains. A stride that divides the
    kernel makes this so for equal weights only.
    Source: Harada, Muramatsu and Kiya, multirate filters without checkerboard effect, EUSIPCO 1998; Sugawara et al.,
    ICIP 2018.

    Examples
    --------
    >>> transposed_gains(torch.ones(1, 1, 3, 3), 2).gains.flatten().tolist()
    [4.0, 2.0, 2.0, 1.0]
    >>> round(transposed_gains(torch.ones(1, 1, 3, 3), 2).score, 3), transposed_gains(torch.ones(1, 1, 4, 4), 2).score
    (0.484, 0.0)
    """
    dims = weight.dim() - 2
    strides, front, spread = along(stride, dims), along(padding, dims), along(dilation, dims)
    weight = weight.detach().double()
    taps = all_taps(weight.shape[2:], strides, spread, front).to(weight.device)
    summed = weight.flatten(2) @ taps.T
    per_phase = [_blocks(part, groups) for part in summed.unbind(2)]
    outgoing = weight.shape[1] * groups
    level = torch.zeros(outgoing, dtype=torch.float64, device=weight.device) if bias is None else bias.detach().double()
    return Gains(torch.stack(per_phase), level.expand(len(per_phase), -1), strides)


def phase_taps(side: int, stride: int, dilation: int, padding: int) -> Tensor:
    """Which taps write each phase along one axis, (phases, taps), ones and zeros.

    >>> phase_taps(3, 2, 1, 0).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    phase = (torch.arange(side) * dilation - padding) % stride
    return (phase == torch.arange(stride)[:, None]).double()


def all_taps(sides: Sequence[int], stride: Sequence[int], dilation: Sequence[int], padding: Sequence[int]) -> Tensor:
    """Which taps of a kernel write each phase, (phases, taps), both in row-major order."""
    chosen = torch.ones(1, 1, dtype=torch.float64)
    for axis in zip(sides, stride, dilation, padding, strict=True):
        chosen = torch.kron(chosen, phase_taps(*axis))
    return chosen


def _blocks(summed: Tensor, groups: int) -> Tensor:
    """(C_in, C_out / groups) as a (C_out, C_in) matrix with zeros between groups."""
    return _diagonal([part.T for part in summed.chunk(groups)])


def _diagonal(blocks: Sequence[Tensor]) -> Tensor:
    full: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return full


def shuffle_gains(weight: Tensor, upscale_factor: int, *, bias: Tensor | None = None, groups: int = 1) -> Gains:
    """Gains of a convolution followed by ``nn.PixelShuffle``.

    Parameters
    ----------
    weight
        (C r^2, C_in / groups, k, k) of the convolution.
    upscale_factor
        r.
    bias
        (C r^2,): here the bias too may differ between phases.
    groups
        Of the convolution.

    Returns
    -------
        Gain of each of the r^2 phases.

    Notes
    -----
    Source: Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017.

    Examples
    --------
    >>> from biasscope.nn import icnr_
    >>> weight = icnr_(torch.empty(8, 2, 3, 3), 2)
    >>> shuffle_gains(weight, 2).score
    0.0
    """
    copies = upscale_factor**2
    summed = weight.detach().double().flatten(2).sum(2)
    full = _diagonal(summed.chunk(groups))
    level = torch.zeros(len(full), dtype=torch.float64, device=full.device) if bias is None else bias.detach().double()
    gains = full.view(-1, copies, full.shape[1]).transpose(0, 1)
    return Gains(gains.contiguous(), level.view(-1, copies).T, (upscale_factor,) * 2)
