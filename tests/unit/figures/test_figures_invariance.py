"""Maps, rasters, traces and the Pareto figure, checked against plain loops over the numbers they show."""

import re
from itertools import pairwise

import numpy as np
import pytest

from biasscope.core.results import Result, column, table
from biasscope.figures import FIGURES, offsets, raster, traces
from biasscope.figures.frame import rows
from biasscope.figures.style import PAPER, house, low_end
from biasscope.figures.svg import svg
from tests.unit.report import sample_invariance as sample
from tests.unit.report.sample_reports import HOSTILE

TWO = sample.MODELS[:2]


def draw(name, result):
    with house():
        return FIGURES.load(name)(result)


def of(kind, name, columns, found):
    return Result(kind, "", tables=[sample.of_rows(name, columns, found)])


def cells(figure):
    return np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)


def test_maps_hold_the_table_with_the_first_row_on_top():
    result = sample.shifts(TWO)
    panels = draw("shift-map", result)
    assert list(panels) == [*TWO, ""]
    found = rows(result, "map")
    for model in TWO:
        ax = panels[model].axes[0]
        naive = np.full((9, 9), np.nan)
        for row in found:
            if row["model"] == model:
                naive[row["dy"] + 4, row["dx"] + 4] = row["agreement"]
        np.testing.assert_array_equal(cells(panels[model]), naive)
        assert ax.get_ylim()[0] > ax.get_ylim()[1]
        assert [list(line.get_xydata()[0]) for line in ax.lines] == [[4, 4]]  # the cross is the reference
        written = {text.get_position(): float(text.get_text()) for text in ax.texts}
        assert len(written) == 80
        for (x, y), shown in written.items():
            assert shown == pytest.approx(naive[y, x] * 100, abs=0.5)


def test_maps_have_one_scale_and_a_key_to_it():
    result = sample.shifts(TWO)
    panels = draw("shift-map", result)
    scales = {panel.axes[0].images[0].get_clim() for name, panel in panels.items() if name}
    low = low_end([row["agreement"] for row in rows(result, "map")])
    assert scales == {(low, 1.0)}
    assert panels[""].axes[0].get_xlim() == (low, 1.0)
    assert low <= min(row["agreement"] for row in rows(result, "map")) < low + 0.05


def test_shifts_that_were_not_measured_are_told_from_perfect_ones():
    found = [["m", dy, dx, None if (dy, dx) == (1, 1) else 1.0] for dy in (0, 1) for dx in (0, 1)]
    figure = draw("shift-map", of("shifts", "map", "model dy dx agreement", [*found, ["m", 2, 1, 0.5]]))["m"]
    image = figure.axes[0].images[0]
    colours = image.cmap(image.norm(image.get_array()))
    assert np.isnan(cells(figure)).tolist() == [[False, False], [False, True], [True, False]]
    assert colours[0, 0, 3] == 0  # all agree: the paper shows
    assert colours[1, 1].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.22])


@pytest.mark.parametrize(
    ("grid", "directions"),
    [("plane", []), ("large", []), ("axes", ["horizontal", "vertical"]), ("diagonal", ["diagonal"])],
)
def test_straight_shifts_are_paths_and_others_maps(grid, directions):
    result = sample.shifts(TWO, grid=grid)
    assert list(offsets.paths(offsets.shifted(result))) == directions
    paths, maps = draw("shift-path", result), draw("shift-map", result)
    assert (paths is None) == (not directions)
    assert (maps is None) == bool(directions)


@pytest.mark.parametrize(
    ("places", "directions"),
    [
        ([(0, 0)], ["horizontal"]),
        ([(3, 1), (3, 2)], ["horizontal"]),
        ([(0, 5), (1, 5)], ["vertical"]),
        ([(-1, 1), (1, -1)], ["rising diagonal"]),
        ([(0.5, 0.5), (0.25, 0.25)], ["diagonal"]),
        ([(0, 1), (1, 2)], []),
    ],
)
def test_directions(places, directions):
    assert list(offsets.paths([{"dy": dy, "dx": dx} for dy, dx in places])) == directions


