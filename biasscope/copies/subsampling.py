"""How coarse the last map of a network is: what the subsampling argument counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from biasscope.models.borrow import evaluating
from biasscope.models.surgery.reading.axes import REARRANGING, folded

FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "avg_pool2d": (2, None),
    "conv2d": (3, 1),
    "interpolate": (99, None),
    "lp_pool2d": (3, None),
    "max_pool2d": (2, None),
    "pixel_unshuffle": (1, None),
}
"""Functions that leave out positions of a map: the place of the stride among their arguments, and what it is without;
``None``: it follows from the sizes."""
PADDING = ("pad", "constant_pad_nd")
"""Functions that put a border around a map."""


@dataclass(frozen=True)
class Subsampling:
    """How coarse the last map of a network is.

    Attributes
    ----------
    stride_product
        Product of the strides s.
    size_ratio
        Side of the input over that of the last map.
    """

    stride_product: int
    size_ratio: float

    @property
    def copies(self) -> int:
        """Copies that the subsampling argument asks for: one for each phase, s^2."""
        return self.stride_product**2


@torch.no_grad()
def subsampling(network: nn.Module, shape: tuple[int, int, int]) -> Subsampling:
    """Product of strides and size ratio, from the sizes that a forward pass goes through.

    Layers count, and functions such as ``F.max_pool2d`` or ``x[..., ::2, ::2]`` that are called between them. Branches
    that are joined again count once; pooling of the whole map, and what follows on its one pixel, does not count.

    Parameters
    ----------
    network
        It is left as it was.
    shape
        Channels, height and width of an image.

    Examples
    --------
    >>> from biasscope.models.small.network import SmallNet
    >>> subsampling(SmallNet(8), (1, 64, 64))
    Subsampling(stride_product=8, size_ratio=8.0)
    """
    seen = _Maps(shape[1])
    with evaluating(network), _watched(network, seen), _Functions(seen):
        network(torch.zeros(1, *shape, device=next(network.parameters()).device))
    return Subsampling(max(seen.products.values()), shape[1] / seen.last)


@dataclass
class _Maps:
    """Sides that the maps have had, and the product of the strides by which each of them came about.

    A side is followed by 0, and one pixel by the side that it was made from, since several layers may make one.
    """

    last: int
    products: dict[tuple[int, int], int] = field(default_factory=dict)
    within: int = 0
    """Layers that are running: what they call is their own affair."""

    def __post_init__(self) -> None:
        """Begin with the image."""
        self.products[self.last, 0] = 1

    def note(self, before: object, out: object, whole: bool, stride: int | None) -> None:
        """Count a map ``out`` made from ``before``; its stride follows from the sizes where it is not known."""
        if not (isinstance(before, Tensor) and isinstance(out, Tensor) and before.ndim == out.ndim == 4):
            return
        large, small = before.shape[2], out.shape[2]
        if not 0 < small <= large or (small == 1 and whole):
            return
        place = (small, 0 if small > 1 else large)
        step = (stride or round(large / small)) if small < large or small == 1 else 1
        self.products[place] = max(self.products.get(place, 1), self._product(large) * step)
        if large > 1:
            self.last = min(self.last, small)

    def pad(self, before: object, out: object) -> None:
        """A map with a border around it is as coarse as without."""
        if isinstance(before, Tensor) and isinstance(out, Tensor) and before.ndim == out.ndim == 4:
            small, large = before.shape[2], out.shape[2]
            if 0 < small < large:
                self.products[large, 0] = max(self.products.get((large, 0), 1), self._product(small))

    def _product(self, side: int) -> int:
        """Product of the strides that led to a map of a side, or of the nearest one where nothing was seen of it.

        A branch that leaves out many positions at once, as keys and values of attention do, thus counts no more than
        the layers beside it that come to the same map in several steps.
        """
        known = {place: made for place, made in self.products.items() if place != (1, 1)}
        nearest = min((seen for seen, _ in known), key=lambda seen: (max(seen, side) / min(seen, side), -seen))
        return max(made for (seen, _), made in known.items() if seen == nearest)


@contextmanager
def _watched(network: nn.Module, seen: _Maps) -> Iterator[None]:
    """Note what goes in and out of every layer that has no layers of its own."""

    def enter(module: nn.Module, args: tuple[object, ...]) -> None:
        seen.within += 1

    def leave(module: nn.Module, args: tuple[object, ...], out: object) -> None:
        seen.within -= 1
        before = args[0] if args else None
        stride = _first(getattr(module, "stride", None))
        if isinstance(before, Tensor) and before.ndim == 4 and (stride or not _rearranged(before, out)):
            seen.note(before, out, _takes_all(module, before.shape[2]), stride)
        if stride == 1 or "Pad" in type(module).__name__:
            seen.pad(before, out)

    leaves = [module for module in network.modules() if not list(module.children()) and module is not network]
    hooks = [leaf.register_forward_pre_hook(enter) for leaf in leaves]
    hooks += [leaf.register_forward_hook(leave) for leaf in leaves]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class _Functions(TorchFunctionMode):
    """Note functions that are called between the layers."""

    def __init__(self, seen: _Maps) -> None:
        super().__init__()
        self._seen = seen
        self._maps: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function; see `torch.overrides.TorchFunctionMode`."""
        out, known = func(*args, **(kwargs or {})), kwargs or {}
        name = str(getattr(func, "__name__", "")).removesuffix("_with_indices").strip("_")
        if self._seen.within or not args:
            return out
        if name == "getitem" and (step := _step(args[1])) > 1:
            self._seen.note(args[0], out, whole=False, stride=step)
        elif name in REARRANGING and isinstance(out, Tensor):
            self._rearrange(args[0], out)
        elif name in PADDING:
            self._seen.pad(args[0], out)
        elif name in FUNCTIONS:
            place, without = FUNCTIONS[name]
            stride = _first(known.get("stride", args[place] if len(args) > place else without))
            self._seen.note(args[0], out[0] if isinstance(out, tuple) else out, "avg" in name or "lp" in name, stride)
        return out

    def _rearrange(self, before: Tensor, out: Tensor) -> None:
        """Follow the numbers of a map through other orders, until blocks of its pixels have become channels."""
        first, _ = self._maps.get(id(before), (before, before))
        side = folded(first.shape, out.shape)
        if side > 1:
            self._seen.note(first, out, whole=False, stride=side)
        elif out.ndim != 4:
            self._maps[id(out)] = first, out  # which keeps it alive, and its id its own


