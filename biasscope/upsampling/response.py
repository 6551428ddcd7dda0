"""What a whole model answers to constant pictures, phase by phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from biasscope.upsampling.lent import repeating
from biasscope.upsampling.passage import answer
from biasscope.upsampling.phases import phase_means
from biasscope.upsampling.spectrum import stride_share
from biasscope.upsampling.structure import Structure
from biasscope.upsampling.watch import OUTPUT

LEVELS = 5
LEAST_SHARE = 0.5
"""Share of the energy on the stride frequencies from which an answer is told: with less, it is one of the borders."""
EVEN = 1e-3
"""Relative ripple up to which an answer is even, whatever the little that varies comes from."""
LARGE, STRETCH, POINT = 128, 2, 9
"""Side from which pictures are large enough for borders to stay away, and by how much smaller ones, and latents of one
position, grow."""


@dataclass(frozen=True)
class StepResponse:
    """Answers to constants.

    Attributes
    ----------
    levels
        Values of the constant pictures, (L,).
    means
        Mean of every phase, (L, C, phases along each axis).
    ripple
        Root mean square over channels and phases of the deviation from the channel's mean, (L,), in units of the
        output.
    relative
        `ripple` by the root mean square of the channel means, (L,): 0 where nothing is written unevenly.
    share
        Share of the energy without the mean on the stride frequencies; ``None`` where there is no energy. Less than 1
        means that borders reach into the part that is looked at.
    margin
        Positions left out on every side.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import step_response
    >>> up = torch.nn.ConvTranspose2d(1, 1, 3, 2, bias=False)
    >>> _ = torch.nn.init.ones_(up.weight)
    >>> found = step_response(up, (1, 12, 12), (2, 2), levels=[1.0])
    >>> found.means[0, 0].tolist(), round(found.share, 6)
    ([[4.0, 2.0], [2.0, 1.0]], 1.0)
    """

    levels: Tensor
    means: Tensor
    ripple: Tensor
    relative: Tensor
    share: float | None
    margin: tuple[int, ...]

    @property
    def strongest(self) -> int:
        """Number of the level with the largest ripple, relative to its answer."""
        return int(self.relative.argmax())


def step_response(
    model: nn.Module,
    shape: Sequence[int],
    period: Sequence[int],
    *,
    levels: Sequence[float] = (-1.0, -0.5, 0.0, 0.5, 1.0),
    margin: float | Sequence[int] = 0.25,
    batch: int = 16,
) -> StepResponse | None:
    """Show constant pictures to a model and compare the phases of its output.

    Parameters
    ----------
    model
        Any module from (N, C, ...) to maps; the first tensor that it gives counts.
    shape
        (C, ...) of the pictures; large enough for borders not to reach the middle.
    period
        Phases along each axis of the output.
    levels
        Values of the pictures, in units of the model's input.
    margin
        Positions of the output to leave out on every side; a number below 1 is a share of each side.
    batch
        Pictures at once.

    Returns
    -------
        The response; ``None`` where the output has no maps of that many axes, or what is left is less than two periods.

    Examples
    --------
    >>> from torch import nn
    >>> up = nn.ConvTranspose2d(1, 1, 3, 2, bias=False)
    >>> _ = nn.init.ones_(up.weight)
    >>> found = step_response(up, (1, 12, 12), (2, 2), levels=[1.0])
    >>> found.means[0, 0].tolist(), round(float(found.relative[0]), 3)
    ([[4.0, 2.0], [2.0, 1.0]], 0.484)
    """
    pictures = torch.stack([torch.full(tuple(shape), level) for level in levels])
    like = next((p for p in model.parameters() if p.is_floating_point()), pictures)
    with repeating(model), torch.no_grad():
        parts = [answer(model(part)) for part in torch.split(pictures.to(like), batch)]
    known = [part for part in parts if part is not None and part.dim() == len(period) + 2]
    if len(known) < len(parts):
        return None
    out = torch.cat(known)
    sides = tuple(margin) if isinstance(margin, Sequence) else tuple(_positions(margin, side) for side in out.shape[2:])
    means = phase_means(out, period, sides)
    if means is None:
        return None
    flat = means.flatten(2)
    middle = flat.mean(2)
    ripple = (flat - middle[..., None]).square().mean((1, 2)).sqrt()
    size = middle.square().mean(1).sqrt()
    relative = torch.where(ripple <= 1e-6 * size, 0.0, ripple / size)
    share = stride_share(out, period, sides) if float(relative.max()) > 0 else None
    return StepResponse(torch.tensor(list(levels)), means.cpu(), ripple.cpu(), relative.cpu(), share, sides)


def _positions(margin: float, side: int) -> int:
    return int(margin * side) if margin < 1 else int(margin)


def response_of(
    model: nn.Module, pictures: Tensor, found: Structure, notes: list[str], batch: int = 16
) -> StepResponse | None:
    """Answers to constants within the range of the pictures, where the output has phases; else why not, in `notes`."""
    if not found.composed or found.composed[-1].name != OUTPUT:
        return None
    if pictures.dim() < 3:
        notes.append("no answer to constants: what enters has no positions, so that maps are no constants")
        return None
    low, high = float(pictures.min()), float(pictures.max())
    levels = torch.linspace(low, high, LEVELS).tolist() if high > low else [low]
    response = _on_constants(model, pictures, found.composed[-1].period, levels, batch)
    if response is None:
        notes.append(
            "no answer to constants: the output has no maps, they are smaller than two periods, or latents are of one "
            "position and the model takes no more"
        )
    elif not bool(response.means.isfinite().all()):
        notes.append("no answer to constants: the output holds values that are not finite")
        return None
    elif response.share is not None and response.share < LEAST_SHARE and float(response.relative.max()) > EVEN:
        said = f"{100 * response.share:.2g} % of what varies in the middle repeats with the stride"
        notes.append(f"no answer to constants: only {said}, the rest comes from the borders or is drawn by the model")
        return None
    return response


def _on_constants(
    model: nn.Module, pictures: Tensor, period: Sequence[int], levels: Sequence[float], batch: int
) -> StepResponse | None:
    """Answers to constants larger than small pictures, where the model takes them: borders stay away.

    A latent of one position is a border all around, so that there is no other answer to it.
    """
    channels, *sides = pictures.shape[1:]
    point = max(sides) == 1
    if max(sides) < LARGE:
        larger = [(POINT if point else STRETCH) * side for side in sides]
        try:
            grown = step_response(model, (channels, *larger), period, levels=levels, margin=3 / 8, batch=batch)
        except (RuntimeError, ValueError, TypeError, AssertionError):  # pictures of one size only
            grown = None
        if grown is not None or point:
            return grown
    return step_response(model, pictures.shape[1:], period, levels=levels, batch=batch)
