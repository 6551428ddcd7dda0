"""One layer at a time: how much of the pattern goes when a single layer is repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.upsampling.analysis import Analysis, analyse
from biasscope.upsampling.interval import NONE, Interval
from biasscope.upsampling.remedies.change import Look, changed, outputs, used
from biasscope.upsampling.remedies.registry import REMEDIES
from biasscope.upsampling.remedies.sites import find_sites
from biasscope.upsampling.watch import OUTPUT


@dataclass(frozen=True)
class Single:
    """A model with one layer repaired.

    Attributes
    ----------
    layer
        Layer; ``all`` for the last row, where all are.
    step, before
        Largest relative ripple on constant pictures, with the layer repaired and as the model is.
    decibels
        Mean peak of the output at the stride frequencies, and its 95 % interval.
    change
        Change of the output, as in `Row`.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import layer_by_layer
    >>> up = torch.nn.Sequential(torch.nn.ConvTranspose2d(1, 1, 3, 2))
    >>> [row.layer for row in layer_by_layer(up, torch.rand(2, 1, 16, 16))]
    ['0', 'all']
    """

    layer: str
    step: float | None
    before: float | None
    decibels: Interval
    change: Interval

    @property
    def removed(self) -> float | None:
        """Share of the ripple that is gone; negative where there is more than before.

        >>> Single("0", 0.1, 0.4, NONE, NONE).removed
        0.75
        """
        if self.step is None or not self.before:
            return None
        return 1 - self.step / self.before


ALL = "all"


def layer_by_layer(
    model: nn.Module,
    pictures: Tensor,
    remedy: str = "equal-phases",
    *,
    batch: int = 16,
    channels: int = 16,
    margin: int | None = None,
    most: int = 12,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Single, ...]:
    """Repair every layer alone, and all of them.

    Parameters
    ----------
    model
        From (N, C, ...) to maps.
    pictures
        Prepared as the model wants them, (N, C, ...).
    remedy
        Name in `REMEDIES`, one of the forward pass that keeps the weights.
    batch, channels, margin
        As in :func:`~biasscope.upsampling.analyse`.
    most
        Layers at most, from the output back, where patterns are seen most.
    seed
        Of what is drawn.
    progress
        Is told what happens.

    Returns
    -------
        A row a layer that the remedy changes, in order, and one for all of them. Shares do not add up: what one layer
        writes is changed by those behind it.

    Raises
    ------
    UsageError
        The remedy is none of the forward pass that keeps the weights.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.ConvTranspose2d(1, 2, 3, 2), nn.ConvTranspose2d(2, 1, 2, 2))
    >>> found = layer_by_layer(net, torch.rand(2, 1, 16, 16))
    >>> [row.layer for row in found], round(found[-1].removed, 3)
    (['0', '1', 'all'], 1.0)
    """
    facts = REMEDIES[remedy].facts
    if facts["of"] != "forward" or not facts["trained"]:
        raise UsageError(f"{remedy} does not repair layers with weights kept", where="remedy")
    told, before = progress or Progress(), outputs(model, pictures, batch)
    look = Look(batch, channels, margin)
    ripple = _ripple(analyse(model, pictures, draws=19, heads=0, seed=seed, **asdict(look)))
    names = [site.name for site in find_sites(model, pictures[:1])[0]][-most:]
    rows = [
        _row(model, pictures, remedy, name, before, ripple, seed, look)
        for name in told.count([*names, ALL], "repairing layer by layer")
    ]
    return tuple(row for row in rows if row is not None)


def _row(
    model: nn.Module,
    pictures: Tensor,
    remedy: str,
    name: str,
    before: Tensor | None,
    ripple: float | None,
    seed: int,
    look: Look,
) -> Single | None:
    done = used(remedy, model, pictures[:1], seed, None if name == ALL else name)
    if not done.changes:
        return None
    found = analyse(done.model, pictures, draws=19, heads=0, seed=seed, **asdict(look))
    change = changed(before, outputs(done.model, pictures, look.batch))
    return Single(name, _ripple(found), ripple, _decibels(found), change)


def _ripple(found: Analysis) -> float | None:
    return None if found.response is None else float(found.response.relative.max())


def _decibels(found: Analysis) -> Interval:
    peaks: Sequence[Interval] = [
        one.peaks.mean for one in found.patterns if one.name == OUTPUT and one.peaks is not None
    ]
    return peaks[0] if peaks else NONE
