"""One forward pass after another over one static buffer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from biasscope.models.binary import both_sides
from biasscope.models.failures import networks_own
from biasscope.models.loaded import LoadedModel
from biasscope.models.outputs import class_scores, with_pictures
from biasscope.sweep.settings import PRECISIONS, Settings
from biasscope.transforms.transformation import Views

Model = Callable[[Tensor], object]


class Runner:
    """A model on its device with a buffer of fixed shape (batch, C, H, W).

    Parameters
    ----------
    loaded
        The model, in evaluation mode and on the device.
    settings
        Precision, layout, compilation.
    batch
        Pictures in one forward pass.

    Attributes
    ----------
    draws
        Whether the network draws random numbers, once that was tried.
    """

    def __init__(self, loaded: LoadedModel, settings: Settings, batch: int) -> None:
        self.loaded, self.settings, self.batch, self.draws = loaded, settings, batch, False
        self.module = loaded.module
        self.compiled: Model = torch.compile(self.module, dynamic=False) if settings.compile else self.module
        self.dtype = next((p.dtype for p in self.module.parameters() if p.is_floating_point()), torch.float32)
        self.buffer = self.make_buffer(batch)

    def make_buffer(self, count: int) -> Tensor:
        """Uninitialised input for ``count`` pictures."""
        shape = (count, self.loaded.preprocessing.channels, *self.loaded.preprocessing.size)
        layout = torch.channels_last if self.settings.channels_last else torch.contiguous_format
        return torch.empty(shape, device=self.settings.device, memory_format=layout)

    @contextmanager
    def session(self) -> Iterator[None]:
        """No gradients, and weights that autocast has cast stay cast until the end."""
        with torch.inference_mode(), torch.autocast(self.settings.device.type, enabled=False):
            yield

    def __call__(self, views: Views, numbers: Sequence[int], pictures: Sequence[int]) -> Tensor:
        """Scores (batch, C) of classes in float32 for a full chunk of pairs."""
        views.write(self.buffer, numbers, pictures)
        return self._scores(self.compiled, self.buffer, self.settings.amp)

    def eager(self, views: Views, numbers: Sequence[int], pictures: Sequence[int], amp: str | None) -> Tensor:
        """Scores for any number of pairs, not compiled, in any precision."""
        buffer = self.make_buffer(len(numbers))
        views.write(buffer, numbers, pictures)
        return self._scores(self.module, buffer, amp)

    def _scores(self, module: Model, x: Tensor, amp: str | None) -> Tensor:
        """Scores of classes; an error of the network is told as its own."""
        with networks_own(x.shape[1:], self.loaded.provenance.spec):
            return both_sides(self.forward(module, x, amp))

    def forward(self, module: Model, x: Tensor, amp: str | None) -> Tensor:
        """Run a module and give its outputs in float32, as they are."""
        dtype = PRECISIONS[amp] if amp else None
        with torch.autocast(x.device.type, dtype=dtype, enabled=amp is not None):
            out = module(x.to(self.dtype))
        return with_pictures(class_scores(out), len(x)).float()
