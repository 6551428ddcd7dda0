"""Gates: bounds, baselines, directions, what is missing and what cannot be compared."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.errors import UsageError
from biasscope.report.gates import Gate, Verdict, exit_code, judge, lines
from tests.unit.report.sample_comparison import OTHER, layers, models, one, origin, report, result, scalar

NUMBER = "shifts.consistency@a"


def statuses(made, *gates, **facts):
    return [verdict.status for verdict in judge(made, gates, **facts)]


@pytest.mark.parametrize(
    ("bounds", "status"),
    [
        ({"at_least": 0.9}, "passed"),
        ({"at_least": 0.90001}, "failed"),
        ({"at_most": 0.9}, "passed"),
        ({"at_most": 0.89}, "failed"),
        ({"at_least": 0.905, "certain": True}, "passed"),
        ({"at_least": 0.911, "certain": True}, "failed"),
        ({"at_most": 0.895, "certain": True}, "passed"),
        ({"at_most": 0.889, "certain": True}, "failed"),
    ],
)
def test_absolute_bounds_of_a_number_of_90_from_89_to_91_per_cent(bounds, status):
    (verdict,) = judge(one(0.9), [Gate(number=NUMBER, **bounds)])
    assert verdict.status == status
    assert verdict.value == 0.9
    assert verdict.bound == bounds.get("at_least", bounds.get("at_most"))
    assert verdict.interval.high == 0.91


def test_certain_without_an_interval_goes_by_the_value():
    assert statuses(one(0.9, None), Gate(number=NUMBER, at_least=0.91, certain=True)) == ["failed"]
    assert statuses(one(0.9, None), Gate(number=NUMBER, at_least=0.9, certain=True)) == ["passed"]


def test_both_bounds_are_two_verdicts():
    assert statuses(one(0.9), Gate(number=NUMBER, at_least=0.95, at_most=1.0)) == ["failed", "passed"]


@pytest.mark.parametrize(
    ("before", "after", "better", "status"),
    [
        (0.92, 0.90, "higher", "passed"),  # 0.92 - 0.90 is above 0.02 in floating point
        (0.92, 0.8999, "higher", "failed"),
        (0.92, 0.95, "higher", "passed"),
        (0.10, 0.12, "lower", "passed"),
        (0.10, 0.1201, "lower", "failed"),
        (0.10, 0.01, "lower", "passed"),
    ],
)
def test_may_worsen_by_two_points(before, after, better, status):
    gate = Gate(number=NUMBER, may_worsen_by=0.02)
    (verdict,) = judge(one(after, better=better), [gate], one(before, better=better))
    assert verdict.status == status
    assert verdict.baseline == before
    assert verdict.bound == pytest.approx(before - 0.02 if better == "higher" else before + 0.02)


def test_certain_worsening_takes_both_intervals():
    gate = Gate(number=NUMBER, may_worsen_by=0.0, certain=True)
    reach = (0.01**2 + 0.01**2) ** 0.5
    assert statuses(one(0.9), gate, baseline=one(0.9 + reach - 1e-4)) == ["passed"]
    assert statuses(one(0.9), gate, baseline=one(0.9 + reach + 1e-4)) == ["failed"]
    lower = {"better": "lower"}
    assert statuses(one(0.9, **lower), gate, baseline=one(0.9 - reach + 1e-4, **lower)) == ["passed"]
    assert statuses(one(0.9, **lower), gate, baseline=one(0.9 - reach - 1e-4, **lower)) == ["failed"]


def test_missing_number_fails_and_names_the_nearest():
    (verdict,) = judge(one(0.9), [Gate(number="shifts.consistancy@a", at_least=0)])
    assert verdict.status == "failed"
    assert NUMBER in verdict.said
    assert statuses(one(0.9), Gate(number="nothing.*", may_worsen_by=0), baseline=one(0.9)) == ["failed"]


@pytest.mark.parametrize("value", [None, float("nan")])
@pytest.mark.parametrize("bounds", [{"at_least": 0.0}, {"at_most": 9.0}, {"may_worsen_by": 9.0}])
def test_undefined_number_fails(bounds, value):
    (verdict,) = judge(one(value), [Gate(number=NUMBER, **bounds)], one(0.9))
    assert verdict.status == "failed"
    assert "undefined" in verdict.said


def test_number_that_vanished_since_the_baseline_fails():
    before, after = report(layers([0.1, 0.2])), report(layers([0.1]))
    found = judge(after, [Gate(number="layers.measures[*].value", may_worsen_by=0.5)], before)
    assert [(item.status, item.number) for item in found] == [
        ("passed", "layers.measures[net,features.0,nonshiftability].value"),
        ("failed", "layers.measures[net,features.1,nonshiftability].value"),
    ]


def test_a_gate_beside_it_does_not_switch_the_comparison_of_another_off():
    gates = Gate(number=NUMBER, at_least=0.8), Gate(number=NUMBER, may_worsen_by=0.02)
    assert statuses(one(0.9), *gates, baseline=one(0.99, provenance=origin(digest=OTHER))) == ["passed", "incomparable"]
    assert statuses(one(0.9), *gates, baseline=one(0.99)) == ["passed", "failed"]


def test_a_number_may_be_pinned():
    pinned = Gate(number=NUMBER, at_least=0.9, at_most=0.9)
    assert statuses(one(0.9), pinned) == ["passed", "passed"]
    assert statuses(one(0.91), pinned) == ["passed", "failed"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.9, "unchanged from 0.9"), (0.85, "worse by 0.05 than 0.9"), (0.93, "better by 0.03 than 0.9")],
)
def test_a_verdict_says_value_interval_and_change(value, words):
    (verdict,) = judge(one(value), [Gate(number=NUMBER, may_worsen_by=0.1)], one(0.9))
    ends = f"({value - 0.01:.4g} to {value + 0.01:.4g})"
    assert verdict.said == f"{NUMBER} is {value:.6g} {ends}, {words} in the baseline, may worsen by 0.1"


def test_all_that_match_must_pass():
    found = judge(report(layers([0.1, 0.4, None, 0.2])), [Gate(number="layers.measures[*].value", at_most=0.3)])
    assert [item.status for item in found] == ["passed", "failed", "failed", "passed"]
    assert exit_code(found) == 1


def test_without_a_baseline_worsening_is_incomparable_unless_allowed():
    gate = Gate(number=NUMBER, may_worsen_by=0.02)
    assert statuses(one(0.9), gate) == ["incomparable"]
    assert statuses(one(0.9), gate, allow_incomparable=True) == ["passed"]
    assert statuses(one(0.9), gate, baseline=one(None)) == ["incomparable"]
    assert statuses(one(0.9), gate, baseline=report(result(scalars=[scalar("other", 1.0)]))) == ["incomparable"]


def test_other_data_are_incomparable_unless_allowed():
    gate, before = Gate(number=NUMBER, may_worsen_by=0.02), one(0.99, provenance=origin(digest=OTHER))
    (verdict,) = judge(one(0.9), [gate], before)
    assert verdict.status == "incomparable"
    assert "Different data" in verdict.said
    assert statuses(one(0.9), gate, baseline=before, allow_incomparable=True) == ["failed"]


def test_absolute_bounds_need_no_comparable_baseline():
    before = one(0.99, provenance=origin(digest=OTHER))
    assert statuses(one(0.9), Gate(number=NUMBER, at_least=0.8), baseline=before) == ["passed"]


def test_other_weights_are_incomparable():
    gate = Gate(number=NUMBER, may_worsen_by=1.0)
    items = [scalar("consistency@a", 0.9, better="higher")]
    before, after = (report(result(scalars=items), models(a=digest)) for digest in ("12" * 32, "34" * 32))
    assert statuses(after, gate, baseline=before) == ["incomparable"]
    assert statuses(after, gate, baseline=after) == ["passed"]


def test_direction_comes_from_the_gate_only_where_the_number_has_none():
    neutral = one(0.9, better=None)
    worse = Gate(number=NUMBER, may_worsen_by=0.01, better="higher")
    assert statuses(neutral, worse, baseline=one(0.95, better=None)) == ["failed"]
    assert statuses(one(0.9), worse, baseline=one(0.9)) == ["passed"]
    with pytest.raises(UsageError, match=f"{NUMBER} declares no direction"):
        judge(neutral, [Gate(number=NUMBER, may_worsen_by=0.01)], neutral)
    with pytest.raises(UsageError, match="contradicts"):
        judge(one(0.9), [Gate(number=NUMBER, may_worsen_by=0.01, better="lower")], one(0.9))
    with pytest.raises(UsageError, match="contradicts"):
        judge(one(0.9), [Gate(number=NUMBER, at_least=0.01, better="lower")])


def test_direction_of_a_row_is_that_of_its_measure():
    before, after = report(layers([0.2])), report(layers([0.3]))
    gate = Gate(number="layers.measures[net,features.0,nonshiftability].value", may_worsen_by=0.05)
    assert statuses(after, gate, baseline=before) == ["failed"]
    assert statuses(before, gate, baseline=after) == ["passed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "a.b"},
        {"number": "", "at_least": 1.0},
        {"number": "a.b", "at_least": float("nan")},
        {"number": "a.b", "at_most": float("inf")},
        {"number": "a.b", "may_worsen_by": -0.1},
        {"number": "a.b", "at_least": 1.0, "at_most": 0.0},
    ],
)
def test_gates_that_cannot_be_judged_are_refused(wrong):
    with pytest.raises(UsageError):
        Gate(**wrong)


@pytest.mark.parametrize("wrong", [{"at_lest": 1.0}, {"better": "up"}, {"at_least": "much"}])
def test_gates_are_strict(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"number": "a.b", "at_most": 1.0} | wrong, Gate)


def test_gate_in_one_line_and_for_which_analyses():
    gate = Gate(number="a.b", analysis="night*", at_least=0.5, may_worsen_by=0.1, certain=True)
    assert str(gate) == "a.b at least 0.5 and may worsen by 0.1 (certain)"
    assert gate.applies("nightly")
    assert not gate.applies("weekly")


SEEN = [seen for size in range(4) for seen in itertools.combinations(("failed", "incomparable", "passed"), size)]


@pytest.mark.parametrize("seen", SEEN)
def test_exit_code_is_that_of_the_worst(seen):
    found = [Verdict("gate", "number", status) for status in seen]
    assert exit_code(found) == (1 if "failed" in seen else 3 if "incomparable" in seen else 0)


def test_one_line_for_each_gate_that_did_not_hold():
    wild = Gate(number="layers.measures[*].value", at_most=0.25)
    gates = [wild, Gate(number="layers.measures[*].depth", at_most=9), Gate(number="none.such", at_least=0)]
    said = lines(judge(report(layers([0.1, 0.3, 0.4])), gates))
    assert len(said) == 2
    assert said[0].startswith("failed: layers.measures[net,features.1,nonshiftability].value is 0.3")
    assert said[0].endswith(f"and 1 more of {wild}")


def test_names_of_the_data_cannot_steer_a_terminal():
    evil = result("position", scalars=[scalar("effect\x1b[31m\nfailed: all", 1.0)])
    (said,) = lines(judge(report(evil), [Gate(number="position.*", at_most=0)]))
    assert "\x1b" not in said
    assert "\n" not in said


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(finite, finite, st.floats(0, 10))
def test_at_least_is_what_it_says(value, bound, width):
    slack = 1e-9 * max(abs(value), abs(bound)) + 1e-12
    (verdict,) = judge(one(value, width), [Gate(number=NUMBER, at_least=bound)])
    if abs(value - bound) > 2 * slack:
        assert verdict.status == ("failed" if value < bound else "passed")
    (certain,) = judge(one(value, width), [Gate(number=NUMBER, at_least=bound, certain=True)])
    assert certain.status == "passed" or verdict.status == "failed"


@given(finite, st.floats(0, 10), st.booleans())
def test_no_report_is_worse_than_itself(value, width, certain):
    made = one(value, width)
    assert statuses(made, Gate(number=NUMBER, may_worsen_by=0.0, certain=certain), baseline=made) == ["passed"]
