"""The page of question 4: complete, well-formed, hollow results tolerated."""

import msgspec
import pytest

from biasscope.figures import FIGURES, frame, of_kind
from biasscope.pipeline.augmentation.delivered import transforms
from biasscope.report.model import decode, encode
from biasscope.report.render import render
from tests.unit.report import sample_augmentation as sample
from tests.unit.report.page import Page
from tests.unit.report.sample_reports import HOSTILE, empty_tables, hollow, report


@pytest.fixture(scope="module")
def full():
    two = [sample.study(model=name, alone=False) for name in ("small:4", "small:8")]
    return report([sample.copies(*two), transforms([], (16, 16), [8], 0)], kind="augmentation")


def test_well_formed_and_the_same_from_the_file(full):
    html = render(full)
    page = Page(html)
    assert page.unbalanced == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert render(decode(encode(full))) == html
    found = [item["id"] for item in page.all("section")]
    assert found == ["top", "copies", "transforms", "provenance"]
    assert all(len(text) > 60 for text in page.texts["figcaption"])


def test_every_figure_is_drawn_a_panel_a_model(full):
    assert set(FIGURES.load("copies-consistency")(full.results[0])) == {"small:4", "small:8", ""}
    mine = set(of_kind("copies")) - {"copies-products"}
    assert all(FIGURES.load(name)(full.results[0]) is not None for name in mine)
    phases = FIGURES.load("transforms-phases")(full.results[1])
    assert list(phases) == ["s = 8", ""]
    assert len(phases["s = 8"].axes[0].lines) == 2


def test_two_transformations_at_once_have_a_map_and_tables():
    found = sample.products()
    drawn = FIGURES.load("copies-products")(found)
    ax = drawn["plain"].axes[0]
    assert ([label.get_text() for label in ax.get_xticklabels()], ax.get_xlabel()) == (
        ["1", "2", "4"],
        "shifts of each image",
    )
    assert len(ax.texts) == 9
    page = Page(render(report([found], kind="augmentation")))
    assert page.unbalanced == []
    assert {"Rotations alone", "Both / product", "What counts"} <= set(page.texts["th"])


def test_versions_outside_have_hollow_marks(full):
    knee = FIGURES.load("copies-knee")(full.results[0])["small:4 plain"].axes[0]
    faces = [line.get_markerfacecolor() for line in knee.lines if line.get_marker() != "None"]
    assert len(faces) == 6
    assert faces[1] == faces[3] != faces[0]


def test_residuals_are_drawn_in_points(full):
    lines = FIGURES.load("copies-residuals")(full.results[0])["small:8"].axes[0].lines
    rows = [row for row in frame.rows(full.results[0], "residuals") if row["variant"] == "small:8 plain"]
    mine = [row["residual"] * 100 for row in rows if (row["metric"], row["region"]) == ("consistency", "inside")]
    assert list(lines[1].get_ydata()) == pytest.approx(mine)


def test_the_target_and_the_argument_are_marked(full):
    axes = FIGURES.load("copies-consistency")(full.results[0])["small:8"].axes[0]
    assert [text.get_text() for text in axes.texts] == ["s² = 64"]
    levels = [list(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert [0.9, 0.9] in levels


@pytest.mark.parametrize("change", [hollow, empty_tables])
def test_missing_things_are_tolerated(full, change):
    results = [change(item) for item in full.results]
    page = Page(render(report(results, kind="augmentation")))
    assert page.unbalanced == []


def test_hostile_names_are_escaped(full):
    study = sample.study(model=HOSTILE[0], alone=False)
    html = render(report([sample.copies(study)], kind="augmentation"))
    assert b"<script>alert" not in html
    assert msgspec.json.decode(encode(full))["kind"] == "augmentation"
