"""Least change of the weights that makes the gains of all phases equal."""

from __future__ import annotations

from torch import Tensor, nn

from biasscope.upsampling.gains import all_taps
from biasscope.upsampling.remedies.sites import Convolution, Remedied, Site
from biasscope.upsampling.remedies.surgery import averaged, weights_by_site


def equal_phases(model: nn.Module, example: Tensor, only: str | None = None) -> Remedied:
    """Make the DC gains of all phases equal by the smallest change of the weights (Frobenius).

    Every phase's gain is moved to their weighted mean, and the move is shared equally by the phase's taps. A constant
    then gives a constant, exactly, until the layer is trained on.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    This projects onto the condition of Harada, Muramatsu and Kiya (1998): all polyphase DC gains equal. With n taps in
    phase r the common gain that changes least is the mean of the gains with weights 1/n.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling.gains import transposed_gains
    >>> up = nn.Sequential(nn.ConvTranspose2d(2, 2, 3, 2))
    >>> even = equal_phases(up, torch.zeros(1, 2, 5, 5)).model[0]
    >>> round(transposed_gains(even.weight, 2).score, 6)
    0.0
    """
    text = "least change that makes the gains of all phases equal"
    return weights_by_site(model, example, only, _even, text)


def _even(site: Site, conv: Convolution) -> Tensor | str:
    """Weights with equal gains, or why there are none."""
    weight = conv.weight.detach().double()
    dims = weight.dim() - 2
    if site.kind == "shuffle":
        gains = weight.sum((2, 3), keepdim=True)
        return weight + (averaged(gains, site) - gains) / weight[0, 0].numel()
    taps = all_taps(weight.shape[2:], site.factor, conv.dilation, [0] * dims).to(weight.device)
    counts = taps.sum(1)
    if bool((counts == 0).any()):
        return "some phases have no taps"
    gains = weight.flatten(2) @ taps.T
    common = (gains / counts).sum(-1, keepdim=True) / (1 / counts).sum()
    return weight + (((common - gains) / counts) @ taps).view_as(weight)
