"""Where values hold their positions: behind what may move them, and how many of them known steps explain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

Sides = tuple[int, ...]

_MAPS = {"conv", "conv_transpose", "max_pool", "avg_pool", "lp_pool", "adaptive", "interpolate", "pixel_shuffle",
         "pixel_unshuffle", "fold"}  # fmt: skip
_MOVERS = {
    "permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "reshape", "view", "flatten", "unflatten",
    "matmul", "__matmul__", "bmm", "baddbmm", "einsum", "tensordot", "linear", "unfold", "fold", "stack", "t",
    "__get__", "as_strided", "kron", "scaled_dot_product_attention", "multi_head_attention_forward",
}  # fmt: skip

_CROPS = {"narrow", "chunk", "split", "split_with_sizes", "tensor_split", "hsplit", "vsplit", "dsplit"}


@dataclass(frozen=True)
class Held:
    """How one value holds its positions.

    Attributes
    ----------
    maps
        Whether it is certain that the axes are (N, C, ...).
    sides
        Positions along each axis that the steps up to here explain; ``None`` where there are none.
    mover
        Last call on the way that may have put positions elsewhere.
    """

    maps: bool
    sides: Sides | None
    mover: str = ""


LOST = Held(False, None)


def start(shape: Sequence[int]) -> Held:
    """What enters a model: (N, C, ...).

    >>> start((1, 3, 8, 9)).sides, start((1, 100)).sides
    ((8, 9), None)
    """
    return Held(True, tuple(shape[2:])) if len(shape) > 2 else LOST


def takes_maps(stem: str) -> bool:
    """Whether a family of functions only takes (N, C, ...), as convolutions do.

    >>> takes_maps("conv"), takes_maps("getitem")
    (True, False)
    """
    return stem in _MAPS


def passed(
    function: str, stem: str, name: str, held: Iterable[Held], before: Sequence[int], after: Sequence[int]
) -> Held:
    """How a call gives on what it reads.

    Parameters
    ----------
    function, stem, name
        Of the call.
    held
        Of what it reads.
    before, after
        Shapes of the largest of these of as many axes, and of what it makes.

    Examples
    --------
    >>> passed("permute", "", ":permute", [start((1, 3, 8, 8))], (1, 3, 8, 8), (1, 8, 8, 3))
    Held(maps=False, sides=(8, 8), mover=':permute')
    """
    if takes_maps(stem):
        return start(after)
    if len(after) < 3:
        return LOST
    known = [one for one in held if one.sides is not None]
    if not known:
        return Held(False, None)
    most = max(known, key=lambda one: prod(one.sides or ()))
    moved = function in _MOVERS and tuple(before) != tuple(after)
    if moved or not any(one.maps and len(one.sides or ()) == len(after) - 2 for one in known):
        return Held(False, most.sides, name if moved else most.mover)
    return Held(True, tuple(after[2:]))


def unseen(held: Held, actual: Sequence[int]) -> bool | None:
    """Whether there are now at least twice as many positions along an axis as steps explain, ``None`` if as many.

    Returns
    -------
        ``True`` for more, ``False`` for half as many or fewer.

    Examples
    --------
    >>> unseen(Held(False, (8, 8)), (16, 16)), unseen(Held(False, (8, 8)), (4, 4)), unseen(Held(False, (8, 8)), (8, 8))
    (True, False, None)
    """
    if held.maps or held.sides is None or len(held.sides) != len(actual) or 1 in (prod(held.sides), prod(actual)):
        return None
    pairs = list(zip(held.sides, actual, strict=True))
    if any(now >= 2 * was for was, now in pairs):
        return True
    return False if any(2 * now <= was for was, now in pairs) else None


def grew(function: str, before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether maps (N, C, ...) have at least twice as many positions along an axis, other than by repeating one.

    >>> grew("repeat_interleave", (1, 3, 8, 8), (1, 3, 16, 8)), grew("expand", (1, 3, 1, 8), (1, 3, 8, 8))
    (True, False)
    """
    if len(before) != len(after) or len(before) < 3 or function in ("cat", "concat", "concatenate"):
        return False
    return any(now >= 2 * was > 2 for was, now in zip(before[2:], after[2:], strict=True))


def spreads(function: str, before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether a function that is not known makes more positions out of maps that it does not just rearrange."""
    return not passed(function, "", function, [start(before)], before, after).mover and grew(function, before, after)


def drops(function: str, before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether a function that is not known leaves at most half of the positions along an axis, but not just one.

    >>> drops("index_select", (1, 3, 8, 8), (1, 3, 4, 8)), drops("mean", (1, 3, 8, 8), (1, 3, 1, 1))
    (True, False)
    >>> drops("narrow", (1, 3, 8, 8), (1, 3, 4, 8)), drops("permute", (1, 3, 8, 8), (1, 8, 3, 8))
    (False, False)
    """
    if function in _CROPS or function in _MOVERS or len(before) != len(after) or len(before) < 3:
        return False
    return any(2 * now <= was and now > 1 for was, now in zip(before[2:], after[2:], strict=True))
