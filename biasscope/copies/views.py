"""Transformed images made on the device from one resident uint8 tensor; no copy is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.copies.pool import Pool
from biasscope.core.errors import UsageError

EDGES = ("crop", "circular", "fill")


@dataclass(frozen=True, eq=False)
class Views:
    """Versions of resident images, made when they are asked for.

    The shift is made first and is exact; rotation and scale follow about the centre of the window (bilinear, what lies
    outside is ``fill``).

    Attributes
    ----------
    images
        uint8 (N, C, H, W), on the device.
    pool
        Versions there are.
    edges
        ``crop``: the window is ``margin`` pixels smaller on every side and moves over the image, nothing is invented;
        ``circular``: what leaves on one side enters on the other; ``fill``: what enters is ``fill``.
    margin
        Pixels cut off each side by ``crop``; at least the largest shift.
    fill
        Grey value from 0 to 255.
    mean, std
        What is taken off and divided by, of values in [0, 1].

    Examples
    --------
    >>> from biasscope.copies.pool import make_pool
    >>> picture = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    >>> picture[..., 2, 2] = 255
    >>> views = Views(picture, make_pool("shift", shifts="3x3"), edges="circular", mean=0.0, std=1.0)
    >>> views(torch.tensor([0]), torch.tensor([8])).nonzero().tolist()  # one down, one to the right
    [[0, 0, 3, 3]]
    """

    images: Tensor
    pool: Pool
    edges: str = "circular"
    margin: int = 0
    fill: int = 0
    mean: float = 0.5
    std: float = 0.5
    _columns: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise UsageError(f"images are uint8 (N, C, H, W), got {self.images.dtype} {tuple(self.images.shape)}")
        if self.edges not in EDGES:
            raise UsageError(f"edges {self.edges!r} are not known", hint=f"There are: {', '.join(EDGES)}.")
        if self.edges == "crop" and self.margin < self.pool.reach:
            hint = f"Give a margin of at least {self.pool.reach} pixels, or other edges."
            raise UsageError("the crop leaves the image", where="margin", hint=hint)
        if min(self.shape[1:]) < 1:
            raise UsageError("nothing is left of the window", where="margin", hint="Shift less, or take larger images.")
        self._check_distinct()
        columns = [torch.as_tensor(column.astype("float64")) for column in self.pool.columns().values()]
        object.__setattr__(self, "_columns", torch.stack(columns).to(self.images.device, torch.float32))

    def _check_distinct(self) -> None:
        """Refuse shifts that give one picture twice: once round it, or out of it."""
        for moved, side in zip((self.pool.dy, self.pool.dx), self.images.shape[2:], strict=True):
            far = int(np.ptp(moved) if self.edges == "circular" else np.abs(moved).max())
            if self.edges != "crop" and far >= side:
                what = f"shifts over {far} pixels of images of {side} give the same picture twice"
                raise UsageError(what, where="shifts", hint="Shift less, or take larger images.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a version."""
        _, channels, height, width = self.images.shape
        cut = 2 * self.margin if self.edges == "crop" else 0
        return channels, height - cut, width - cut

    def __call__(self, images: Tensor, versions: Tensor) -> Tensor:
        """Give versions (B,) of images (B,), as normalised float32 (B, C, h, w)."""
        dy, dx, angle, scale = self._columns[:, versions]
        moved = self._shift(images, dy.long(), dx.long()).float()
        if self.pool.names != ("shift",):
            moved = _turn(moved - self.fill, angle, scale) + self.fill
        return moved.div_(255 * self.std).sub_(self.mean / self.std)

    def _shift(self, images: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
        channels, height, width = self.shape
        start = self.margin if self.edges == "crop" else 0
        device = self.images.device
        rows = torch.arange(start, start + height, device=device) - dy[:, None]
        columns = torch.arange(start, start + width, device=device) - dx[:, None]
        full = self.images.shape[2:]
        picked = self.images[
            images[:, None, None, None],
            torch.arange(channels, device=device)[:, None, None],
            (rows % full[0])[:, None, :, None],
            (columns % full[1])[:, None, None, :],
        ]
        if self.edges != "fill":
            return picked
        inside = _within(rows, full[0])[:, None, :, None] & _within(columns, full[1])[:, None, None, :]
        return picked.where(inside, torch.full_like(picked, self.fill))


def _within(index: Tensor, size: int) -> Tensor:
    return (index >= 0) & (index < size)


def _turn(x: Tensor, angle: Tensor, scale: Tensor) -> Tensor:
    """Rotate counter-clockwise by degrees and grow by factors about the centre; (B, C, H, W)."""
    radians, ratio = angle * (pi / 180), x.shape[2] / x.shape[3]
    cos, sin = torch.cos(radians) / scale, torch.sin(radians) / scale
    zero = torch.zeros_like(cos)
    rows = [torch.stack([cos, -sin * ratio, zero], 1), torch.stack([sin / ratio, cos, zero], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
