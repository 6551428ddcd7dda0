"""What removes the pattern, in words, and the price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling.measurement import GONE, Measurement, cycles, together
from biasscope.pipeline.upsampling.phrases import joined
from biasscope.upsampling import Row
from biasscope.upsampling.highest import Frequency
from biasscope.upsampling.remedies.surgery import LOST


def remedied(items: Sequence[Measurement]) -> Iterator[str]:
    """What removes the pattern of each model that has one, and the price."""
    for item in items:
        best, first = item.best, item.remedies[0].strength if item.remedies else None
        if best is None or first is None:
            continue
        yield f"In {item.label} {_best(item, best)}."


def _best(item: Measurement, best: Row) -> str:
    now, first = best.strength, item.remedies[0].strength
    assert now is not None  # noqa: S101
    assert first is not None  # noqa: S101
    gone = (now.step or 0) <= GONE
    before, after = first.decibels[0], now.decibels[0]
    peaks = f" (peaks {_tenths(before)} to {_tenths(after)} dB)" if before is not None and after is not None else ""
    change = f", changes the output by {percent(best.change[0], 0)}" if best.change[0] is not None else ""
    cost = f" and {_price(now.operations / first.operations)}" if first.operations else ""
    if first.step is None or now.step is None:
        if first.highest is not None and not together(first.decibels):
            return f"“{best.title}” {_alone(first.highest, now.highest)}{change}{cost}"
        verb = "lowers the peaks at the stride frequencies"
        return f"“{best.title}” {verb} from {_tenths(before or 0)} to {_tenths(after or 0)} dB{change}{cost}"
    verb = "removes the ripple on constant pictures" if gone else "weakens the ripple on constant pictures most"
    return f"“{best.title}” {verb}{peaks}{change}{cost}"


def _alone(before: Frequency, now: Frequency | None) -> str:
    """What becomes of the one frequency that stood out by itself."""
    where = f"{cycles(before.numbers, before.period)} cycles a position"
    stood = f"{where} stood {before.decibels:.1f} dB above what is around"
    if now is None:
        return f"leaves no stride frequency that stands out ({stood})"
    return f"lowers the highest stride frequency to {now.decibels:.1f} dB ({stood})"


def _price(ratio: float) -> str:
    """Operations over those before, in words.

    >>> _price(1.0), _price(2.254)
    ('takes as many operations as before', 'takes 2.25 times the operations')
    """
    return (
        "takes as many operations as before" if f"{ratio:.2f}" == "1.00" else f"takes {ratio:.2f} times the operations"
    )


def single(items: Sequence[Measurement]) -> Iterator[str]:
    """Which single layer's repair removes most of the answer to constants."""
    for item in items:
        rows = [row for row in item.singles[:-1] if row.removed is not None]
        if len(rows) < 2 or item.best is None:
            continue
        most = max(rows, key=lambda row: row.removed or 0.0)
        if most.removed is not None and most.removed > 0:
            yield (
                f"Of single layers of {item.label}, the repair of {most.layer} alone removes most: "
                f"{percent(most.removed, 0)} of the ripple on constants."
            )
        else:
            yield f"No single layer's repair weakens the ripple of {item.label} on constants."


def plain_weights(items: Sequence[Measurement]) -> str:
    """Which remedies leave out what makes the weights of a layer before every pass."""
    lost = {row.title: None for item in items for row in item.remedies for one in row.changes if LOST in one.weights}
    if not lost:
        return ""
    named = joined([f"“{title}”" for title in lost])
    return f"With {named}, a layer has plain weights {LOST}: add it again before training."


def _tenths(value: float) -> str:
    """Number with one place, a minus sign and no negative zero.

    >>> _tenths(-0.04), _tenths(-1.5) == "\N{MINUS SIGN}1.5"
    ('0.0', True)
    """
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "\N{MINUS SIGN}")
