"""Kernel options as strings, read once."""

import re
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

_INV = re.compile(r"inv_(?P<alpha>[^_]+)_(?P<lam>[^_]+)(?P<asym>_asym)?(?P<fixed>_fixed)?")
_SMOOTH = re.compile(r"(?P<kind>average|full)_(?P<side>\d+)")


@dataclass(frozen=True)
class InverseKernel:
    """Start values of ``inv_{alpha}_{lambda}[_asym][_fixed]``."""

    alpha: float
    lam: float
    asymmetric: bool
    fixed: bool


def parse_kernel_type(text: str) -> InverseKernel | None:
    """Read ``gaussian`` (None) or ``inv_{alpha}_{lambda}[_asym][_fixed]``.

    Examples
    --------
    >>> parse_kernel_type("inv_0.1_0.5_asym")
    InverseKernel(alpha=0.1, lam=0.5, asymmetric=True, fixed=False)
    """
    if text == "gaussian":
        return None
    match = _INV.fullmatch(text)
    try:
        start = [float(match["alpha"]), float(match["lam"])] if match else []
    except ValueError:
        start = []
    if match and start and all(map(isfinite, start)):
        return InverseKernel(start[0], start[1], asymmetric=bool(match["asym"]), fixed=bool(match["fixed"]))
    raise ValueError(
        f"kernel_type must be 'gaussian' or 'inv_<alpha>_<lambda>[_asym][_fixed]' of finite numbers, got {text!r}"
    )


def smoothing_filter(text: str) -> tuple[Tensor | None, bool]:
    """Give the initial smoothing filter and whether it is learned: none, gaussian, average_<side> or full_<side>.

    Examples
    --------
    >>> smoothing_filter("full_3")[0].sum().item(), smoothing_filter("full_3")[1]
    (1.0, True)
    """
    if text == "none":
        return None, False
    if text == "gaussian":
        taps = torch.tensor([0.25, 0.5, 0.25])
        return torch.outer(taps, taps), False
    match = _SMOOTH.fullmatch(text)
    if match is None or int(match["side"]) % 2 == 0:
        raise ValueError(f"smooth_kernel_type must be none, gaussian, average_<odd> or full_<odd>, got {text!r}")
    side = int(match["side"])
    return torch.full((side, side), 1 / side**2, dtype=torch.float64), match["kind"] == "full"