def _rearranged(before: Tensor, out: object) -> bool:
    """Whether the same numbers lie in another order, as in windows of tokens: sides are then no sides of a map.

    Pixels that go to channels, as many along either side, do leave a smaller map.
    """
    if not isinstance(out, Tensor) or out.ndim != 4 or out.numel() != before.numel():
        return False
    large, small = before.shape[2:], out.shape[2:]
    return large[0] % small[0] > 0 or large[0] * small[1] != large[1] * small[0] or large == small


def _step(index: object) -> int:
    """Step along the height of a map (N, C, H, W) that is indexed."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [part for part in parts if not isinstance(part, Tensor)]:
        place = next(k for k, part in enumerate(parts) if part is Ellipsis)
        parts[place : place + 1] = [slice(None)] * (5 - len(parts))
    height = parts[2] if len(parts) > 2 else None
    return height.step or 1 if isinstance(height, slice) else 1


def _first(stride: object) -> int | None:
    """Stride along the height."""
    if isinstance(stride, Sequence):
        stride = stride[0] if stride else None
    return stride if isinstance(stride, int) else None


def _takes_all(module: nn.Module, side: int) -> bool:
    """Whether a layer whose map is one pixel sums over all of its input: a global average, a dense layer."""
    if type(module).__name__.startswith("Adaptive"):
        return True
    kernel = getattr(module, "kernel_size", None)
    covers = (kernel[0] if isinstance(kernel, Sequence) else kernel) == side
    if isinstance(module, nn.AvgPool2d | nn.LPPool2d):
        return covers
    return isinstance(module, nn.Conv2d) and covers and module.padding in ((0, 0), "valid") and side > 1
