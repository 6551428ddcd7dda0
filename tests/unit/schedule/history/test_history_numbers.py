"""Which numbers of a run the history takes, and under which address, against the reports' own list of numbers."""

import msgspec
import pytest

from biasscope.core.results import Interval, Result, Scalar, column, table
from biasscope.report import numbers as addressed
from biasscope.report.gates import Verdict
from biasscope.report.model import Report, encode
from biasscope.schedule.history.numbers import MOST, addresses, heading, numbers
from biasscope.schedule.record import AnalysisRun
from tests.unit.report.sample_reports import full, provenance

A, B = Scalar("effect", 0.2, "effect", Interval(0.1, 0.3), 50, better="lower"), Scalar("effect", 0.5, "effect")
EXTRA = Scalar("q", 0.01)


def made(head, **kinds):
    rows = table("classes", [column("label", ["cat"]), column("effect", [0.4])])
    results = [Result(kind.rstrip("_"), "", scalars=list(found), tables=[rows]) for kind, found in kinds.items()]
    return Report("dataset", "Title", "Question?", [], head, results, provenance())


def found(report, *verdicts):
    item = AnalysisRun(name="boxes", folder="boxes", verdicts=list(verdicts))
    return numbers("20260101T000000Z", "2026-01-01T00:00:00+00:00", item, heading(encode(report)))


def said(number, status="passed", gate="g", **facts):
    return Verdict(gate, number, status, **facts)


def test_addresses_are_those_that_gates_use():
    report = full(6)
    known = addressed.numbers(report)
    own = addresses(heading(encode(report)).results)
    assert len(own) > 30
    assert list(own) == [address for address, number in known.items() if not number.table]
    assert all(scalar.value == known[address].value for address, scalar in own.items())


def test_head_numbers_with_their_interval_and_place():
    (one,) = found(made([A], position=[EXTRA, A]))
    assert msgspec.structs.asdict(one) == {
        "run": "20260101T000000Z",
        "started": "2026-01-01T00:00:00+00:00",
        "analysis": "boxes",
        "number": "position.effect",
        "title": "effect",
        "value": 0.2,
        "low": 0.1,
        "high": 0.3,
        "n": 50,
        "unit": "",
        "better": "lower",
        "status": None,
        "bound": None,
        "head": True,
    }


def test_a_head_number_is_that_of_the_result_it_was_copied_from():
    (one,) = found(made([B], position=[A], position_=[B]))
    assert one.number == "position#2.effect"
    (one,) = found(made([msgspec.structs.replace(B, title="renamed")], position=[EXTRA], scale=[B]))
    assert one.number == "scale.effect"
    (one,) = found(made([Scalar("alone", 1.0)], position=[A]))
    assert one.number == "alone"


def test_numbers_that_gates_look_at_follow():
    cell = said("position.classes[cat].effect", value=0.4, interval=Interval(0.3, 0.5), bound=0.9)
    gone = said("position.gone", "failed")
    made_up = found(made([A], position=[A, EXTRA]), said("position.q", value=0.01, bound=0.05), cell, gone)
    assert [one.number for one in made_up] == ["position.effect", "position.q", cell.number, "position.gone"]
    assert [one.head for one in made_up] == [True, False, False, False]
    assert [one.value for one in made_up] == [0.2, 0.01, 0.4, None]
    assert (made_up[2].low, made_up[2].high, made_up[2].bound) == (0.3, 0.5, 0.9)


@pytest.mark.parametrize("order", [1, -1])
def test_the_worst_verdict_on_a_number_counts(order):
    ways = [said("position.effect", status, bound=bound) for status, bound in zip(ENDS, (1, 2, 3), strict=True)]
    (one,) = found(made([A], position=[A]), *ways[::order])
    assert (one.status, one.bound) == ("failed", 2)


ENDS = ("passed", "failed", "incomparable")


def test_gates_that_look_at_very_many_numbers_add_none():
    many = [said(f"position.classes[{place}].effect", value=0.1) for place in range(MOST + 1)]
    assert len(found(made([A], position=[A]), *many)) == 1
    assert len(found(made([A], position=[A]), *many[:-1])) == 1 + MOST


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"kind": 1}', b"\xff\xfe"])
def test_what_is_no_report_is_refused(data):
    with pytest.raises((msgspec.DecodeError, ValueError)):
        heading(data)
