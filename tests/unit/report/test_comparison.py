"""Comparing two reports: intervals of differences, families of tests, what is listed, what cannot be compared."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from biasscope.core.results import Interval, column, table
from biasscope.report.comparison import comparability, compare
from biasscope.report.comparison.intervals import difference, surprise
from biasscope.report.comparison.model import STATUSES
from biasscope.report.comparison.text import summary
from biasscope.report.numbers import numbers
from tests.unit.report import sample_layers, sample_reports
from tests.unit.report.sample_comparison import (
    OTHER,
    full,
    layers,
    models,
    one,
    origin,
    pair,
    report,
    result,
    scalar,
)

finite = st.floats(-1e3, 1e3, allow_nan=False)
arms = st.floats(0, 100)


def only(comparison):
    """Status of the only head number."""
    (item,) = comparison.headline
    return item.status


@given(finite, finite, arms, arms)
def test_equal_arms_add_as_squares(a, b, wide_a, wide_b):
    found = difference(a, b, Interval(a - wide_a, a + wide_a), Interval(b - wide_b, b + wide_b))
    reach = math.sqrt(wide_a**2 + wide_b**2)
    assert found.low == pytest.approx(b - a - reach, abs=1e-9)
    assert found.high == pytest.approx(b - a + reach, abs=1e-9)


def test_each_end_takes_the_arms_that_move_it():
    found = difference(0.5, 0.9, Interval(0.4, 0.8), Interval(0.7, 0.95))
    assert found.low == pytest.approx(0.4 - math.hypot(0.9 - 0.7, 0.8 - 0.5))
    assert found.high == pytest.approx(0.4 + math.hypot(0.95 - 0.9, 0.5 - 0.4))


def test_levels_are_brought_to_95_per_cent():
    quantiles = [float(stats.norm.ppf((1 + level) / 2)) for level in (0.9, 0.95)]
    narrow = Interval(-quantiles[0], quantiles[0], 0.9)
    assert difference(0.0, 0.0, narrow, None).high == pytest.approx(quantiles[1])


@given(finite, finite, arms, arms)
def test_turned_round_the_interval_is_mirrored(a, b, wide_a, wide_b):
    of_a, of_b = Interval(a - wide_a, a + 2 * wide_a), Interval(b - 3 * wide_b, b + wide_b)
    there, back = difference(a, b, of_a, of_b), difference(b, a, of_b, of_a)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def test_intervals_of_independent_shares_cover_the_difference():
    rng, size, draws = np.random.default_rng(3), 80, 4000
    truth = np.array([0.85, 0.95])
    counts = rng.binomial(size, truth, (draws, 2))
    covered = 0
    for pair_of in counts:
        ends = [stats.binomtest(int(count), size).proportion_ci(method="wilson") for count in pair_of]
        found = difference(*pair_of / size, *(Interval(*end) for end in ends))
        covered += found.low <= truth[1] - truth[0] <= found.high
    assert 0.935 < covered / draws < 0.97


def test_surprise_is_the_normal_p():
    for change in (0.1, -0.1, 0.4, -2.0):
        ends = Interval(change - 0.3, change + 0.3)
        deviation = 0.3 / stats.norm.ppf(0.975)
        assert surprise(change, ends) == pytest.approx(2 * stats.norm.sf(abs(change) / deviation))
    assert surprise(0.0, Interval(-1, 1)) == 1.0
    assert surprise(0.5, Interval(0.5, 0.7)) == 0.0


@pytest.mark.parametrize(
    ("before", "after", "better", "status"),
    [
        (0.90, 0.95, "higher", "better"),
        (0.90, 0.85, "higher", "worse"),
        (0.90, 0.95, "lower", "worse"),
        (0.90, 0.85, "lower", "better"),
        (0.90, 0.85, None, "changed"),
        (0.90, 0.913, "higher", "unclear"),
        (0.90, 0.9 + 1e-13, "higher", "same"),
        (0.90, None, "higher", "undefined"),
        (None, None, "higher", "same"),
    ],
)
def test_status_of_a_number_with_an_interval_of_one_point(before, after, better, status):
    assert only(compare(one(before, better=better), one(after, better=better))) == status


def test_a_status_is_given_at_the_edge_of_the_interval():
    reach = math.hypot(0.01, 0.01)
    assert only(compare(one(0.9), one(0.9 - reach - 1e-6))) == "worse"
    assert only(compare(one(0.9), one(0.9 - reach + 1e-6))) == "unclear"


def test_without_an_interval_nothing_is_judged():
    assert only(compare(one(0.9, None), one(0.1, None))) == "unjudged"
    assert only(compare(one(0.9, None), one(0.1, 0.01))) == "worse"


def test_an_interval_of_no_width_says_nothing_about_chance():
    assert only(compare(one(0.9, 0.0), one(0.1, 0.01))) == "unjudged"
    assert only(compare(one(0.9, 0.01), one(0.1, 0.0))) == "unjudged"
    assert only(compare(one(0.9, 0.0), one(0.9, 0.0))) == "same"


def test_directions_that_contradict_each_other_are_none():
    assert only(compare(one(0.9, better="higher"), one(0.5, better="lower"))) == "changed"


def test_rows_of_a_column_are_one_family():
    rng = np.random.default_rng(1)
    before, after = rng.random(200), rng.random(200) * 0.1
    after = before + after * (rng.random(200) < 0.5)
    made = compare(report(layers(before.tolist())), report(layers(after.tolist())))
    (part,) = made.parts
    (family,) = [item for item in part.families if item.name == "value"]
    change = after - before
    p = 2 * stats.norm.sf(np.abs(change) / math.hypot(0.02, 0.02) * stats.norm.ppf(0.975))
    q = stats.false_discovery_control(p)
    assert family.counts["worse"] == int((q <= 0.05).sum()) > 10
    assert family.counts["worse"] < int((p <= 0.05).sum())
    assert family.counts["same"] == int((change == 0).sum())
    assert sum(family.counts.values()) == 200
    listed = {item.address: item.q for item in family.changes}
    expected = {f"layers.measures[net,features.{i},nonshiftability].value": q[i] for i in range(200) if change[i]}
    assert listed == pytest.approx(expected)
    assert [item.p for item in family.changes] == sorted(item.p for item in family.changes)


def test_noise_alone_is_rarely_called_a_change():
    rng = np.random.default_rng(5)
    deviation = 0.02 / stats.norm.ppf(0.975)
    found = 0
    for _ in range(40):
        before, after = 0.5 + rng.normal(0, deviation, (2, 100))
        found += bool(compare(report(layers(before.tolist())), report(layers(after.tolist()))).counts.get("worse"))
    assert found <= 5


def test_a_report_is_the_same_as_itself():
    made = compare(*[sample_reports.full(15)] * 2)
    assert made.comparable
    assert set(made.counts) == {"same"}
    assert [family.changes for part in made.parts for family in part.families if family.changes] == []
    assert "Nothing changed" in made.answer[0]


def test_turned_round_better_is_worse():
    a, b = (report(layers(values)) for values in ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]))
    there, back = compare(a, b), compare(b, a)
    assert (there.counts["better"], there.counts["worse"]) == (1, 1)
    for one_way, other in zip(there.parts[0].families, back.parts[0].families, strict=True):
        turned = {item.address: item for item in other.changes}
        for item in one_way.changes:
            assert turned[item.address].difference == pytest.approx(-item.difference)
            assert turned[item.address].q == pytest.approx(item.q)


def test_every_number_is_counted_or_named_as_being_in_one_report_only():
    a, b = pair(30)
    made = compare(a, b)
    of_a, of_b = numbers(a), numbers(b)
    (position,) = [part for part in made.parts if part.result == "position"]
    both = {key for key in of_a if key in of_b and key.startswith("position.")}
    counted = len(position.scalars) + sum(sum(family.counts.values()) for family in position.families)
    assert counted == len(both)
    assert position.only_a == ["position.classes[class 0029]"]
    assert position.only_b == []
    assert set(made.counts) <= set(STATUSES)


def test_what_a_scalar_says_is_not_said_again_by_a_table():
    def made(value):
        columns = {"model": ["a"], "consistency": [value], "consistency_low": [value - 0.01]}
        columns |= {"consistency_high": [value + 0.01], "parameters": [10]}
        item = scalar("consistency@a", value, better="higher")
        return report(result(scalars=[item], tables=[table("models", columns, row="model")]))

    (part,) = compare(made(0.9), made(0.8)).parts
    assert [item.status for item in part.scalars] == ["worse"]
    assert [family.name for family in part.families] == ["parameters"]


def test_a_column_of_which_scalars_say_a_part_is_kept_whole():
    def made(value):
        columns = {"model": ["a", "b"], "consistency": [value, value], "consistency_low": [value - 0.01] * 2}
        columns |= {"consistency_high": [value + 0.01] * 2}
        item = scalar("consistency@a", value, better="higher")
        return report(result(scalars=[item], tables=[table("models", columns, row="model")]))

    (family,) = compare(made(0.9), made(0.8)).parts[0].families
    assert family.counts == {"worse": 2}


def test_results_and_numbers_of_one_report_only_are_said():
    a = report(result(scalars=[scalar("x", 1.0), scalar("y", 1.0)]), result("lie", scalars=[scalar("z", 1.0)]))
    b = report(result(scalars=[scalar("x", 1.0)]), result("video", scalars=[scalar("z", 1.0)]))
    made = compare(a, b)
    assert (made.only_a, made.only_b) == (["lie"], ["video"])
    assert made.parts[0].only_a == ["shifts.y"]
    assert "Only A has the result lie and 1 number or row." in made.answer
    assert "Only B has the result video." in made.answer


def test_reports_with_nothing_in_common_say_so():
    a, b = report(result("lie", scalars=[scalar("x", 1.0)])), report(layers([0.1]), kind="layers")
    assert compare(a, b).answer == [
        "The two reports have no number in common.",
        "Only A has the result lie.",
        "Only B has the result layers.",
    ]


def test_time_is_not_compared():
    timed = [result("remedies", tables=[table("t", {"remedy": ["hold"], "seconds": [value]})]) for value in (1.0, 2.0)]
    assert compare(report(timed[0]), report(timed[1])).parts == []


def test_few_whole_numbers_are_listed_without_an_interval():
    def made(counts):
        columns = [column("code", [f"c{i}" for i in range(len(counts))]), column("count", counts)]
        return report(result("integrity", tables=[table("problems", columns)]))

    (family,) = compare(made([0, 4, 2]), made([0, 0, 2])).parts[0].families
    assert [(item.row, item.difference, item.status) for item in family.changes] == [("c1", -4.0, "unjudged")]
    (family,) = compare(made([1] * 51), made([2] * 51)).parts[0].families
    assert family.changes == []
    assert family.counts == {"unjudged": 51}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "dataset"}, "Different questions"),
        ({"provenance": origin(digest=OTHER)}, "Different data: the contents of boxes.parquet"),
        (
            {"provenance": origin(digest=OTHER, name="later.parquet")},
            "Different data: boxes.parquet in A, later.parquet in B.",
        ),
        (
            {"provenance": msgspec.structs.replace(origin(), input_count=7)},
            "Different data: 1 input file in A, 7 in B",
        ),
    ],
)
def test_reasons_of_incomparability(change, said):
    (reason,) = comparability(one(0.9), one(0.9, **change))
    assert reason.startswith(said)
    assert not compare(one(0.9), one(0.9, **change)).comparable


def test_inputs_that_are_not_listed_count_where_both_reports_know_them():
    a, b, old = (
        one(0.9, provenance=msgspec.structs.replace(origin(), input_count=70, others=x)) for x in ("a", "b", "")
    )
    assert comparability(a, b) == ["Different data: not all of the 70 input files are the same."]
    assert comparability(a, a) == comparability(a, old) == comparability(old, b) == []


def test_seed_name_time_and_batch_do_not_matter():
    a = report(result(batch=8, seed=0, grid="3x3"))
    b = report(result(batch=64, seed=5, grid="3x3"), provenance=origin(seed=5, name="copy.parquet"))
    assert comparability(a, b) == []


def test_the_batch_matters_where_networks_are_trained():
    a, b = (msgspec.structs.replace(report(result("copies", batch=n)), kind="augmentation") for n in (8, 64))
    assert comparability(a, b) == ["Different options: batch is 8 in A and 64 in B (copies)."]
    assert comparability(a, a) == []


def test_options_are_named_once_with_the_results_they_differ_in():
    a = report(result("shifts", grid="3x3"), result("lie", grid="3x3"), result("video", grid="9x9"))
    b = report(result("shifts", grid="5x5"), result("lie", grid="5x5"), result("video"))
    assert comparability(a, b, ("before", "after")) == [
        "Different options: grid is 3x3 in before and 5x5 in after (shifts, lie).",
        "Different options: grid is 9x9 in before and not set in after (video).",
    ]


def test_counts_of_the_data_are_no_reason_of_their_own_where_the_data_differ():
    a = report(result("position", images=10, bins=8))
    b = report(result("position", images=20, bins=8), provenance=origin(digest=OTHER))
    assert len(comparability(a, b)) == 1
    assert comparability(a, report(result("position", images=20, bins=8))) == [
        "Different options: images is 10 in A and 20 in B (position)."
    ]


def test_models_by_their_weights():
    a, b = report(models(x="1" * 64, y="2" * 64)), report(models(x="1" * 64, y="3" * 64, z="4" * 64))
    assert comparability(a, b) == [
        "Different models: z is in B only.",
        "Different models: the weights of y are not the same.",
    ]
    assert comparability(a, a) == []


def test_head_numbers_say_what_they_were_and_are():
    made = compare(one(0.95), one(0.85))
    (sentence,) = [item for item in made.answer if item.startswith("Consistency")]
    assert sentence.startswith("Consistency, a fell from 95.0\u202f% to 85.0\u202f% (\u221210.0 points, interval")
    assert sentence.endswith(": worse.")


def test_large_reports_and_those_of_models_compare():
    made = full(60)
    assert made.counts["changed"] > 5
    assert not made.reasons
    a = sample_layers.full()
    assert set(compare(a, a).counts) == {"same"}


def test_head_numbers_are_called_as_in_their_report_and_told_once():
    a, b = (one(value) for value in (0.9, 0.5))
    heads = [msgspec.structs.replace(item, title="Consistency, a on digits") for item in b.headline]
    made = compare(a, msgspec.structs.replace(b, headline=heads))
    assert [item.title for item in made.headline] == ["Consistency, a on digits"]
    assert summary(made).count("50.0%") == summary(compare(a, b)).count("50.0%")


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324])
def test_extreme_numbers_leave_no_infinity(value):
    made = compare(one(-value, 0.0), one(value, 1e307))
    (item,) = made.headline
    for number in (item.difference, item.interval and item.interval.low, item.interval and item.interval.high):
        assert number is None or math.isfinite(number)


def test_reports_that_measured_nothing_in_common_are_not_comparable():
    shifts, sizes, pictures = (result(kind, [scalar(f"{kind}@a", 0.5)]) for kind in ("shifts", "rescale", "images"))
    made = compare(report(shifts, pictures), report(sizes, pictures))
    assert made.reasons == ["Different measurements: shifts in A, rescale in B."]
    assert not made.comparable
    assert compare(report(shifts, sizes), report(sizes, pictures)).comparable
    assert compare(report(pictures), report(sizes, pictures)).comparable
    aside = result("lie", [scalar("lie@a", 0.5)])
    assert compare(report(shifts, aside), report(sizes, aside)).reasons == made.reasons
    assert compare(report(aside), report(aside)).comparable


def test_splits_named_by_a_number_are_those_of_reports_that_called_them_so():
    before, after = (report(result("splits", a=f"{said}0", b=f"{said}1"), kind="dataset") for said in ("", "split "))
    assert comparability(before, after) == []
    other = report(result("splits", a="split 0", b="split 2"), kind="dataset")
    assert comparability(before, other) == ["Different options: b is 1 in A and split 2 in B (splits)."]
    named, called = (report(result("splits", a=f"{said}x", b="y"), kind="dataset") for said in ("", "split "))
    assert comparability(named, called) == ["Different options: a is x in A and split x in B (splits)."]
