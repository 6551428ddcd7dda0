"""Putting a state dict into a network, or saying exactly why it does not fit."""

from __future__ import annotations

from torch import Tensor, nn

from biasscope.core.errors import InputError
from biasscope.core.words import first_few

SHOWN = 5


def fit(module: nn.Module, tensors: dict[str, Tensor], *, where: str) -> None:
    """Load a state dict; every entry must be there, no other, with its shape and kind of number, and finite.

    Values are looked at last, so that a wrong file costs nothing.

    Raises
    ------
    InputError
        Naming the entries that are missing, unexpected, of another shape or kind of number, or not finite.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors and not name.endswith("num_batches_tracked")]
    extra = [name for name in tensors if name not in wanted]
    problems = [*_listed("missing", missing), *_listed("unexpected", extra)]
    shapes = [
        f"{n} is {_size(t)}, not {_size(wanted[n])}"
        for n, t in tensors.items()
        if n in wanted and _differs(t, wanted[n])
    ]
    problems += _listed("of another shape", shapes)
    kinds = [
        f"{n} is {t.dtype}, not {wanted[n].dtype}"
        for n, t in tensors.items()
        if n in wanted and _rank(t) > _rank(wanted[n])
    ]
    problems += _listed("of another kind", kinds)
    if problems:
        hint = "Choose the architecture that the weights belong to."
        raise InputError(
            f"the weights do not fit {type(module).__name__}: {'; '.join(problems)}", where=where, hint=hint
        )
    broken = [name for name, t in tensors.items() if t.is_floating_point() and not bool(t.isfinite().all())]
    if broken:
        hint = "The training diverged or the file is damaged: choose an earlier checkpoint."
        what = f"the weights are not finite in {len(broken):,} of {len(tensors):,} tensors ({first_few(broken, SHOWN)})"
        raise InputError(what, where=where, hint=hint)
    module.load_state_dict({name: t.reshape(wanted[name].shape) for name, t in tensors.items()}, strict=False)


def _differs(found: Tensor, wanted: Tensor) -> bool:
    """Whether shapes differ; counters were once stored with shape (1,)."""
    return found.shape != wanted.shape and not (wanted.dim() == 0 and found.shape == (1,))


def _rank(tensor: Tensor) -> int:
    """Kind of number: 0 whole, 1 real, 2 complex; a lower one can be turned into a higher one."""
    return 2 if tensor.is_complex() else int(tensor.is_floating_point())


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a number"


def _listed(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    return [f"{len(names)} {what} ({first_few(names, SHOWN)})"]
