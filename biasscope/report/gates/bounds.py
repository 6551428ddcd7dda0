"""Whether one number is past a bound: its value, or with ``certain`` the whole of its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from biasscope.core.errors import UsageError
from biasscope.core.results import Better, Interval
from biasscope.report.comparison.intervals import difference
from biasscope.report.gates.gate import Gate, Status, Verdict
from biasscope.report.numbers import Number

SLACK = 1e-9
"""Relative difference that is put down to rounding."""


def absolute(gate: Gate, number: Number) -> Iterator[Verdict]:
    """Verdicts of ``at_least`` and ``at_most`` on a number."""
    _direction(gate, number)
    for bound, sign, words in ((gate.at_least, 1, "at least"), (gate.at_most, -1, "at most")):
        if bound is not None and number.value is None:
            yield _undefined(gate, number)
        elif bound is not None and number.value is not None:
            far = _far(number.value, number.interval if gate.certain else None, sign)
            status: Status = "failed" if _short(sign * far, sign * bound) else "passed"
            said = f"{number.address} is {_shown(number)}, must be {words} {bound:.6g}"
            yield _verdict(gate, number, status, said, bound)


def worsening(
    gate: Gate, number: Number, against: Mapping[str, Number] | None, reasons: Sequence[str], *, allowed: bool
) -> Verdict:
    """Verdict of ``may_worsen_by`` on a number, against the baseline's numbers."""
    better = _direction(gate, number)
    if better is None:
        hint = 'Say better = "higher" or better = "lower" in the gate.'
        what = f"{number.address} declares no direction of better"
        raise UsageError(what, where=f"gate {gate.number!r}", hint=hint)
    if number.value is None:
        return _undefined(gate, number)
    before = (against or {}).get(number.address)
    if before is None or before.value is None:
        said = f"{number.address}: {_lacking(against, before)}"
        return _verdict(gate, number, "passed" if allowed else "incomparable", said)
    if reasons:
        return _verdict(gate, number, "incomparable", f"{number.address}: {reasons[0]}", before=before)
    return _worsened(gate, number, before, 1 if better == "higher" else -1)


def _lacking(against: Mapping[str, Number] | None, before: Number | None) -> str:
    """Why there is nothing to compare with."""
    if against is None:
        return "there is no baseline yet"
    return "the baseline has no such number" if before is None else "it is undefined in the baseline"


def _worsened(gate: Gate, number: Number, before: Number, sign: int) -> Verdict:
    """Verdict on how much worse a number is; ``sign`` is 1 where higher is better."""
    value, old, allowed = number.value or 0.0, before.value or 0.0, gate.may_worsen_by or 0.0
    worse = sign * (old - value)
    interval = difference(value, old, number.interval, before.interval) if gate.certain else None
    least = worse if interval is None else interval.low if sign > 0 else -interval.high
    status: Status = "failed" if _short(-least, -allowed) else "passed"
    moved = f"worse by {worse:.4g}" if worse > 0 else f"better by {-worse:.4g}" if worse < 0 else "unchanged"
    said = f"{number.address} is {_shown(number)}, {moved} than {old:.6g} in the baseline"
    said = said.replace("unchanged than", "unchanged from")
    return _verdict(gate, number, status, f"{said}, may worsen by {allowed:.6g}", old - sign * allowed, before)


def _direction(gate: Gate, number: Number) -> Better | None:
    """Direction of better of a number, from itself or from the gate; they must not contradict each other."""
    if gate.better and number.better and gate.better != number.better:
        what = f"better = {gate.better!r} contradicts {number.address}, of which {number.better} is better"
        raise UsageError(what, where=f"gate {gate.number!r}", hint="Leave better out of the gate.")
    return number.better or gate.better


def _far(value: float, interval: Interval | None, sign: int) -> float:
    """End of the interval that is most on the good side of a bound; the value itself without one."""
    return value if interval is None else interval.high if sign > 0 else interval.low


def _short(value: float, bound: float) -> bool:
    """Whether a value is below a bound, by more than rounding."""
    return value < bound and not math.isclose(value, bound, rel_tol=SLACK, abs_tol=1e-12)


def _shown(number: Number) -> str:
    ends = f" ({number.interval.low:.4g} to {number.interval.high:.4g})" if number.interval else ""
    return f"{number.value:.6g}{ends}"


def _undefined(gate: Gate, number: Number) -> Verdict:
    return Verdict(str(gate), number.address, "failed", said=f"{number.address} is undefined in the report")


def _verdict(
    gate: Gate,
    number: Number,
    status: Status,
    said: str,
    bound: float | None = None,
    before: Number | None = None,
) -> Verdict:
    old = before.value if before else None
    return Verdict(str(gate), number.address, status, number.value, number.interval, bound, old, said)
