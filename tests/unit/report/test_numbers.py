"""Addresses of numbers: which numbers a report has, what they are called, and which ones a pattern means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.results import Column, Interval, Scalar, Table, column, table
from biasscope.report.numbers import matching, nearest, numbers
from biasscope.report.numbers.cells import measured
from biasscope.report.numbers.rows import facets, key_columns, noun, row_keys
from tests.unit.report import sample_reports
from tests.unit.report.sample_comparison import layers, report, result, scalar


def of(*results):
    return numbers(report(*results))


def test_every_scalar_and_every_measured_cell_has_one_address():
    full = sample_reports.full(12)
    found = numbers(full)
    scalars = sum(len(item.scalars) for item in full.results)
    cells = sum(
        len(each) * one.height for item in full.results for one in item.tables if one.height for each in [measured(one)]
    )
    assert len(found) == scalars + cells > 500
    assert all(address == item.address for address, item in found.items())
    assert found["position.pooled_effect"].interval == full.result("position").scalar("pooled_effect").interval


def test_second_result_of_a_kind_is_numbered():
    found = of(
        result(scalars=[scalar("x", 1.0)]), result(scalars=[scalar("x", 2.0)]), result(scalars=[scalar("x", 3.0)])
    )
    assert {key: item.value for key, item in found.items()} == {"shifts.x": 1.0, "shifts#2.x": 2.0, "shifts#3.x": 3.0}


NAMES = ["shifts.a@net", "shifts.a@net (antialias)", "shifts#2.a@net", "shifts#11.a@net", "shifts#2.b", "other.a@net"]


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("shifts.a@*", [0, 1, 2, 3]),
        ("shifts.a@ne?", [0, 2, 3]),
        ("shifts#1.a@*", [0, 1]),
        ("shifts#2.*", [2, 4]),
        ("shifts*.a@*", [0, 1, 2, 3]),
        ("*.a@net", [0, 2, 3, 5]),
        ("shifts.a@net", [0]),
        ("shifts#1.a@net", [0]),
        ("shifts#2.a@net", [2]),
        ("shifts#1.b", []),
    ],
)
def test_wildcards_mean_every_result_of_a_kind_unless_one_is_named(pattern, places):
    assert matching(pattern, NAMES) == [NAMES[place] for place in places]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_undefined_as_it_is_in_the_file(wrong):
    ends = Scalar("y", 0.5, interval=Interval(0.4, wrong))
    cells = Table("t", [Column("label", "text", ["a"]), Column("z", "number", [wrong])])
    found = of(result(scalars=[Scalar("x", wrong), ends], tables=[cells]))
    assert [(item.value, item.interval) for item in found.values()] == [(None, None), (0.5, None), (None, None)]


def test_cell_takes_interval_unit_title_and_direction_from_its_row():
    found = of(layers([0.1, 0.4]))
    item = found["layers.measures[net,features.1,nonshiftability].value"]
    assert item.interval == Interval(0.38, 0.42000000000000004)
    assert (item.title, item.unit, item.better, item.n) == ("Nonshiftability", "share", "lower", 100)
    assert (item.facet, item.row, item.noun) == ("nonshiftability", "net, features.1", "layer")
    assert found["layers.measures[net,features.1,nonshiftability].depth"].better is None


def test_interval_of_a_column_is_beside_it_under_its_name():
    columns = {"label": ["a", "b"], "effect": [0.2, None], "effect_low": [0.1, None], "effect_high": [0.3, None]}
    found = of(result("position", tables=[table("classes", columns, row="class")], level=0.9))
    assert found["position.classes[a].effect"].interval == Interval(0.1, 0.3, 0.9)
    assert found["position.classes[b].effect"].value is None
    assert found["position.classes[b].effect"].interval is None
    assert list(found) == ["position.classes[a].effect", "position.classes[b].effect"]


def test_pictures_that_a_column_was_counted_on_are_beside_it_under_its_name():
    columns = {"angle": [5.0], "agreement": [0.8], "accuracy": [0.5], "n": [9], "accuracy_pictures": [4]}
    found = of(result("rotation", tables=[table("curve", columns, row="angle")]))
    assert {key.rpartition(".")[2]: item.n for key, item in found.items()} == {"agreement": 9, "accuracy": 4}


def test_low_and_high_without_a_number_before_them_are_places_of_bins():
    one = table("bins", {"low": [0.0, 0.5], "high": [0.5, 1.0], "pooled": [3, 4]})
    assert [item.name for item, _ in measured(one)] == ["high", "pooled"]
    assert row_keys(one) == ["0", "0.5"]


def test_cell_has_the_direction_of_the_scalar_of_its_name():
    columns = {"model": ["a"], "accuracy": [0.9], "size": [32.0], "loss": [1.0]}
    one = table("models", columns)
    own = of(result(scalars=[scalar("accuracy@a", 0.9, better="higher")], tables=[one]))
    assert own["shifts.models[a,32].accuracy"].better == "higher"
    assert own["shifts.models[a,32].loss"].better is None
    elsewhere = of(result("lie", tables=[one]), result(scalars=[scalar("accuracy@b", 0.9, better="higher")]))
    assert elsewhere["lie.models[a,32].accuracy"].better == "higher"


def test_a_scalar_without_direction_speaks_for_its_own_result():
    one = table("features", {"feature": ["all"], "accuracy": [0.2]})
    leakage = result("leakage", scalars=[scalar("accuracy", 0.2)], tables=[one])
    shifts = result(scalars=[scalar("accuracy@a", 0.9, better="higher")])
    assert of(leakage, shifts)["leakage.features[all].accuracy"].better is None


def test_rows_with_one_key_are_numbered():
    assert row_keys(table("t", {"label": ["a", "a", "b", "a"], "x": [1, 2, 3, 4]})) == ["a", "a#2", "b", "a#3"]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"model": ["a"], "layer": ["b"], "method": ["graph"], "value": [1.0]}, ["model", "layer"]),
        ({"model": ["a"], "method": ["gradcam"], "measure": ["iou"], "value": [1.0]}, ["model", "method", "measure"]),
        ({"image_id": ["a"], "label": ["cat"], "flips": [3]}, ["image_id"]),
        ({"model": ["a"], "remedy": ["hold"], "step": [0.5]}, ["model", "remedy"]),
        ({"model": ["a"], "angle": [-5.0], "agreement": [0.5]}, ["model", "angle"]),
        ({"variant": ["a"], "n": [4], "metric": ["accuracy"], "value": [0.5]}, ["variant", "n", "metric"]),
        ({"model": ["a"], "variant": ["b"], "family": ["c"], "value": [0.5], "n": [4]}, ["model"]),
        ({"variant": ["a"], "n": [4.5], "n_low": [4.0], "n_high": [5.0]}, ["variant"]),
        ({"what": ["a"], "value": [1.0]}, ["what"]),
        ({"low": [1.0], "value": [1.0]}, ["low"]),
    ],
)
def test_columns_that_name_a_row(columns, names):
    assert [item.name for item in key_columns(table("t", columns))] == names


def test_a_table_of_measures_alone_is_about_measures():
    one = table("pooled", {"measure": ["effect", "correlation"], "raw": [0.1, 0.2]}, row="measure")
    assert facets(one) == (["", ""], ["effect", "correlation"])
    assert noun(one) == "measure"


def test_number_of_copies_that_is_needed_is_a_number_and_given_copies_are_none():
    needed = table("needed", {"variant": ["a"], "n": [4.5], "n_low": [4.0], "n_high": [5.0]})
    curve = table("curves", {"variant": ["a", "a"], "n": [1, 2], "value": [0.5, 0.6]})
    found = of(result("copies", tables=[needed, curve]))
    assert found["copies.needed[a].n"].interval == Interval(4.0, 5.0)
    assert [item.n for item in found.values()] == [None] * 3
    assert list(found)[1:] == ["copies.curves[a,1].value", "copies.curves[a,2].value"]


def test_empty_tables_and_columns_of_text_have_no_numbers():
    empty = table("t", {"label": [], "value": []})
    words = table("u", {"label": ["a"], "verdict": ["yes"], "right": [True], "map": [[1.0, 2.0]]})
    assert of(result(tables=[empty, words])) == {}


def test_boolean_in_a_column_of_numbers_is_a_number_of_it():
    assert measured(table("t", [column("label", ["a"]), column("x", [None])]))[0][0].name == "x"


@given(st.text(), st.lists(st.text(), max_size=5))
def test_a_name_means_itself_whatever_it_is(name, others):
    assert matching(name, [*others, name]) == [name]


@given(
    st.lists(st.text(alphabet="ab.[]*?(", max_size=6), max_size=6, unique=True),
    st.text(alphabet="ab.[]*?(", max_size=5),
)
def test_wildcards_match_as_a_naive_loop_does(names, pattern):
    def same(text, wanted):
        if not wanted:
            return not text
        if wanted[0] == "*":
            return same(text, wanted[1:]) or bool(text and same(text[1:], wanted))
        return bool(text) and wanted[0] in ("?", text[0]) and same(text[1:], wanted[1:])

    wild = {"*", "?"} & set(pattern)
    expected = [pattern] if pattern in names else [name for name in names if wild and same(name, pattern)]
    assert matching(pattern, names) == expected


def test_nearest_is_of_the_same_sort():
    names = ["position.effect", "position.classes[a].effect"]
    assert nearest("position.classes[b].effect", names) == "position.classes[a].effect"
    assert nearest("position.efect", names) == "position.effect"
    assert nearest("something else", names) == ""