def test_paths_hold_the_table():
    result = sample.shifts(TWO, grid="axes")
    panels = draw("shift-path", result)
    assert list(panels) == ["horizontal", "vertical", ""]
    for direction, key, other in (("horizontal", "dx", "dy"), ("vertical", "dy", "dx")):
        for model, line in zip(TWO, panels[direction].axes[0].lines, strict=True):
            kept = [row for row in rows(result, "map") if row["model"] == model and row[other] == 0]
            naive = sorted((row[key], row["agreement"]) for row in kept)
            assert [tuple(point) for point in line.get_xydata()] == naive


def test_percentages_at_ticks_are_those_of_the_ticks():
    panels = draw("shift-path", sample.shifts(TWO, grid="diagonal"))
    axis = panels["diagonal"].axes[0].yaxis
    for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
        assert float(label.get_text().rstrip(" %")) == pytest.approx(place * 100)


def test_raster_holds_the_cells_light_for_right():
    result = sample.shifts(TWO, images=30)
    panels = draw("raster", result)
    for row in rows(result, "raster"):
        drawn = cells(panels[row["model"]])
        naive = [row["cells"][place * 81 : (place + 1) * 81] for place in range(30)]
        assert drawn.tolist() == naive
        image = panels[row["model"]].axes[0].images[0]
        wrong, right = image.cmap([0.0, 1.0])[:, :3].mean(1)
        assert right - wrong > 0.7
        assert panels[row["model"]].axes[0].get_ylim()[0] > 0  # the first row is on top


def test_raster_of_many_pictures_is_thinned_and_says_so():
    cells_of_all = [int(place < 700) for place in range(1000) for _ in range(4)]
    figure = draw("raster", of("shifts", "raster", "model images shifts cells", [["m", 1000, 4, cells_of_all]]))["m"]
    assert cells(figure).tolist() == [[int(place < 700)] * 4 for place in range(0, 1000, 3)]
    assert "1 in 3 drawn" in figure.axes[0].get_ylabel()
    assert "70.0\u202f%" in figure.axes[0].get_title(loc="right")


@pytest.mark.parametrize("row", [(2, 2, [1, 0, 1]), (None, 2, [1]), (2, 2, None), (0, 3, [])])
def test_raster_that_does_not_fit_is_not_drawn(row):
    assert raster.cells(dict(zip(("images", "shifts", "cells"), row, strict=True))) is None


def test_pareto_has_every_model_its_intervals_and_its_family():
    result = sample.shifts()
    ax = draw("pareto", result).axes[0]
    found = rows(result, "models")
    dots = [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xydata()) == 1]
    assert dots == [(row["consistency"], row["accuracy"]) for row in found]
    pairs = [line.get_xydata().tolist() for line in ax.lines if len(line.get_xydata()) == 2]
    base = [found[0]["consistency"], found[0]["accuracy"]]
    assert pairs[:4] == [[base, [row["consistency"], row["accuracy"]]] for row in found[1:]]
    for row, across, up in zip(found, pairs[4::2], pairs[5::2], strict=True):
        assert [point[0] for point in across] == [row["consistency_low"], row["consistency_high"]]
        assert [point[1] for point in up] == [row["accuracy_low"], row["accuracy_high"]]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert all(left < x < right and low < y < high for pair in pairs for x, y in pair)


def test_without_labels_models_are_ranked_by_consistency_alone():
    result = sample.shifts(labelled=False)
    assert draw("pareto", result) is None
    ax = draw("consistencies", result).axes[0]
    dots = [line.get_xydata()[0][0] for line in ax.lines if len(line.get_xydata()) == 1]
    assert dots == [row["consistency"] for row in rows(result, "models")]
    assert draw("consistencies", sample.shifts()) is None


