"""Published and measured numbers on the page and in the figure."""

import re

from biasscope.figures import FIGURES
from biasscope.figures.style import house
from biasscope.pipeline.file.expected import Expected
from biasscope.pipeline.file.measured import side_by_side
from biasscope.report.render import render, sections
from tests.unit.report import sample_expected
from tests.unit.report import sample_reports as sample

(RESULT,) = sample_expected.results()


def cells(page):
    (section,) = sections(page)
    grid = section.data["numbers"]
    return [field.name for field in grid.fields], [
        dict(zip((field.name for field in grid.fields), row, strict=True)) for row in grid.rows
    ]


def test_numbers_are_written_by_their_unit_with_grade_and_interval():
    _, rows = cells(sample.report([RESULT]))
    first, copies = rows[0], rows[3]
    assert (first["published"].text, first["published"].below) == ("6.2\N{NARROW NO-BREAK SPACE}%", "read in the paper")
    assert first["measured"].below.startswith("5.5")
    assert (first["difference"].text, first["tolerance"].text) == ("+0.9 points", "2.0 points")
    assert (copies["published"].text, copies["published"].below) == ("64.00", "second-hand")
    assert copies["difference"].text == "\N{MINUS SIGN}4.000"
    assert [row["verdict"].text for row in rows] == [
        "agrees",
        "differs",
        "for orientation",
        "for orientation",
        "not measured",
    ]


def test_columns_that_tell_nothing_are_left_out():
    names, _ = cells(sample.report([RESULT]))
    assert "source" in names  # one number has a source of its own
    alone = sample_expected.TOLD.numbers[:1]
    told = side_by_side(Expected(source="A paper, table 1", numbers=alone), sample.report([sample_expected.MEASURED]))
    assert "source" not in cells(sample.report([told]))[0]


def test_page_says_what_differs_and_escapes_names():
    html = render(sample.report([RESULT])).decode()
    assert "Other pictures." in html
    assert "1 of 2 published numbers that can be judged agree" in html
    assert "Consistency &lt;b&gt;" in html
    assert not re.search(r"<b>", html)


def test_figure_draws_the_numbers_of_the_commonest_unit():
    with house():
        figure = FIGURES.load("expected")(RESULT)
    (ax,) = figure.axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in dots] == [0.071, 0.80, 0.85]
    assert [line.get_xdata()[0] for line in diamonds] == [0.062, 0.885, 0.9]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["P(change)", "Consistency", "Consistency <b>"]


def test_a_page_shows_the_figures_that_the_report_names():
    full = [sample.position(sample.names(12)), RESULT]
    everything = {key for section in sections(sample.report(full)) for key in section.figures}
    assert {"expected", "map-raw", "map-feasible"} <= everything
    some = sections(sample.report(full, figures=["map-raw", "expected"]))
    assert {key for section in some for key in section.figures} == {"map-raw", "expected"}
    render(sample.report(full, figures=["map-raw"]))
