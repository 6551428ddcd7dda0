"""Figures of question 3 against plain loops over the tables that they show."""

from itertools import pairwise

import numpy as np
import pytest

from biasscope.core.results import Result, table
from biasscope.figures import FIGURES, of_kind
from biasscope.figures.frame import rows
from biasscope.figures.layers.depth import ALL, behind, chosen, depth, merged
from biasscope.figures.layers.lattices import exact
from biasscope.figures.layers.stages import stages
from biasscope.figures.layers.sums import outside
from biasscope.figures.layers.where import leading, rises
from biasscope.figures.style import MAIN, OTHER, house
from tests.unit.report import sample_layers as sample
from tests.unit.report.sample_invariance import of_rows
from tests.unit.report.sample_reports import HOSTILE, empty_tables, hollow

TWO = sample.MODELS[:2]


def draw(name, result):
    with house():
        return FIGURES.load(name)(result)


def only(*tables, **parameters):
    return Result("layers", "", parameters=parameters, tables=list(tables))


def lines(ax):
    """Lines with their marks, by label."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_lines_hold_the_values_of_compared_layers_at_their_places():
    result = sample.layers(TWO)
    (title, figure), *rest = draw("where", result).items()
    assert (title, rest) == ("Nonshiftability", [])
    drawn, axis = lines(figure.axes[0]), depth(result)
    for model in TWO:
        wanted = [
            (axis.labels.index(name), value)
            for (name, kind, *_), value in zip(sample.network(model), sample.values(model, title.lower()), strict=True)
            if kind != "Conv2d"
        ]
        np.testing.assert_allclose(drawn[model].get_xydata(), wanted)
    assert len({line.get_marker() for line in drawn.values()}) == 2


def test_filled_marks_are_where_that_model_subsamples():
    result = sample.layers(TWO)
    ax = draw("where", result)["Nonshiftability"].axes[0]
    labels = depth(result).labels
    for model in TWO:
        line = lines(ax)[model]
        marked = {labels[int(line.get_xdata()[place])] for place in line.get_markevery()}
        assert marked == {name for name, *_, fewer in sample.network(model) if fewer}


def test_bands_hold_the_intervals():
    result = sample.layers(TWO[:1])
    band = draw("where", result)["Nonshiftability"].axes[0].collections[0]
    found = [row for row in rows(result, "measures") if row["measure"] == "nonshiftability"]
    ends = {round(float(y), 9) for y in band.get_paths()[0].vertices[:, 1]}
    kept = [row for row, (_, kind, *_) in zip(found, sample.network(TWO[0]), strict=True) if kind != "Conv2d"]
    assert {round(row[end], 9) for row in kept for end in ("low", "high")} <= ends


def test_subsampling_layers_of_any_model_have_a_line():
    result = sample.layers(TWO)
    ax = draw("where", result)["Nonshiftability"].axes[0]
    vertical = {
        line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2
    }
    wanted = {name for model in TWO for name, *_, fewer in sample.network(model) if fewer}
    assert {depth(result).labels[int(place)] for place in vertical} == wanted
    assert [text.get_text() for text in ax.get_xticklabels()] == list(depth(result).labels)


def test_the_largest_rise_of_all_is_written():
    result = sample.layers(TWO)
    ax = draw("where", result)["Nonshiftability"].axes[0]
    line = sample.values(TWO[0], "nonshiftability")
    size = max(b - a for a, b in pairwise(line))
    words = " ".join(text.get_text() for text in ax.texts)
    assert f"+{size * 100:.3g} points" in words
    assert "features.5, digits8" in words


def test_without_a_table_of_jumps_rises_come_from_the_measures():
    result = sample.layers(TWO)
    bare = only(*(item for item in result.tables if item.name != "jumps"))
    (first, *_), (again, *_) = rises(result), rises(bare)
    assert (first.model, first.layer) == (again.model, again.layer) == ("digits8", "features.5")


def test_the_measure_of_the_jumps_leads():
    measures = table("measures", {"measure": ["aliasing", "nonshiftability"], "value": [0.1, 0.2]})
    told = table("jumps", {"measure": ["aliasing"], "rise": [0.1]})
    assert leading(only(measures)) == "nonshiftability"
    assert leading(only(measures, told)) == "aliasing"
    assert leading(only()) == ""


def test_every_other_measure_has_a_panel_with_the_same_layers():
    panels = draw("layer-measures", sample.layers(TWO))
    assert list(panels) == [*list(sample.MEASURES)[1:], ""]
    xs = {tuple(lines(panels[name].axes[0])[TWO[0]].get_xdata()) for name in panels if name}
    assert len(xs) == 1


def test_networks_with_nothing_in_common_have_shares_of_their_depth():
    found = [["a", f"x{i}", i, True] for i in range(5)] + [["b", f"y{i}", i, False] for i in range(3)]
    axis = depth(only(of_rows("layers", "model layer depth subsampling", found)))
    assert axis.labels == ()
    assert list(axis.places["a"].values()) == [0, 0.25, 0.5, 0.75, 1]
    assert list(axis.places["b"].values()) == [0, 0.5, 1]
    assert axis.notches == [0, 0.25, 0.5, 0.75, 1]


def test_merging_keeps_the_order_of_every_list():
    lists = [["a", "b", "d"], ["a", "b", "b.1", "d"], ["c", "d", "e"]]
    order = merged(lists)
    assert sorted(order) == sorted({name for names in lists for name in names})
    for names in lists:
        assert [name for name in order if name in names] == names


def test_a_layer_behind_a_subsampling_convolution_counts():
    found = [
        {"layer": "conv", "subsampling": True, "compared": False},
        {"layer": "norm", "subsampling": False, "compared": False},
        {"layer": "relu", "subsampling": False, "compared": True},
        {"layer": "relu2", "subsampling": False, "compared": True},
    ]
    assert behind(found) == ["relu"]


def test_of_many_layers_those_that_subsample_are_named():
    found = [["m", f"layer{i}", i, i % 20 == 10] for i in range(100)]
    axis = depth(only(of_rows("layers", "model layer depth subsampling", found)))
    assert chosen(axis) == [0, 10, 30, 50, 70, 90, 99]
    assert len(chosen(axis)) < ALL


def test_lattices_hold_their_cells_and_outline_the_exact_ones():
    result = sample.layers(TWO)
    figure = draw("lattices", result)["features.5"]
    for ax, model in zip(figure.axes, TWO, strict=True):
        row = next(row for row in rows(result, "lattices") if (row["model"], row["layer"]) == (model, "features.5"))
        naive = np.array([[row["cells"][8 * y + x] for x in range(8)] for y in range(8)])
        np.testing.assert_array_equal(np.ma.filled(ax.images[0].get_array(), np.nan), naive)
        outlined = {(round(p.get_y() + 0.46), round(p.get_x() + 0.46)) for p in ax.patches}
        assert outlined == {(y, x) for y in (0, 4) for x in (0, 4)}
        assert "repeats after 4 px" in ax.get_xlabel()


def test_lattices_have_one_scale_and_a_key_to_it():
    result = sample.layers(TWO)
    panels = draw("lattices", result)
    tops = {ax.images[0].get_clim() for name, figure in panels.items() if name for ax in figure.axes}
    assert tops == {(0, max(max(row["cells"]) for row in rows(result, "lattices")))}
    assert panels[""].axes[0].get_xlim() == tops.pop()


def test_exact_without_cells_is_for_all():
    assert exact({"rows": 2, "columns": 1, "exact": True}).all()
    assert not exact({"rows": 2, "columns": 1, "exact": None}).any()


def test_layers_of_variants_stand_beside_each_other():
    facts = [["a", "pool", 0], ["a", "relu", 1], ["b", "pool", 0], ["b", "pool.blur", 1], ["b", "relu", 2]]
    result = only(of_rows("layers", "model layer depth", facts))
    found = [
        {"model": m, "layer": name} for m, name in (("b", "relu"), ("b", "pool.blur"), ("a", "pool"), ("a", "relu"))
    ]
    assert stages(result, found) == [{"b": "pool.blur", "a": "pool"}, {"b": "relu", "a": "relu"}]
    assert stages(result, found[:3]) == [{"a": "pool"}, {"b": "pool.blur"}, {"b": "relu"}]


def test_layers_that_sample_equally_densely_stand_beside_each_other():
    facts = [
        ["a", "pool", 2],
        ["a", "conv", 4],
        ["a", "last", 4],
        ["b", "relu", 1],
        ["b", "pool.1", 2],
        ["b", "end", 4],
    ]
    result = only(of_rows("layers", "model layer stride depth", [[*row, depth] for depth, row in enumerate(facts)]))
    found = [{"model": model, "layer": name} for model, name, _ in facts]
    lines = [{"b": "relu"}, {"a": "pool", "b": "pool.1"}, {"a": "conv", "b": "end"}, {"a": "last"}]
    assert stages(result, found) == lines


def test_sums_are_over_their_mean_with_the_band_of_the_threshold():
    result = sample.layers(TWO)
    ax = draw("sums", result)["features.8"].axes[0]
    found = [row for row in rows(result, "sums") if (row["model"], row["layer"]) == (TWO[0], "features.8")]
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 16]
    assert len(drawn) == len(found) == 3
    for line, row in zip(drawn, found, strict=True):
        np.testing.assert_allclose(line.get_ydata(), np.array(row["values"]) / (sum(row["values"]) / 16))
    band = ax.patches[0].get_bbox() if hasattr(ax.patches[0], "get_bbox") else ax.patches[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((0.8, 1.2))
    share = sum(outside(row, 0.2) for row in found) / 3
    assert f"{share:.0%}".replace("%", " %") in ax.get_xlabel()


def test_no_sum_is_cut_off_and_all_panels_have_one_scale():
    figure = draw("sums", sample.layers())["features.8"]
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    low, high = figure.axes[0].get_ylim()
    values = np.concatenate([line.get_ydata() for ax in figure.axes for line in ax.lines])
    assert low < values.min() < 0.8
    assert 1.2 < values.max() < high


def test_sums_of_zero_have_no_line():
    row = {"dy": [0, 0], "dx": [0, 1], "values": [1.0, -1.0]}
    assert outside(row, 0.2) is None
    found = of_rows("sums", "model layer image_id map dy dx values", [["m", "l", "i", 0, [0, 0], [0, 1], [1.0, -1.0]]])
    assert draw("sums", only(found)) is None


def test_blame_is_ranked_with_intervals_and_estimates():
    result = sample.blame(TWO)
    panels = draw("blame", result)
    assert list(panels) == [*TWO, ""]
    for model, colour in zip(TWO, (OTHER, MAIN), strict=True):
        ax = panels[model].axes[0]
        found = sorted((row for row in rows(result, "layers") if row["model"] == model), key=lambda row: row["rank"])
        assert [bar.get_width() for bar in ax.patches] == [row["effect"] for row in found]
        assert [text.get_text() for text in ax.get_yticklabels()] == [row["layer"] for row in found]
        bold = [text.get_fontweight() == "bold" for text in ax.get_yticklabels()]
        strong = [bar.get_alpha() > 0.5 for bar in ax.patches]
        assert bold == strong == [row["subsampling"] for row in found]
        assert ax.patches[0].get_facecolor()[:3] == pytest.approx([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        marks = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
        assert marks == [row["first_order"] for row in found]
    assert len({panel.axes[0].get_xlim() for name, panel in panels.items() if name}) == 1


def test_blame_up_to_each_layer_is_a_line_a_model():
    result = sample.blame(TWO)
    ax = draw("blame-cumulative", result)["Up to each layer"].axes[0]
    for model in TWO:
        found = [row for row in rows(result, "layers") if row["model"] == model]
        np.testing.assert_allclose(lines(ax)[model].get_ydata(), [row["cumulative"] for row in found])
        assert list(lines(ax)[model].get_markevery()) == [i for i, row in enumerate(found) if row["subsampling"]]


def test_attribution_has_a_panel_a_measure_and_a_mark_a_model():
    result = sample.attribution(TWO)
    panels = draw("attribution-measures", result)
    assert list(panels) == ["cosine", "relative_l2", "drift", "iou", ""]
    for name in ("cosine", "drift"):
        marks = sorted(
            line.get_xdata()[0] for line in panels[name].axes[0].lines if line.get_marker() not in ("None", "")
        )
        assert marks == sorted(row["value"] for row in rows(result, "methods") if row["measure"] == name)


@pytest.mark.parametrize("kind", ["layers", "blame", "attribution"])
def test_results_without_tables_or_numbers_or_with_hostile_names_are_drawn_or_left_out(kind):
    made = getattr(sample, kind)
    for result in (Result(kind, ""), empty_tables(made(TWO)), hollow(made(TWO))):
        assert all(draw(name, result) is None or draw(name, result) for name in of_kind(kind))
    assert all(draw(name, made(HOSTILE[:5])) for name in of_kind(kind))
