"""Weights of every layer that upsamples, found in a recorded pass."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from biasscope.upsampling.gains import Gains, relative_spread, shuffle_gains, transposed_gains
from biasscope.upsampling.passage import Event, Passage
from biasscope.upsampling.step import Step


@dataclass(frozen=True)
class LayerWeights:
    """DC gains of one layer that upsamples.

    Attributes
    ----------
    name, kind
        As in `Step`; of a pixel shuffle, with the convolution in front of it.
    gains
        Gain of every phase; ``None`` of a resize, and where there is no convolution.
    score
        `Gains.score`; 0 of a resize, whose weights sum to 1 at every phase.
    score_mean
        `Gains.score_at` the mean activation, without the bias in the mean answer; ``None`` if no mean is known.
    score_bias
        With it.
    note
        Why there is no score.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    >>> from biasscope.upsampling import record, weights_of
    >>> layer = weights_of(record(net, torch.zeros(1, 1, 8, 8)))[0]
    >>> layer.name, layer.kind
    ('2', 'conv_transpose2d')
    """

    name: str
    kind: str
    gains: Gains | None
    score: float | None
    score_mean: float | None = None
    score_bias: float | None = None
    note: str = ""


def weights_of(passage: Passage, means: dict[str, Tensor] | None = None) -> tuple[LayerWeights, ...]:
    """DC gains of the upsampling layers of a pass, in order.

    Parameters
    ----------
    passage
        As `record` gives it.
    means
        Mean activation of every channel in front of a layer, by the layer's name.

    Returns
    -------
        One entry a layer.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from biasscope.upsampling import record
    >>> net = nn.Sequential(nn.ConvTranspose2d(1, 1, 2, 2), nn.Upsample(scale_factor=2))
    >>> nn.init.ones_(net[0].weight).shape
    torch.Size([1, 1, 2, 2])
    >>> [layer.score for layer in weights_of(record(net, torch.zeros(1, 1, 4, 4)))]
    [0.0, 0.0]
    """
    events = [event for event in passage.events if event.step is not None and event.step.upsamples]
    return tuple(_weights(passage, event, (means or {}).get(event.name)) for event in events)


def _weights(passage: Passage, event: Event, mean: Tensor | None) -> LayerWeights:
    step = event.step
    assert step is not None  # noqa: S101
    if event.weight is not None:
        return _scored(event, _transposed(event, step), mean)
    if step.kind == "fold":
        return LayerWeights(event.name, step.kind, None, None, note="it adds up patches, and has no weights of its own")
    if "shuffle" not in step.kind:
        return LayerWeights(event.name, step.kind, None, 0.0, note="the weights of a resize sum to 1 at every phase")
    conv = passage.maker(event.inputs[0])
    if conv is None or conv.weight is None or not conv.function.startswith("conv2d"):
        reason = f"{conv.function} lies between it and a convolution" if conv else "there is no convolution before it"
        return LayerWeights(event.name, step.kind, None, None, note=reason)
    gains = shuffle_gains(conv.weight, step.stride[0], bias=conv.bias, groups=conv.groups)
    return _shuffled(event, gains, mean, f"convolution {conv.name}")


def _shuffled(event: Event, gains: Gains, mean: Tensor | None, note: str) -> LayerWeights:
    """A pixel shuffle reads every phase from a channel of its own, so their means are its answers."""
    kind = "conv2d, pixel_shuffle"
    if mean is None:
        return LayerWeights(event.name, kind, gains, gains.score, note=note)
    answers = mean.to(gains.gains).view(gains.gains.shape[1], -1).T
    plain = (answers - gains.bias).mean(0)
    return LayerWeights(
        event.name, kind, gains, gains.score, relative_spread(answers, plain), relative_spread(answers), note
    )


def _transposed(event: Event, step: Step) -> Gains:
    weight = event.weight
    assert weight is not None  # noqa: S101
    return transposed_gains(
        weight, step.stride, bias=event.bias, padding=step.padding, dilation=step.dilation, groups=event.groups
    )


def _scored(event: Event, gains: Gains, mean: Tensor | None, note: str = "") -> LayerWeights:
    kind = event.step.kind if event.step is not None else event.function
    if mean is None or len(mean) != gains.gains.shape[2]:
        return LayerWeights(event.name, kind, gains, gains.score, note=note)
    without, with_bias = gains.score_at(mean, bias=False), gains.score_at(mean)
    return LayerWeights(event.name, kind, gains, gains.score, without, with_bias, note)
