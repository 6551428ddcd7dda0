"""Sections of the question of upsampling: pictures, figures and grids, missing parts and hostile names."""

import pytest

from biasscope.core.results import Result
from biasscope.core.results import table as tabled
from biasscope.figures.frame import rows
from biasscope.figures.upsampling.maps import chosen, marks, overlaps, plane, standing
from biasscope.figures.upsampling.strength import peaks
from biasscope.pipeline.common.rows import tabled as of_rows
from biasscope.report.render import render, sections
from biasscope.report.text import summary
from tests.unit.report import sample_upsampling as sample
from tests.unit.report.page import Page
from tests.unit.report.sample_reports import empty_tables, hollow, report

FIGURES = {
    "patterns": {"spectra", "peaks"},
    "overlap": {"overlaps"},
    "remedies": {"single", "remedies"},
    "gradients": {"energies"},
    "weights": {"scores"},
    "coverage": {"coverage", "knee", "phases"},
}


@pytest.mark.parametrize("kind", sample.KINDS)
def test_every_section_has_its_figures_and_its_grid(kind):
    (section,) = sections(report([sample.one(kind)]))
    assert set(section.figures) == FIGURES[kind]
    assert section.data["grid"].rows
    assert Page(render(report([sample.one(kind)]))).unbalanced == []


def test_pictures_come_before_tables():
    html = render(report([sample.one("patterns"), sample.one("remedies")])).decode()
    for kind in ("patterns", "remedies"):
        part = html[html.index(f'<section id="{kind}"') :]
        assert part.index("<img") < part.index("<figure") < part.index('class="data"')


def test_overlap_maps_are_the_uneven_layers_the_stack_and_the_gradient():
    found = chosen(rows(sample.one("overlap"), "layers"))
    assert [(row["layer"], row["direction"], row["scope"]) for row in found] == [
        ("2", "forward", "alone"),
        ("output", "forward", "all before it"),
        ("0", "backward", "strided layers together"),
    ]
    even = [{**row, "uniform": row["uniform"] or row["direction"] == "backward"} for row in found]
    assert chosen(even) == even[:2]
    assert sorted(plane(found[0]).ravel().tolist()) == [1, 2, 2, 4]


def test_even_models_are_left_out_where_another_is_not():
    found = rows(sample.one("overlap"), "layers")
    even = [{**row, "model": "even", "uniform": True} for row in found]

    def made(uneven: list[dict]) -> list[str]:
        both = [*({**row, "model": "uneven"} for row in uneven), *even]
        columns = {key: [row[key] for row in both] for key in both[0]}
        return list(overlaps(Result("overlap", "", tables=[tabled("layers", columns)])))

    assert made(found) == ["uneven"]
    assert made([{**row, "uniform": True} for row in found]) == ["uneven", "even"]


def test_both_gradients_are_shown_where_they_differ_and_even_layers_are_not():
    def row(layer: str, direction: str, scope: str, counts: str, uniform: bool) -> dict:
        return {"layer": layer, "direction": direction, "scope": scope, "counts": counts, "uniform": uniform}

    found = [
        row("up", "forward", "alone", "1, 1", True), row("output", "forward", "all before it", "1, 1", True),
        row("0", "backward", "strided layers together", "2, 1", False),
        row("0", "backward", "with the layers between", "5, 4", False),
    ]  # fmt: skip
    assert chosen(found) == found[1:]


def test_peaks_that_stand_out_are_those_whose_interval_does():
    for role in rows(sample.one("patterns"), "spectra"):
        known = {
            pair
            for pair, low in zip(zip(role["peak_x"], role["peak_y"], strict=True), role["peak_low"], strict=True)
            if low is not None and low > 0
        }
        assert set(standing(role)) == known
        assert set(marks(role)) == set(zip(role["peak_x"], role["peak_y"], strict=True))


def test_layers_that_leave_nothing_at_their_frequencies_do_not_stretch_the_axis():
    cells = [
        {"model": "net", "layer": "nearest", "decibels": -300.0, "decibels_low": -300.0, "decibels_high": -299.0},
        {"model": "net", "layer": "output", "decibels": 4.0, "decibels_low": 3.0, "decibels_high": 5.0, "own": 6.0},
    ]
    result = Result("patterns", "", tables=[of_rows("patterns", cells, "", "layer")])
    (axes,) = peaks(result)["net"].axes
    low, high = axes.get_xlim()
    assert -50 < low < -40
    assert 6 < high < 10
    assert -40 in [x for line in axes.lines for x in line.get_xdata()]


def test_stride_frequencies_are_marked_once():
    assert sorted(marks({"period_y": 4, "period_x": 1})) == [(0, -0.5), (0, -0.25), (0, 0.25)]
    assert len(marks({"period_y": 2, "period_x": 2})) == 3


@pytest.mark.parametrize("kind", sample.KINDS)
@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "", "日本 {{ 7*7 }}"])
def test_hostile_names_are_text(kind, name):
    html = render(report([sample.called(sample.one(kind), name)]))
    assert Page(html).unbalanced == []
    assert html.count(b"<script") == 1


@pytest.mark.parametrize("kind", sample.KINDS)
def test_missing_tables_rows_and_numbers_are_tolerated(kind):
    whole = sample.one(kind)
    for item in (Result(kind, "Nothing."), empty_tables(whole), hollow(whole)):
        assert Page(render(report([item], kind="upsampling"))).unbalanced == []
        assert summary(report([item], kind="upsampling"))
    for table in whole.tables:
        alone = Result(kind, "", tables=[table])
        assert Page(render(report([alone], kind="upsampling"))).unbalanced == []


def test_without_upsampling_the_maps_are_those_of_the_gradient():
    found = [{"direction": "backward", "scope": "alone", "layer": "conv1", "uniform": False}]
    assert chosen(found) == found


def test_copies_are_written_as_numbers():
    html = render(report([sample.one("coverage")])).decode()
    assert "mathdefault" not in html
    assert ">4,096</text>" in html
