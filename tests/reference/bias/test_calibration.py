"""The promises: level on uniform classes, power on biased ones, boxes of one image, coverage of intervals."""

import numpy as np
import polars as pl
import pytest

from biasscope.bias import count_boxes, effects
from biasscope.bias.jackknife import jackknife, leave_one_out
from biasscope.bias.position import placement
from biasscope.bias.testing import adjust
from tests.box_scenes import scene


@pytest.fixture(scope="module")
def mixed():
    """500 uniform and 500 biased classes of 320 boxes on whole pixels, any size mix, tested together."""
    uniform = scene(500, 320, seed=1)
    biased = scene(500, 320, beta=2.0, seed=2).with_columns(
        pl.format("b{}", "image_id").alias("image_id"), pl.format("b{}", "label").cast(pl.Categorical()).alias("label")
    )
    counts = count_boxes(pl.concat([uniform, biased]))
    is_biased = np.array([label.startswith("b") for label in counts.labels])
    return placement(counts), is_biased


def test_false_discoveries_stay_at_the_nominal_level(mixed):
    found, biased = mixed
    for name in ("feasible", "interior", "cvm_u", "cvm_v"):
        rejected = found.q[name][:-1] <= 0.05
        false = (rejected & ~biased).sum()
        allowed = 0.05 * rejected.sum()
        assert false <= allowed + 3 * np.sqrt(allowed), name


def test_a_class_is_named_for_either_axis_no_more_often_than_for_one(mixed):
    """Where nothing is biased, one dataset in ten was said to be, across or down."""
    found, _ = mixed
    for name in ("cvm_u", "cvm_v"):
        np.testing.assert_allclose(found.q[name], np.minimum(2 * adjust(found.p[name]), 1))


def test_biased_classes_are_found(mixed):
    found, biased = mixed
    assert (found.q["feasible"][:-1] <= 0.05)[biased].mean() > 0.99
    assert (found.q["cvm_u"][:-1] <= 0.05)[biased].mean() > 0.9
    assert (found.effect.value[:-1][found.order[:500]] > 0).all()
    assert biased[found.order[:500]].mean() > 0.99


def test_raw_centres_reject_uniform_classes_too(mixed):
    found, biased = mixed
    assert (found.q["raw"][:-1] <= 0.05)[~biased].mean() > 0.99


@pytest.mark.parametrize("boxes", [12, 50])
def test_every_uncorrected_test_keeps_its_level_on_uniform_classes(boxes):
    found = placement(count_boxes(scene(1500, boxes, seed=boxes)), minimum=10)
    for name in ("feasible", "cvm_u", "displacement_u", "concentration_v", "correlation"):
        p = found.p[name][:-1]
        p = p[np.isfinite(p)]
        assert len(p) > 700
        for level in (0.05, 0.01):
            assert (p <= level).mean() < level + 4 * np.sqrt(level / len(p)), (name, level)


@pytest.mark.parametrize("integer", [True, False])
def test_tiny_slack_is_uniform_on_either_grid(integer):
    """Boxes of whole frames less a few pixels: the randomised transform fills the cells between the few places."""
    random = np.random.default_rng(0)
    slack, n = random.integers(1, 6, 40_000), 40_000
    x = np.floor(random.random(n) * (slack + 1)) if integer else random.random(n) * slack
    names = [f"i{i}" for i in range(n)]
    from tests.box_scenes import frame

    made = frame(names, ["c"] * n, x, x * 0, x + 100, x * 0 + 50, 100 + slack, [200] * n)
    counts = count_boxes(made, grid="integer" if integer else "continuous")
    fine = counts.fine[0, 0].reshape(16, 16).sum(1)
    kept = fine.sum()
    assert effects.squared_effect(fine).item() < 4 * np.sqrt(2 / 15) / kept
    assert kept > 0.7 * n


