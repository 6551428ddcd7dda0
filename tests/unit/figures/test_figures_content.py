"""What figures would draw, checked against plain loops over the numbers they show."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from biasscope.core.results import Result, table
from biasscope.figures import FIGURES, of_kind
from biasscope.figures.frame import columns, counts, square
from biasscope.figures.labels import short
from biasscope.figures.style import house
from tests.unit.report import (
    sample_augmentation,
    sample_expected,
    sample_invariance,
    sample_layers,
    sample_upsampling,
)
from tests.unit.report import sample_reports as sample

FULL = [
    *sample.full(30).results,
    *sample_invariance.results(),
    *sample_layers.results(),
    *sample_augmentation.results(),
    *sample_upsampling.results(),
    *sample_expected.results(),
]


def draw(name, result):
    with house():
        return FIGURES.load(name)(result)


def axes(name, result):
    return draw(name, result).axes[0]


def result(kind):
    return next(item for item in FULL if item.kind == kind)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_its_kind_and_leaves_pyplot_alone(name):
    for kind in FIGURES[name].facts["kinds"]:
        drawn = [made for item in FULL if item.kind == kind and (made := draw(name, item)) is not None]
        assert drawn
        for made in drawn:
            assert all(isinstance(one, Figure) for one in (made.values() if isinstance(made, dict) else [made]))
    assert plt.get_fignums() == []


@pytest.mark.parametrize("spoil", [sample.hollow, sample.empty_tables, lambda item: Result(item.kind, "")])
def test_results_without_numbers_give_no_figure(spoil):
    drawn = [draw(name, spoil(item)) for item in FULL for name in of_kind(item.kind)]
    assert drawn
    assert not any(drawn)


def test_every_figure_says_how_to_read_it():
    for entry in FIGURES.values():
        assert entry.facts["title"]
        assert len(entry.facts["read"]) > 40
        assert entry.load().__doc__


def test_map_writes_multiples_of_the_even_share():
    grid = [1, 2, 3, 10, 0, 4, 4, 4, 8, 8, 1, 3, 5, 7, 2, 2]
    made = Result("position", "", tables=[table("maps", {"name": ["feasible"], "bins": [4], "counts": [grid]})])
    ax = axes("map-feasible", made)
    for place, text in enumerate(ax.texts):
        assert float(text.get_text()) == pytest.approx(grid[place] / (sum(grid) / 16), abs=0.051)
        assert text.get_position() == (place % 4 + 0.5, place // 4 + 0.5)
    assert len(ax.texts) == 16
    assert ax.yaxis_inverted()  # the first row is the top


def test_map_colours_are_octaves_around_one_and_clipped():
    grid = np.ones(64)
    grid[:3] = (0, 2, 100)
    made = Result("position", "", tables=[table("maps", {"name": ["raw"], "bins": [8], "counts": [grid.tolist()]})])
    drawn = np.asarray(axes("map-raw", made).collections[0].get_array()).ravel()
    mean = grid.mean()
    expected = [-2.0 if value == 0 else max(-2.0, min(2.0, math.log2(value / mean))) for value in grid]
    np.testing.assert_allclose(drawn, expected)


def test_marginal_is_density_against_even():
    histogram = [1, 2, 3, 2]
    made = Result("position", "", tables=[table("marginals", {"axis": ["u"], "counts": [histogram]})])
    ax = axes("marginal-u", made)
    outline = ax.collections[0].get_paths()[0].vertices
    assert outline[:, 1].max() == pytest.approx(3 / 2)
    assert {round(float(x), 6) for x in outline[:, 0]} >= {0, 0.25, 0.5, 0.75, 1}
    assert list(ax.lines[0].get_ydata()) == [1, 1]


def test_strongest_are_ranked_with_their_intervals():
    given = {
        "label": ["a", "b", "c", "d"],
        "effect": [0.1, None, 0.5, 0.3],
        "effect_low": [0.05, None, 0.4, None],
        "effect_high": [0.2, None, 0.6, None],
        "effect_raw": [0.6, 0.7, None, 0.9],
    }
    ax = axes("strongest", Result("position", "", tables=[table("classes", given)]))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["c", "d", "a"]
    assert [list(line.get_xdata()) for line in ax.lines] == [[0.4, 0.6], [0.05, 0.2]]
    hollow, filled = (item.get_offsets().data.tolist() for item in ax.collections)
    assert filled == [[0.5, 0], [0.3, 1], [0.1, 2]]
    assert [point for point in hollow if not math.isnan(point[0])] == [[0.9, 1], [0.6, 2]]


def test_classes_of_too_few_boxes_to_be_tested_are_not_the_strongest():
    """Two boxes in one cell are a larger effect than any that is measured."""
    given = {
        "label": ["two boxes", "a", "b"],
        "effect": [0.5, 0.2, 0.1],
        "effect_raw": [0.4, 0.2, 0.3],
        "verdict": ["not tested", "non-uniform", "not rejected"],
        "verdict_raw": ["not tested", "non-uniform", "not rejected"],
    }
    made = Result("position", "", tables=[table("classes", given)])
    assert [text.get_text() for text in axes("strongest", made).get_yticklabels()] == ["a", "b"]
    many = {key: [values[0]] * 30 + values[1:] * 8 for key, values in given.items()}
    drawn = axes("spread", Result("position", "", tables=[table("classes", many)]))
    assert drawn.get_xlim()[1] == pytest.approx(0.3)


def test_strongest_shows_no_more_than_twenty():
    ax = axes("strongest", sample.position(sample.names(50)))
    assert len(ax.get_yticklabels()) == 20


def test_every_class_has_its_displacement():
    position = sample.position(sample.names(50))
    drawn = axes("displacements", position).collections[0].get_offsets().data
    classes = position.table("classes")
    assert sorted(map(tuple, drawn)) == sorted(zip(classes["displacement_u"], classes["displacement_v"], strict=True))


def test_spread_counts_every_tested_class():
    position = sample.position(sample.names(200))
    tested = [value for value in position.table("classes")["effect"] if value is not None]
    outline = axes("spread", position).collections[0].get_paths()[0].vertices
    heights = np.unique(outline[:, 1])
    edges = np.linspace(0, max(v for v in position.table("classes")["effect_raw"] if v is not None), 31)
    naive = [sum(edges[i] <= v < edges[i + 1] for v in tested) for i in range(30)]
    assert set(naive[:-1]) <= {round(float(height)) for height in heights}


@pytest.mark.parametrize("low", [[-2.0, -1.0], [0.25, 0.5], [0.0, 0.5]])
def test_scale_bins_may_be_octaves_or_scales(low):
    high = [low[1], low[1] + 1 if low[0] < 0 else low[1] * 2]
    made = Result("scale", "", tables=[table("bins", {"low": low, "high": high, "pooled": [3, 1]})])
    ax = axes("scale", made)
    assert ax.get_xlim() == (-2, 0)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1/4", "1/2", "1"]
    assert ax.collections[0].get_paths()[0].vertices[:, 1].max() == pytest.approx(0.75)


def test_joint_has_small_boxes_below_and_the_limits_of_the_centre():
    plane = list(range(16))
    made = table("joint", {"name": ["cy_height"], "rows": [4], "columns": [4], "counts": [plane]})
    ax = axes("joint-y", Result("position", "", tables=[made]))
    shares = np.asarray(ax.collections[0].get_array()).reshape(4, 4)
    assert shares[3, 3] == pytest.approx(15 / sum(plane))
    assert not ax.yaxis_inverted()
    assert [list(line.get_xdata()) for line in ax.lines] == [[0, 2], [4, 2]]  # all the room at 0, the middle at 1


def test_features_have_their_accuracy_and_chance():
    ax = axes("features", result("leakage"))
    features = result("leakage").table("features")
    assert [patch.get_width() for patch in ax.patches] == pytest.approx(features["accuracy_alone"])
    assert [0.001, 0.001] in [list(line.get_xdata()) for line in ax.lines]


def test_keys_stand_outside_of_the_data():
    position = sample.position(sample.names(200))
    for name, found in (("spread", position), ("features", result("leakage"))):
        ax = axes(name, found)
        assert ax.get_legend() is None
        assert [len(legend.get_texts()) for legend in ax.figure.legends] == [len(ax.get_legend_handles_labels()[1])]


def test_how_to_read_the_sizes_of_boxes_is_what_is_drawn():
    """Thin is the whole picture, which no crop of evaluation has gone through."""
    facts = FIGURES["apparent-scale"].facts
    assert "evaluation" not in facts["title"] + facts["read"].partition("In how many pixels")[0]
    assert "pictures as they are" in facts["read"]


def test_columns_for_seaborn():
    made = columns(table("t", {"a": [1, None], "b": ["x", None], "c": [True, False], "d": [[1], [2]]}))
    assert list(made) == ["a", "b", "c"]
    np.testing.assert_array_equal(made["a"], [1, np.nan])
    assert made["b"].tolist() == ["x", None]


def test_counts_and_squares():
    made = Result("k", "", tables=[table("maps", {"name": ["a", "b"], "counts": [[0, 0], [1, None]]})])
    assert counts(made, "maps", "name", "a") is None
    assert counts(made, "maps", "name", "none") is None
    assert counts(made, "maps", "name", "b").tolist() == [1, 0]
    assert square(np.ones(3)) is None
    assert square(np.arange(4)).tolist() == [[0, 1], [2, 3]]


def test_short_labels():
    assert short("a\nb\x00c") == "a b\ufffdc"
    assert short("abcdef", 4) == "abc…"
