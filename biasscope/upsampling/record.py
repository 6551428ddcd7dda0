"""Listen to a forward pass on real values: every step that spreads, gathers or moves positions, from what, to what."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biasscope.upsampling.lent import repeating
from biasscope.upsampling.passage import Passage
from biasscope.upsampling.recorder import Recorder, Watcher


def record(model: nn.Module, *inputs: Tensor, watcher: Watcher | None = None) -> Passage:
    """Run a model once, without gradients, and record the pass.

    Parameters
    ----------
    model
        Any module, a ``torch.fx.GraphModule`` too. It runs in evaluation mode and gets its mode and buffers back.
    inputs
        What its forward takes.
    watcher
        Gets every step that upsamples, with the map in front of it and behind it.

    Returns
    -------
        Every step in order, and the places that have no phases.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Upsample(scale_factor=2))
    >>> [(step.name, step.kind, step.stride) for step in record(net, torch.zeros(1, 1, 8, 8)).steps]
    [('0', 'conv2d', (2, 2)), ('1', 'interpolate nearest', (2, 2))]
    """
    recorder = Recorder(model, watcher)
    with repeating(model), torch.no_grad(), recorder:
        recorder.passage.sources = recorder.enter(inputs)
        output = model(*inputs)
        recorder.passage.results = recorder.leave(output) or recorder.bridge(inputs, output)
    return recorder.passage
