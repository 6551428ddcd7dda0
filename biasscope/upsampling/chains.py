"""The longest way through a network: which steps follow each other from the picture to a value."""

from __future__ import annotations

from biasscope.upsampling.passage import Event, Passage
from biasscope.upsampling.step import Step

Chain = tuple[Step, ...]
_Best = tuple[tuple[int, int, int], Chain]


def chains(passage: Passage) -> dict[int, Chain]:
    """Steps on the way to every value that depends on an input.

    Where branches meet (shortcuts, skips of a U-Net) the one counts that changes the number of positions most often,
    then the one with the most steps, then with the most taps. A place that cannot be followed is a step without taps.

    Returns
    -------
        By the number of the value; the steps in order.
    """
    best: dict[int, _Best] = dict.fromkeys(passage.sources, ((0, 0, 0), ()))
    for event in passage.events:
        ways = [best[value] for value in event.inputs if value in best]
        if ways:
            way = _with(max(ways, key=lambda item: item[0]), event)
            best.update(dict.fromkeys(event.outputs, way))
    return {value: chain for value, (_, chain) in best.items()}


def _with(way: _Best, event: Event) -> _Best:
    (changes, steps, taps), chain = way
    step = Step(event.name, "unknown", False, (), (), (), ()) if event.cut else event.step
    if step is None:
        return way
    return (changes + (step.cut or max(step.stride) > 1), steps + 1, taps + sum(step.kernel)), (*chain, step)


def behind_cuts(chain: Chain) -> Chain:
    """Steps behind the last place that cannot be followed: what a constant meets there."""
    last = max((place for place, step in enumerate(chain) if step.cut), default=-1)
    return chain[last + 1 :]


def before_cuts(chain: Chain) -> Chain:
    """Steps before the first place that cannot be followed: what a gradient meets last."""
    return chain[: next((place for place, step in enumerate(chain) if step.cut), len(chain))]


def main_chain(passage: Passage) -> Chain:
    """Steps on the longest way from an input to the first output.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from biasscope.upsampling.record import record
    >>> net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.ConvTranspose2d(1, 1, 4, 2))
    >>> [step.name for step in main_chain(record(net, torch.zeros(1, 1, 8, 8)))]
    ['0', '2']
    """
    ways = chains(passage)
    found = [ways[value] for value in passage.results if value in ways]
    return max(found, key=len) if found else ()
