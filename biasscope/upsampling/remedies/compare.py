"""Remedies side by side on one model: pattern before and after, change of the output, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from biasscope.core.progress import Progress
from biasscope.upsampling.interval import NONE, Interval
from biasscope.upsampling.passage import Refused
from biasscope.upsampling.remedies.change import Look, changed, outputs, used
from biasscope.upsampling.remedies.registry import REMEDIES
from biasscope.upsampling.remedies.sites import Change
from biasscope.upsampling.remedies.strength import Strength, strength_now


@dataclass(frozen=True)
class Row:
    """One remedy.

    Attributes
    ----------
    name, title
        As registered; ``""`` and ``as it is`` for the model itself.
    trained
        Whether weights were kept, so that the output means something.
    changes, skipped
        What was done, and layers that were left.
    strength
        Pattern and cost afterwards; ``None`` where `reason` says why not.
    change
        Root mean square change of the output by the root mean square of the output, mean over pictures and 95 %
        interval.
    shown
        Outputs for the first pictures, (n, C, ...).
    reason
        Why the remedy could not be used.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import compare
    >>> up = torch.nn.Sequential(torch.nn.ConvTranspose2d(1, 1, 3, 2))
    >>> rows = compare(up, torch.rand(2, 1, 24, 24), ["hold"])
    >>> rows[1].name, rows[1].trained, rows[1].reason
    ('hold', True, '')
    """

    name: str
    title: str
    trained: bool
    changes: tuple[Change, ...]
    skipped: tuple[Refused, ...]
    strength: Strength | None
    change: Interval
    shown: Tensor | None
    reason: str = ""


def compare(
    model: nn.Module,
    pictures: Tensor,
    remedies: Sequence[str] | None = None,
    *,
    batch: int = 16,
    channels: int = 16,
    margin: int | None = None,
    shown: int = 4,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Row, ...]:
    """Try remedies on copies of a model.

    Parameters
    ----------
    model
        From (N, C, ...) to maps.
    pictures
        Prepared as the model wants them, (N, C, ...).
    remedies
        Names in `REMEDIES`; all if not given.
    batch, channels, margin
        As in :func:`~biasscope.upsampling.analyse`.
    shown
        Pictures whose outputs are kept.
    seed
        Of what is drawn, weights that are drawn anew included.
    progress
        Is told what happens.

    Returns
    -------
        The model as it is, then every remedy, those that do not apply with their reason.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> rows = compare(nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2)), torch.rand(4, 1, 24, 24), ["hold", "icnr"])
    >>> [(row.name, row.strength and row.strength.step, row.reason) for row in rows][1:]
    [('hold', 0.0, ''), ('icnr', None, 'ICNR is for convolutions in front of a pixel shuffle')]
    """
    told = progress or Progress()
    names = list(REMEDIES) if remedies is None else list(remedies)
    facts = {name: REMEDIES[name].facts for name in names}
    look = Look(batch, channels, margin)
    before = outputs(model, pictures, batch)
    first = Row("", "as it is", True, (), (), strength_now(model, pictures, seed, look), NONE, _shown(before, shown))
    tried = told.count(names, "trying remedies")
    return (first, *(_row(name, facts[name], model, pictures, before, shown, seed, look) for name in tried))


def _row(
    name: str,
    facts: Mapping[str, Any],
    model: nn.Module,
    pictures: Tensor,
    before: Tensor | None,
    shown: int,
    seed: int,
    look: Look,
) -> Row:
    try:
        done = used(name, model, pictures[:1], seed)
        if not done.changes:
            reason = "; ".join(dict.fromkeys(row.reason for row in done.skipped)) or "there is nothing to replace"
            return Row(name, facts["title"], facts["trained"], (), done.skipped, None, NONE, None, reason)
        after = outputs(done.model, pictures, look.batch)
        strength = strength_now(done.model, pictures, seed, look)
    except Exception as error:  # any model's forward may refuse what it does not know
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return Row(name, facts["title"], facts["trained"], (), (), None, NONE, None, reason)
    return Row(
        name, facts["title"], facts["trained"], done.changes, done.skipped, strength, changed(before, after),
        _shown(after, shown),
    )  # fmt: skip


def _shown(outputs: Tensor | None, count: int) -> Tensor | None:
    return None if outputs is None else outputs[:count].cpu()
