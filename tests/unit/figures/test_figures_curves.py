"""Curves, matrices, Lie derivatives and published figures, checked against plain loops over the numbers they show."""

import numpy as np
import pytest

from biasscope.core.results import Result
from biasscope.figures import FIGURES, agreement
from biasscope.figures.frame import rows
from biasscope.figures.style import house
from biasscope.report.render import HUGE, render
from tests.unit.report import sample_invariance as sample
from tests.unit.report.sample_reports import report

TWO = sample.MODELS[:2]


def draw(name, result):
    with house():
        return FIGURES.load(name)(result)


def of(kind, name, columns, found):
    return Result(kind, "", tables=[sample.of_rows(name, columns, found)])


def cells(figure):
    return np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)


@pytest.mark.parametrize(
    ("name", "result", "axis", "field"),
    [
        ("rescale-top1", sample.rescale(TWO), "share", "top1"),
        ("rescale-agreement", sample.rescale(TWO), "share", "agreement"),
        ("rotation-agreement", sample.rotation(TWO), "angle", "agreement"),
        ("rotation-accuracy", sample.rotation(TWO), "angle", "accuracy"),
    ],
)
def test_curves_hold_the_table_and_its_intervals(name, result, axis, field):
    ax = draw(name, result).axes[0]
    for place, model in enumerate(TWO):
        kept = [row for row in rows(result, "curve") if row["model"] == model]
        assert ax.lines[place].get_xydata().tolist() == [[row[axis], row[field]] for row in kept]
        if f"{field}_low" in kept[0]:
            outline = ax.collections[place].get_paths()[0].vertices.tolist()
            for row in kept:
                assert [row[axis], row[f"{field}_low"]] in outline
                assert [row[axis], row[f"{field}_high"]] in outline


def test_published_series_stand_at_their_share_of_a_frame_of_224_and_digitised_ones_are_faint():
    result = sample.rescale(TWO)
    ax = draw("rescale-top5", result).axes[0]
    by_label = {line.get_label(): line for line in ax.lines}
    assert by_label["humans [D]"].get_xydata().tolist() == [[100 / 224, 0.85]]
    assert by_label["VGG16 [D]"].get_ydata().tolist() == [0.10, 0.38, 0.65, 0.81]
    assert by_label["VGG16 [D]"].get_alpha() < 1
    assert by_label[TWO[0]].get_ydata().tolist() == [r["top5"] for r in rows(result, "curve") if r["model"] == TWO[0]]


def test_published_points_may_bring_their_own_share_of_the_frame():
    curve = sample.of_rows("curve", "model size share top5", [["m", 10, 0.5, 0.2]])
    other = sample.of_rows("published", "series size share top5 grade", [["humans", 100, 0.4, 0.85, "P"]])
    ax = draw("rescale-top5", Result("rescale", "", tables=[curve, other])).axes[0]
    assert ax.lines[0].get_xydata().tolist() == [[0.4, 0.85]]
    assert ax.lines[0].get_alpha() == 1


def test_sizes_in_pixels_when_the_frame_is_unknown():
    made = of("rescale", "curve", "model size share top1", [["m", 10, None, 0.2], ["m", 20, 0.5, 0.4]])
    ax = draw("rescale-top1", made).axes[0]
    assert ax.lines[0].get_xdata().tolist() == [10, 20]
    assert "px" in ax.get_xlabel()


def test_agreement_of_implementations_is_symmetric_and_as_in_the_table():
    result = sample.resize(TWO)
    panels = draw("resize-agreement", result)
    names = list(dict.fromkeys(row["name"] for row in rows(result, "implementations")))
    for model in TWO:
        plane = cells(panels[model])
        np.testing.assert_array_equal(plane, plane.T)
        np.testing.assert_array_equal(np.diag(plane), 1)
        for row in rows(result, "agreement"):
            if row["model"] == model:
                assert plane[names.index(row["a"]), names.index(row["b"])] == row["agreement"]
        labels = [text.get_text() for text in panels[model].axes[0].get_yticklabels()]
        assert labels == list(dict.fromkeys(row["title"] for row in rows(result, "implementations")))


def test_pairs_that_were_not_measured_stay_open():
    found = [{"a": "x", "b": "y", "agreement": 0.5}]
    np.testing.assert_array_equal(
        agreement.square(found, ["x", "y", "z"]), [[1, 0.5, np.nan], [0.5, 1, np.nan], [np.nan, np.nan, 1]]
    )


def test_lie_derivatives_have_their_intervals_a_panel_a_transformation():
    result = sample.lie(TWO)
    panels = draw("lie-intervals", result)
    assert list(panels) == ["lie_translation", "lie_rotation", "lie_scale"]
    for name, figure in panels.items():
        kept = [row for row in rows(result, "metrics") if row["metric"] == name]
        lines = figure.axes[0].lines
        assert [list(line.get_xdata()) for line in lines[::2]] == [[row["low"], row["high"]] for row in kept]
        assert [line.get_xydata().tolist() for line in lines[1::2]] == [
            [[row["value"], at]] for at, row in enumerate(kept)
        ]
        assert figure.axes[0].get_xscale() == "log"
        assert not any("$" in text.get_text() for text in figure.axes[0].get_xticklabels())


def test_lie_derivatives_of_zero_have_an_axis_from_zero():
    made = of("lie", "metrics", "model metric value low high", [["a", "m", 0.0, 0.0, 1.0], ["b", "m", 0.5, None, None]])
    ax = draw("lie-intervals", made)["m"].axes[0]
    assert (ax.get_xscale(), ax.get_xlim()[0]) == ("linear", 0)


def test_only_figures_of_the_same_protocol_stand_beside_each_other():
    ax = draw("published-own", sample.published()).axes[0]
    diamonds = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert diamonds == [0.8511, 0.8852]


def test_many_implementations_are_drawn_wider_so_that_words_stay_legible():
    found = [["m", f"i{a}", f"i{b}", 0.9] for a in range(18) for b in range(a)]
    result = of("resize", "agreement", "model a b agreement", found)
    assert draw("resize-agreement", result)["m"].get_figwidth() > HUGE
    assert b'class="many huge"' in render(report([result]))