def test_jittered_boxes_inflate_all_mode_and_not_one_mode():
    """Three near-copies an image: a nominal 5 % test rejects far more in ``all``, about 5 % in ``one``."""
    boxes = scene(600, 100, per_image=3, jitter=6, seed=9)
    level = {}
    for mode in ("one", "all"):
        p = placement(count_boxes(boxes, per_image=mode), draws=4999).p["feasible"][:-1]
        level[mode] = (p <= 0.05).mean()
    assert 0.015 < level["one"] < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 600)
    assert level["all"] > 0.3


def test_the_design_effect_sees_three_copies_an_image():
    boxes = scene(200, 100, per_image=3, jitter=2, seed=3)
    for mode in ("one", "all"):
        found = placement(count_boxes(boxes, per_image=mode), draws=99)
        assert np.mean(found.design_effect[:-1]) == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("mode", ["one", "all"])
def test_the_design_effect_is_one_where_no_image_has_two_boxes(mode):
    single = placement(count_boxes(scene(20, 100, seed=3), per_image=mode), draws=99)
    assert (single.design_effect == 1).all()


@pytest.mark.parametrize(("beta", "boxes"), [(1.0, 50), (2.0, 50), (2.0, 400), (4.0, 150)])
def test_intervals_cover(beta, boxes):
    """Displacement, concentration and Cramér's V against the truth of a Beta law, three boxes an image in ``all``."""
    counts = count_boxes(
        scene(400, boxes, beta=beta, integer=False, per_image=2, jitter=None, seed=21), per_image="all"
    )
    found = placement(counts, draws=99)
    edges = np.linspace(0, 1, 9)
    import scipy.stats

    cells = np.diff(scipy.stats.beta(beta, beta).cdf(edges))
    truth = {
        "displacement_u": 0.0,
        "concentration_v": 12 / (4 * (2 * beta + 1)),
        "effect": np.sqrt((64 * (np.outer(cells, cells) ** 2).sum() - 1) / 63),
    }
    for name, value in truth.items():
        made = found.effect if name == "effect" else found.measures[name]
        covered = ((made.low <= value + 1e-12) & (value <= made.high + 1e-12))[:-1].mean()
        assert 0.91 <= covered <= 1.0, (name, covered)
        if beta > 1 and name != "effect":
            assert covered < 0.99


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("boxes", [4, 6, 10, 40])
def test_intervals_of_few_boxes_cover(beta, boxes):
    """On their own scale those of variances and correlations of four boxes held 85 % of them."""
    found = placement(count_boxes(scene(1000, boxes, beta=beta, integer=False, seed=boxes)), draws=99)
    truth = {"displacement_u": 0.0, "concentration_v": 12 / (4 * (2 * beta + 1)), "correlation": 0.0}
    for name, value in truth.items():
        made = found.measures[name]
        assert ((made.low <= value) & (value <= made.high))[:-1].mean() >= 0.92, name


def test_intervals_cover_when_boxes_share_images():
    """Ten copies an image: intervals that took boxes for independent would cover about half the time."""
    counts = count_boxes(scene(400, 60, per_image=10, jitter=3, seed=5), per_image="all")
    made = placement(counts, draws=99).measures["displacement_u"]
    assert ((made.low <= 0) & (made.high >= 0))[:-1].mean() > 0.91
    naive = 1.96 / np.sqrt(12 * 600)
    assert (np.abs(made.value[:-1]) < naive).mean() < 0.65


def test_jackknife_coverage_of_a_ratio():
    random = np.random.default_rng(8)
    x = random.exponential(size=(1000, 20, 5))
    sums, squares = x.sum(2), (x**2).sum(2)
    statistic = squares.sum(1) / sums.sum(1)
    made = jackknife(statistic, leave_one_out(squares) / leave_one_out(sums), sums > 0)
    assert ((made.low <= 2) & (made.high >= 2)).mean() == pytest.approx(0.9, abs=0.06)
