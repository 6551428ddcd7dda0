"""One pairwise term of a mean-field step."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn.pac.conv import PacConv2d
from biasscope.nn.pac.fillers import Filler, fill_
from biasscope.nn.pac.geometry import odd_window

Compatibility = Literal["4d", "2d", "potts", "na"]
"""How classes push each other: see `PacCRF`."""


@dataclass(frozen=True)
class PairwiseKernel:
    """Description of a pairwise term; see `PacCRF.add_pairwise_kernel`."""

    kernel_size: int = 3
    dilation: int = 1
    blur: int = 1
    compat_type: Compatibility = "4d"
    spatial_filter: bool = True
    pairwise_weight: float = 1.0

    def __post_init__(self) -> None:
        odd_window(self.kernel_size)
        _checks.pair(self.dilation, "dilation")
        _checks.pair(self.blur, "blur")
        _checks.choice(self.compat_type, "compat_type", get_args(Compatibility))


def _margins(size: tuple[int, int], factor: int) -> tuple[int, int, int, int]:
    """Padding (left, right, top, bottom) up to multiples of the factor, as even as can be."""
    rows, columns = (-side % factor for side in size)
    return columns // 2, columns - columns // 2, rows // 2, rows - rows // 2


def blur_down(x: Tensor, factor: int) -> Tensor:
    """Average over blocks of factor x factor pixels; a block over the border averages what lies inside.

    Examples
    --------
    >>> blur_down(torch.ones(1, 1, 5, 5), 2).flatten().unique().tolist()
    [1.0]
    """
    if factor == 1:
        return x
    margins = _margins((x.shape[2], x.shape[3]), factor)
    share = F.avg_pool2d(F.pad(x.new_ones(1, 1, *x.shape[2:]), margins), factor)
    return F.avg_pool2d(F.pad(x, margins), factor) / share


def blur_up(x: Tensor, factor: int, size: tuple[int, int]) -> Tensor:
    """Bilinear upsampling by the factor, cropped to where `blur_down` came from."""
    if factor == 1:
        return x
    left, _, top, _ = _margins(size, factor)
    full = F.interpolate(x, scale_factor=factor, mode="bilinear")
    return full[:, :, top : top + size[0], left : left + size[1]]


class PairwiseMessage(nn.Module):
    """Energy that the neighbours add to each class: ``up(C(PAC(down(Q), K)))``, weighted."""

    weight: Tensor

    def __init__(
        self,
        channels: int,
        term: PairwiseKernel,
        *,
        perturbed_init: bool,
        fixed_weighting: bool,
        native_impl: bool,
        **factory: Any,
    ) -> None:
        super().__init__()
        self.term = term
        self.filter, self.compatibility = self._modules_for(channels, perturbed_init, native_impl, factory)
        weight = torch.tensor(term.pairwise_weight, **factory)
        if term.compat_type == "potts" and not term.spatial_filter and not fixed_weighting:
            self.weight = nn.Parameter(weight)
        else:
            self.register_buffer("weight", weight, persistent=False)

    def _modules_for(
        self, channels: int, perturbed: bool, native_impl: bool, factory: dict[str, Any]
    ) -> tuple[PacConv2d | nn.Conv2d, nn.Conv2d | None]:
        term = self.term
        side, margin = term.kernel_size, term.kernel_size // 2 * term.dilation
        filler: Filler = "crf_perturbed" if perturbed else "crf"
        if term.compat_type == "na":
            plain = nn.Conv2d(channels, channels, side, padding=margin, dilation=term.dilation, bias=False, **factory)
            fill_(plain.weight, None, filler, fan_in=channels * side**2)
            return plain, None
        shared = term.compat_type != "4d"
        spatial = term.spatial_filter or not shared
        pac = PacConv2d(
            channels, channels, side, padding=margin, dilation=term.dilation, bias=False, shared_filters=shared,
            filler=filler if spatial else "crf_pool", native_impl=native_impl, **factory,
        )  # fmt: skip
        if term.compat_type != "2d":
            return pac, None
        mixing = nn.Conv2d(channels, channels, 1, bias=False, **factory)
        with torch.no_grad():
            mixing.weight.copy_((1 - torch.eye(channels))[:, :, None, None])
        return pac, mixing

    def kernel(self, features: Tensor | None) -> Tensor | None:
        """Give the kernel of the edge features, to be used in every step."""
        if not isinstance(self.filter, PacConv2d):
            return None
        if features is None:
            raise ValueError(f"a pairwise kernel with compat_type={self.term.compat_type!r} needs edge features")
        return self.filter.compute_kernel(blur_down(features, self.term.blur))[0]

    def forward(self, probabilities: Tensor, kernel: Tensor | None) -> Tensor:
        """Give the energy (N, C, H, W) from class probabilities (N, C, H, W)."""
        pooled = blur_down(probabilities, self.term.blur)
        energy: Tensor = self.filter(pooled) if kernel is None else self.filter(pooled, kernel=kernel)
        if self.compatibility is not None:
            energy = self.compatibility(energy)
        if self.term.compat_type == "potts":
            energy = -energy
        height, width = probabilities.shape[2:]
        return self.weight * blur_up(energy, self.term.blur, (height, width))
