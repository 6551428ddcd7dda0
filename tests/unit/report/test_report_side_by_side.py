"""Models side by side: who leads, as far as intervals and floors can tell; floors and implementations turned."""

import pytest

from biasscope.core.results import Result
from biasscope.report.sections.resize import view as resize_view
from biasscope.report.sections.side_by_side import floors, lead, measures, overlap
from tests.unit.report import sample_invariance as sample

THIN = "\u202f"
TWO = sample.MODELS[:2]


def measured(*values, better="lower", metric="top1_change", width=0.01):
    return [
        {"model": name, "metric": metric, "value": value, "better": better}
        | {"low": None if value is None else value - width, "high": None if value is None else value + width}
        for name, value in zip("abcd", values, strict=False)
    ]


@pytest.mark.parametrize(
    ("found", "rank", "said"),
    [
        (measured(0.1), "", ""),
        (measured(None, None), "", ""),
        (measured(0.1, None), "", ""),
        (measured(0.1, 0.3), "leads", "a, intervals apart"),
        (measured(0.1, 0.3, better="higher"), "leads", "b, intervals apart"),
        (measured(0.1, 0.11, 0.3), "ahead", "a, but its interval overlaps b"),
        (measured(0.1, 0.11, 0.12), "ahead", "a, but its interval overlaps 2 others"),
        (measured(0.1, 0.1, 0.3), "", "2 are level"),
        (measured(0.1, 0.3, better=None), "", ""),
        ([row | {"low": None} for row in measured(0.1, 0.3)], "ahead", "a, not every interval is known"),
    ],
)
def test_who_leads(found, rank, said):
    assert lead(found, []) == (rank, said)


@pytest.mark.parametrize(
    ("metric", "values", "floor", "below"),
    [
        ("top1_change", (0.100, 0.104), {"changed": 0.005}, True),
        ("top1_change", (0.100, 0.106), {"changed": 0.005}, False),
        ("mean_absolute_change", (0.100, 0.104), {"changed": 0.5, "mean_absolute_change": 0.005}, True),
        ("mean_absolute_change", (0.100, 0.104), {"changed": 0.5, "mean_absolute_change": 0.001}, False),
        ("jaggedness", (0.100, 0.104), {"changed": 0.5}, False),
        ("top1_change", (0.100, 0.104), {"changed": None}, False),
    ],
)
def test_a_lead_below_the_floor_is_no_difference(metric, values, floor, below):
    others = {"changed": 0.9, "mean_absolute_change": 0.9}
    floor_rows = [{"model": "b", "floor": "batch layout"} | floor, {"model": "c", "floor": "batch layout"} | others]
    floor_rows += [{"model": "b", "floor": name} | others for name in ("bf16", "interpolation")]
    rank, said = lead(measured(*values, metric=metric), floor_rows)
    assert said.startswith("no difference") == below
    assert (rank == "") == below


def test_overlap_is_symmetric_and_touching_counts():
    one, two = {"low": 0.0, "high": 0.5}, {"low": 0.5, "high": 1.0}
    assert overlap(one, two)
    assert overlap(two, one)
    assert not overlap(one, {"low": 0.6, "high": 1.0})
    assert not overlap(one, {"low": None, "high": 1.0})


def test_measures_are_turned_models_as_columns():
    made = measures(sample.shifts(TWO))
    assert [item.title for item in made.fields] == ["Measure", *TWO, "Better"]
    given = sample.shifts(TWO).table("metrics")
    assert [row[0].text for row in made.rows] == list(dict.fromkeys(given["title"]))
    assert made.rows[0][0].below == " \N{MULTIPLICATION SIGN} ".join(
        ["crop window", "fixed original", "mean over pairs"]
    )
    for place, metric in enumerate(dict.fromkeys(given["metric"])):
        for column, model in enumerate(TWO, 1):
            naive = next(
                value
                for one, name, value in zip(given["model"], given["metric"], given["value"], strict=True)
                if (one, name) == (model, metric)
            )
            assert float(made.rows[place][column].sort) == pytest.approx(naive, rel=1e-5)
    assert [item.title for item in measures(sample.shifts(TWO[:1])).fields] == ["Measure", TWO[0]]


def test_the_leader_is_marked_only_where_it_can_be_told():
    found = measures(sample.shifts(TWO))
    for row in found.rows:
        ranks = {cell.rank for cell in row[1:-1]} - {""}
        assert ranks == (
            {"leads"} if "intervals apart" in row[-1].text else {"ahead"} if "overlaps" in row[-1].text else set()
        )


def test_floors_have_a_row_each_and_unknown_ones_a_dash():
    made = floors(sample.shifts(TWO))
    assert [[cell.text for cell in row] for row in made.rows] == [
        ["batch layout", f"0{THIN}%", f"0{THIN}%"],
        ["bf16", f"0.40{THIN}%", f"0.40{THIN}%"],
        ["interpolation", "\N{EN DASH}", "\N{EN DASH}"],
    ]
    assert made.rows[1][1].below == "mean 0.003"


def test_floors_say_what_they_are_where_it_is_the_same_for_all():
    found = [[model, "batch layout", 0.0, 1e-7, 9, "batches of 17 against 32"] for model in TWO]
    found += [[model, "bf16", 0.0, 1e-3, 9, f"autocast of {model}"] for model in TWO]
    table_of = sample.of_rows("floors", "model floor changed mean_absolute_change n detail", found)
    made = floors(Result("shifts", "", tables=[table_of]))
    assert [row[0].below for row in made.rows] == ["batches of 17 against 32", ""]


def test_units_are_said_where_the_number_does_not_show_them():
    found = [
        ["m", name, title, 2.0, unit]
        for name, title, unit in (
            ("smallest", "Smallest flipping shift", "px"),
            ("jag", "Jaggedness (changes an image)", "changes"),
            ("c", "C", "share"),
        )
    ]
    made = measures(Result("shifts", "", tables=[sample.of_rows("metrics", "model metric title value unit", found)]))
    assert [row[0].text for row in made.rows] == ["Smallest flipping shift (px)", "Jaggedness (changes an image)", "C"]


def test_implementations_have_a_row_each_and_two_columns_a_model():
    made = resize_view(sample.resize(TWO))["implementations"]
    heads = [item.title for item in made.fields]
    assert heads == ["Implementation", *(f"{what}, {m}" for m in TWO for what in ("Accuracy", "As with the reference"))]
    assert [cell.text for cell in made.rows[0]] == [
        "Pillow bilinear (reference)",
        *[f"90.0{THIN}%", f"95.0{THIN}%"] * 2,
    ]
    assert made.rows[5][0].text == "OpenCV area (not installed)"
    assert made.rows[0][1].below == f"88.0{THIN}% to 92.0{THIN}%"
