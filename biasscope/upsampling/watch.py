"""Maps behind every layer that upsamples, over many pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import ReferenceType, ref

import torch
from torch import Tensor, nn

from biasscope.upsampling.lent import repeating
from biasscope.upsampling.passage import Event, answer
from biasscope.upsampling.recorder import Recorder

OUTPUT = "output"


@dataclass
class Maps:
    """What was seen.

    Attributes
    ----------
    channels
        Most channels to keep, evenly spaced.
    maps
        By name, one tensor (n, channels, ...) a batch, on the CPU.
    shapes
        (C, ...) of the whole map.
    means
        Mean activation of every channel in front of the layer, (C_in,).
    same
        Layer whose output is the model's output, if it is one of those above; its maps are not kept twice.
    """

    channels: int
    maps: dict[str, list[Tensor]] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    means: dict[str, Tensor] = field(default_factory=dict)
    same: str = ""
    _seen: dict[str, int] = field(default_factory=dict)

    def keep(self, name: str, maps: Tensor) -> None:
        """Add the maps of one batch."""
        count = min(self.channels, maps.shape[1])
        chosen = torch.linspace(0, maps.shape[1] - 1, count).round().long().to(maps.device)
        self.maps.setdefault(name, []).append(maps.detach().index_select(1, chosen).float().cpu())
        self.shapes[name] = tuple(maps.shape[1:])

    def front(self, name: str, maps: Tensor) -> None:
        """Add to the mean of what is in front of a layer."""
        mean = maps.detach().flatten(2).mean(2).double().mean(0).cpu()
        before, seen = self._seen.get(name, 0), self._seen.get(name, 0) + len(maps)
        self.means[name] = self.means.get(name, torch.zeros_like(mean)) * (before / seen) + mean * (len(maps) / seen)
        self._seen[name] = seen


def watch(model: nn.Module, pictures: Tensor, *, batch: int = 16, channels: int = 16) -> Maps:
    """Run a model over pictures once and keep what its upsampling layers and its output write.

    Parameters
    ----------
    model
        Any module; it runs in evaluation mode.
    pictures
        (N, C, ...).
    batch
        Pictures at once.
    channels
        Most channels of a layer to keep.

    Examples
    --------
    >>> seen = watch(nn.Upsample(scale_factor=2), torch.ones(3, 2, 4, 4))
    >>> {name: parts[0].shape for name, parts in seen.maps.items()}
    {':interpolate': torch.Size([3, 2, 8, 8])}
    >>> seen.same
    ':interpolate'
    """
    seen = Maps(channels)
    last: dict[str, ReferenceType[Tensor]] = {}

    def watcher(event: Event, before: Tensor, after: Tensor) -> None:
        seen.keep(event.name, after)
        seen.front(event.name, before)
        last[event.name] = ref(after)

    with repeating(model), torch.inference_mode():
        for part in torch.split(pictures, batch):
            last.clear()
            with Recorder(model, watcher, light=True):
                out = answer(model(part))
            seen.same = next((name for name, made in last.items() if made() is out), "") if out is not None else ""
            if out is not None and out.dim() > 2 and not seen.same:
                seen.keep(OUTPUT, out)
    return seen