@pytest.mark.parametrize("labelled", [True, False])
def test_traces_hold_the_probabilities_and_mark_the_wrong_answers(labelled):
    result = sample.shifts(TWO, labelled=labelled)
    panels = draw("shift-traces", result)
    found = rows(result, "traces")
    assert list(panels) == ["scene 000", "scene 001", "scene 002", ""]
    for image in list(panels)[:-1]:
        lines = panels[image].axes[0].lines
        for place, model in enumerate(TWO):
            kept = [row for row in found if (row["model"], row["image_id"]) == (model, image)]
            line, filled, hollow = lines[3 * place : 3 * place + 3]
            shown = [row["p_true" if labelled else "p_reference"] for row in kept]
            assert line.get_ydata().tolist() == shown
            wrong = [row["step"] for row in kept if row["right"] is False]
            if not labelled:
                wrong = [b["step"] for a, b in pairwise(kept) if a["answer"] != b["answer"]]
            assert list(hollow.get_xdata()) == wrong
            assert sorted([*filled.get_xdata(), *hollow.get_xdata()]) == list(range(16))
            assert hollow.get_markerfacecolor() == PAPER


def test_no_more_than_six_pictures_are_traced():
    found = [["m", f"i{image}", step, 0.5] for image in range(9) for step in range(3)]
    panels = draw("shift-traces", of("shifts", "traces", "model image_id step p_true", found))
    assert len(panels) == traces.MOST == 6


def test_video_traces_are_of_the_first_answer():
    result = sample.video(TWO)
    panels = draw("video-traces", result)
    kept = [row["p_first"] for row in rows(result, "traces") if (row["clip"], row["model"]) == ("scene 001", TWO[1])]
    assert panels["scene 001"].axes[0].lines[3].get_ydata().tolist() == kept


def test_a_map_and_a_raster_of_thousands_of_cells_are_small():
    with house():
        large = FIGURES.load("shift-map")(sample.shifts(TWO[:1], grid="large", images=4))[TWO[0]]
        dense = FIGURES.load("raster")(sample.shifts(TWO[:1], grid="plane", images=400))[TWO[0]]
    assert len(svg(large, "a", "t", "d")) < 20_000
    assert len(svg(dense, "a", "t", "d")) < 25_000


@pytest.mark.parametrize("name", [name for name, entry in FIGURES.items() if entry.facts["kinds"][0] in sample.KINDS])
def test_hostile_names_stay_text(name):
    for result in sample.results(HOSTILE[:6]):
        if result.kind not in FIGURES[name].facts["kinds"] or not (drawn := draw(name, result)):
            continue
        for one in drawn.values() if isinstance(drawn, dict) else [drawn]:
            written = svg(one, "a-", "t", "d")
            assert not re.search(r"<script|<img|\x07|\x1b", written)


def test_every_model_is_told_from_the_others_without_colour():
    made = of("shifts", "map", "model dy dx agreement", [[f"m{i}", 0, dx, 0.9] for i in range(20) for dx in range(3)])
    lines = draw("shift-path", made)["horizontal"].axes[0].lines
    assert len({(line.get_marker(), str(line.get_linestyle()), line.get_color()) for line in lines}) == 20
    assert len({line.get_marker() for line in lines[:6]}) == 6


def test_undefined_cells_of_a_raster_count_as_wrong():
    made = Result("shifts", "", tables=[table("raster", [column("images", [1]), column("cells", [[1, 0]])])])
    assert draw("raster", made) is None


@pytest.mark.parametrize(("step", "whole"), [(1, True), (0.5, False)])
def test_whole_shifts_are_labelled_as_such_and_no_marker_lies_on_the_axis(step, whole):
    lines = [["m", place * step, place * step, 0.9 if place else 1.0] for place in range(3)]
    ax = draw("shift-path", of("shifts", "map", "model dy dx agreement", lines))["diagonal"].axes[0]
    assert all(float(tick).is_integer() for tick in ax.get_xticks()) == whole
    low, high = ax.get_ylim()
    assert low < 0.9 < 1 < high
