"""The scale result: its contract, its references, its bins."""

import numpy as np
import polars as pl
import pytest
import scipy.stats

from biasscope.bias import count_boxes
from biasscope.bias.scale import scale, scales
from biasscope.bias.scale.statistics import balanced_effect, merge, merged_bins, perplexity, quantile, thirds
from biasscope.bias.tables import SCALES, scale_edges
from biasscope.core.errors import UsageError
from tests.box_scenes import frame, scene

COLUMNS = [
    "label",
    "boxes",
    "median_scale",
    "q10",
    "q90",
    "js",
    "effect",
    "effect_low",
    "effect_high",
    "p",
    "q",
    "verdict",
    "effective_bins",
    "histogram",
]


def squares(sides: np.ndarray, label: str, start: int = 0) -> pl.DataFrame:
    """One square box an image in a frame of 1000 pixels."""
    names = [f"i{i}" for i in range(start, start + len(sides))]
    zero = np.zeros(len(sides))
    return frame(
        names, [label] * len(sides), zero, zero, sides * 1000, sides * 1000, [1000] * len(sides), [1000] * len(sides)
    )


@pytest.fixture(scope="module")
def counts():
    random = np.random.default_rng(0)
    alike = [squares(np.exp(random.uniform(np.log(1 / 64), 0, 120)), f"c{i}", 1000 * i) for i in range(3)]
    return count_boxes(pl.concat([*alike, squares(random.uniform(0.7, 1, 120), "big", 9000)]))


def test_tables_of_the_contract(counts):
    result = scale(counts)
    assert [column.name for column in result.table("classes").columns] == COLUMNS
    assert result.table("bins").height == SCALES
    assert [scalar.name for scalar in result.scalars] == [
        "median_scale",
        "effective_bins",
        "classes",
        "tested",
        "classes_different",
    ]
    assert result.table("classes")["label"][0] == "big"
    assert result.table("classes")["verdict"][0] == "non-uniform"
    assert result.parameters["reference"] == "others"
    assert "the other classes" in result.finding


def test_the_log_uniform_reference_spares_log_uniform_classes(counts):
    result = scale(counts, reference="log-uniform")
    table = result.table("classes")
    assert dict(zip(table["label"], table["verdict"], strict=True)) == {
        "big": "non-uniform",
        "c0": "not rejected",
        "c1": "not rejected",
        "c2": "not rejected",
    }
    assert "log-uniform" in result.finding


def test_against_the_others_is_the_chi_square_of_the_two_by_k_table(counts):
    """Asymptotically, hence the large counts."""
    big = count_boxes(pl.concat([scene(2, 3000, seed=1), squares(np.linspace(0.05, 1, 3000), "line")]))
    places = merged_bins(big.scale.sum(1)[:-1].sum(0))
    wide = merge(big.scale[:-1], places).sum(1)
    found = scales(big)
    for row in range(3):
        table = np.stack([wide[row], wide.sum(0) - wide[row]])
        assert found.p[row] == pytest.approx(scipy.stats.chi2_contingency(table).pvalue, rel=1e-6)


def test_unknown_reference_is_a_usage_error(counts):
    with pytest.raises(UsageError, match="ruler"):
        scale(counts, reference="ruler")


def test_one_class_cannot_be_tested_against_others():
    result = scale(count_boxes(scene(1, 50)))
    assert result.scalar("tested").value == 0
    assert "no class could be tested" in result.finding
    assert result.table("classes")["verdict"] == ["not tested"]


def test_quantiles_are_close_to_those_of_the_values():
    sides = np.exp(np.random.default_rng(3).uniform(np.log(0.02), 0, 4000))
    counts = count_boxes(squares(sides, "c"), grid="continuous")
    for share in (0.1, 0.5, 0.9):
        assert quantile(counts.scale[0].sum(0), share) == pytest.approx(np.quantile(sides, share), rel=0.03)


def test_bins_hold_their_edges():
    edges = scale_edges()[1:-1]
    counts = count_boxes(squares(edges + 1e-7, "c"), grid="continuous")
    assert counts.scale[0].sum(0).tolist() == [0] + [1] * (SCALES - 1)


def test_merged_bins_are_about_equal_and_ordered():
    histogram = np.random.default_rng(1).poisson(50, SCALES)
    places = merged_bins(histogram)
    assert (np.diff(places) >= 0).all()
    wide = merge(histogram, places)
    assert wide.sum() == histogram.sum()
    assert len(wide) == 8
    assert merged_bins(np.array([0, 9, 0])).tolist() == [0, 0, 0]
    assert merge(np.arange(25), thirds()).sum() == sum(range(1, 25))


def test_the_balanced_effect_has_null_mean_zero_and_ignores_prevalence():
    random = np.random.default_rng(2)
    shares = np.full(8, 1 / 8)
    null = balanced_effect(random.multinomial(60, shares, 4000), random.multinomial(500, shares, 4000))
    assert abs(null.mean()) < 4 * null.std() / np.sqrt(4000) + 5e-4
    rare = balanced_effect([[100, 300]], [[3_000_000, 1_000_000]])
    common = balanced_effect([[100_000, 300_000]], [[3000, 1000]])
    assert rare.item() == pytest.approx(common.item(), abs=0.01)


def test_perplexity_counts_even_bins():
    assert perplexity([[3] * 5 + [0] * 3]).item() == pytest.approx(5)


def test_level_against_the_others_when_classes_do_not_differ():
    """Three classes: the class is a third of its own reference, and some are small."""
    rejected = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        parts = [squares(random.beta(2, 3, size) * 0.9 + 0.05, f"c{size}", 1000 * size) for size in (15, 40, 70)]
        rejected += (scales(count_boxes(pl.concat(parts)), draws=1999).p <= 0.05).tolist()
    assert 0.01 < np.mean(rejected) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 180)
