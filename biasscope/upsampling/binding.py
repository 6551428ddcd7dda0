"""From a call of a PyTorch function to the step that it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from biasscope.upsampling.kernels import resize_taps
from biasscope.upsampling.step import Line, Step, along, sided

_ARGUMENTS = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose": ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool": ("input", "kernel_size", "stride", "padding"),
    "lp_pool": ("input", "norm_type", "kernel_size", "stride"),
    "interpolate": ("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias"),
    "pixel_shuffle": ("input", "upscale_factor"),
    "pixel_unshuffle": ("input", "downscale_factor"),
    "fold": ("input", "output_size", "kernel_size", "dilation", "padding", "stride"),
    "unfold": ("input", "kernel_size", "dilation", "padding", "stride"),
    "pad": ("input", "pad", "mode"),
    "getitem": ("input", "index"),
}
_STEMS = ("conv", "conv_transpose", "max_pool", "avg_pool", "lp_pool")
_NAMES = {f"{stem}{dims}d": stem for stem in _STEMS for dims in (1, 2, 3)}
_NAMES |= {f"max_pool{dims}d_with_indices": "max_pool" for dims in (1, 2, 3)}
_NAMES |= {f"adaptive_{kind}_pool{dims}d": "adaptive" for kind in ("avg", "max") for dims in (1, 2, 3)}
_NAMES |= {name: name for name in ("interpolate", "pixel_shuffle", "pixel_unshuffle", "pad", "fold", "unfold")}
_NAMES |= {"__getitem__": "getitem", "getitem": "getitem"}

Arguments = dict[str, Any]


def bind(function: str, args: Sequence[Any], kwargs: Arguments) -> tuple[str, Arguments]:
    """Family of a function and its arguments by name; an empty family for one that keeps every position.

    >>> bind("pixel_shuffle", ("x", 2), {})
    ('pixel_shuffle', {'input': 'x', 'upscale_factor': 2})
    """
    stem = _NAMES.get(function, "")
    names = _ARGUMENTS.get(stem, ("input",))
    return stem, {**dict(zip(names, args, strict=False)), **kwargs}


def step_of(name: str, function: str, stem: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    """Step that a call was; ``None`` where it neither moves, spreads nor gathers positions.

    Raises
    ------
    ValueError
        It changes the number of positions in a way that has no phases; says why.
    """
    make: Callable[..., Step | None] | None = _MAKERS.get(stem)
    return None if make is None or before.dim() < 3 else make(name, function, given, before, after)


def _convolution(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step:
    weight, dims = given["weight"], before.dim() - 2
    spread = along(given.get("dilation", 1), dims)
    padding = given.get("padding", 0)
    sides = weight.shape[2:]
    front = _named(padding, sides, spread) if isinstance(padding, str) else along(padding, dims)
    taps = _fixed_taps(weight, given.get("groups", 1)) or tuple((1,) * side for side in sides)
    return Step(name, function, False, taps, along(given.get("stride", 1), dims), spread, front)


def _named(padding: str, sides: Sequence[int], spread: Sequence[int]) -> tuple[int, ...]:
    return tuple(d * (k - 1) // 2 if padding == "same" else 0 for k, d in zip(sides, spread, strict=True))


def _fixed_taps(weight: Tensor, groups: int) -> tuple[Line, ...] | None:
    """Taps along each axis of one separable filter that every channel has and nobody trains: a blur."""
    if weight.requires_grad or isinstance(weight, torch.nn.Parameter) or weight.shape[:2] != (groups, 1):
        return None
    kernel = weight[0, 0].double()
    if kernel.numel() == 0 or kernel.sum() == 0 or not torch.equal(weight, weight[:1].expand_as(weight)):
        return None
    total = kernel.sum()
    axes = [kernel.sum([other for other in range(kernel.dim()) if other != axis]) for axis in range(kernel.dim())]
    outer = torch.ones((), dtype=torch.float64)
    for line in axes:
        outer = outer[..., None] * line / total
    if not torch.allclose(outer * total, kernel, atol=1e-6):
        return None
    return tuple(tuple((line / line.sum()).tolist()) for line in axes)


def _transposed(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step:
    dims = before.dim() - 2
    taps: tuple[Line, ...] = tuple((1,) * side for side in given["weight"].shape[2:])
    return Step(
        name, function, True, taps, along(given.get("stride", 1), dims), along(given.get("dilation", 1), dims),
        along(given.get("padding", 0), dims), along(given.get("output_padding", 0), dims),
    )  # fmt: skip


def _pool(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    dims = before.dim() - 2
    if max(after.shape[2:]) == 1:
        return None
    sides = along(given["kernel_size"], dims)
    stride = given.get("stride")
    taps: tuple[Line, ...] = tuple((1,) * side for side in sides)
    strides = sides if stride is None or stride == [] or stride == () else along(stride, dims)
    spread, front = along(given.get("dilation", 1), dims), along(given.get("padding", 0), dims)
    return Step(name, function, False, taps, strides, spread, front)


def _adaptive(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    inside, out = before.shape[2:], after.shape[2:]
    if max(out) == 1 or inside == out:
        return None
    if any(a % b for a, b in zip(inside, out, strict=True)):
        raise ValueError(f"windows of different sizes, {sided(inside)} to {sided(out)} positions")
    sides = tuple(a // b for a, b in zip(inside, out, strict=True))
    dims = len(sides)
    return Step(name, function, False, tuple((1,) * side for side in sides), sides, (1,) * dims, (0,) * dims)


def _resize(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    inside, out = before.shape[2:], after.shape[2:]
    mode, aligned, smooth = given.get("mode", "nearest"), bool(given.get("align_corners")), bool(given.get("antialias"))
    if inside == out or max(inside) == 1:
        return None
    grows = all(b >= a for a, b in zip(inside, out, strict=True))
    pairs = list(zip(inside, out, strict=True) if grows else zip(out, inside, strict=True))
    if any(big % small for small, big in pairs):
        raise ValueError(f"{mode} resize from {sided(inside)} to {sided(out)} positions, by no whole factor")
    if aligned and not grows:
        raise ValueError(f"{mode} resize with align_corners, whose weights differ from one position to the next")
    factors = tuple(big // small for small, big in pairs)
    note = "with align_corners the phases drift; a constant stays constant" if aligned else ""
    resized = [resize_taps(mode, factor, grows, smooth) for factor in factors]
    taps, front = tuple(line for line, _ in resized), tuple(place for _, place in resized)
    return Step(name, f"{function} {mode}", grows, taps, factors, (1,) * len(taps), front, note=note)


def _shuffle(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step:
    grows = "upscale_factor" in given
    factor = int(given["upscale_factor" if grows else "downscale_factor"])
    return Step(name, function, grows, ((1,) * factor,) * 2, (factor,) * 2, (1, 1), (0, 0))


def _patches(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    """Patches that are cut out of maps, or added up to maps: the positions of a convolution, or of its transpose."""
    grows = function == "fold"
    if (before.dim(), after.dim()) != ((3, 4) if grows else (4, 3)):
        return None  # ``Tensor.unfold`` has the same name
    sides, stride, spread, front = (
        along(given.get(part, least), 2)
        for part, least in (("kernel_size", 1), ("stride", 1), ("dilation", 1), ("padding", 0))
    )
    taps: tuple[Line, ...] = tuple((1,) * side for side in sides)
    return Step(name, function, grows, taps, stride, spread, front)


def _pad(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    dims, pad = before.dim() - 2, list(given["pad"])
    front = [0] * dims
    for place, amount in enumerate(pad[::2][:dims]):
        front[dims - 1 - place] = int(amount)
    return _moved(name, function, front, [1] * dims)


def _slice(name: str, function: str, given: Arguments, before: Tensor, after: Tensor) -> Step | None:
    index = given["index"] if isinstance(given["index"], tuple) else (given["index"],)
    if before.dim() != after.dim():
        return None
    if any(not isinstance(part, slice) and part is not Ellipsis for part in index):
        _refuse_picked(before.shape[2:], after.shape[2:])
        return None
    if Ellipsis in index:
        place = index.index(Ellipsis)
        index = (*index[:place], *(slice(None),) * (before.dim() - len(index) + 1), *index[place + 1 :])
    index = (*index, *(slice(None),) * (before.dim() - len(index)))
    ranges = [part.indices(size) for part, size in zip(index[2:], before.shape[2:], strict=True)]
    return _moved(name, "slice", [-start for start, _, _ in ranges], [step for _, _, step in ranges])


def _refuse_picked(inside: Sequence[int], out: Sequence[int]) -> None:
    """Refuse positions that are repeated or left out by number."""
    if any(now >= 2 * was or 2 * now <= was for was, now in zip(inside, out, strict=True)):
        raise ValueError(f"{sided(inside)} positions become {sided(out)}, picked by number")


def _moved(name: str, function: str, front: Sequence[int], stride: Sequence[int]) -> Step | None:
    if not any(front) and max(stride) == 1:
        return None
    dims = len(front)
    return Step(name, function, False, ((1,),) * dims, tuple(stride), (1,) * dims, tuple(front))


_MAKERS: dict[str, Callable[..., Step | None]] = {
    "conv": _convolution, "conv_transpose": _transposed, "max_pool": _pool, "avg_pool": _pool, "lp_pool": _pool,
    "adaptive": _adaptive,
    "interpolate": _resize, "pixel_shuffle": _shuffle, "pixel_unshuffle": _shuffle, "pad": _pad, "getitem": _slice,
    "fold": _patches, "unfold": _patches,
}  # fmt: skip
