"""Intervals of medians over boxes that share images: coverage by simulation, and their closed forms."""

import numpy as np
import polars as pl
import pytest
import scipy.stats

from biasscope.bias import count_boxes
from biasscope.bias.compare import compare
from biasscope.bias.medians import below_share, median_over_images, order_places
from biasscope.bias.repair import repair
from biasscope.bias.scale import scale
from tests.box_scenes import frame

WORLDS = 400


def sizes(law: str, images: int, random: np.random.Generator) -> np.ndarray:
    """Boxes of each image."""
    match law:
        case "geometric":
            return random.geometric(1 / 6.3, images)
        case "pareto":
            return np.minimum(1 + (2 * random.pareto(1.2, images)).astype(int), 80)
    return np.full(images, int(law))


def drawn(law: str, alike: float, images: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Values with median 1 and the image of each; ``alike``: correlation of the logarithms within an image."""
    image = np.repeat(np.arange(images), sizes(law, images, random))
    shared, own = random.normal(size=images)[image], random.normal(size=len(image))
    return np.exp(np.sqrt(alike) * shared + np.sqrt(1 - alike) * own), image


@pytest.mark.parametrize("images", [12, 60, 300])
@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("law", ["1", "5", "geometric", "pareto"])
def test_the_interval_holds_the_median(law: str, alike: float, images: int) -> None:
    random, held = np.random.default_rng(images), []
    for _ in range(WORLDS):
        made = median_over_images(*drawn(law, alike, images, random))
        held.append(not (made.low.item() > 1 or made.high.item() < 1))  # unknown bounds exclude nothing
    assert np.mean(held) >= 0.92


@pytest.mark.parametrize("per_image", ["one", "all"])
@pytest.mark.parametrize(("law", "alike"), [("1", 0.0), ("5", 1.0), ("geometric", 0.3), ("pareto", 0.0), ("pareto", 1)])
def test_the_median_scale_of_a_class_is_held(law: str, alike: float, per_image: str) -> None:
    """Every class is a world of 40 images, of which the tables know 20 groups."""
    random, parts = np.random.default_rng(5), []
    for world in range(WORLDS):
        values, image = drawn(law, alike, 40, random)
        side = 100 * np.clip(0.2 * values**0.4, 0, 1)
        zero = np.zeros(len(side))
        names = [f"{world}-{at}" for at in image]
        whole = np.full(len(side), 100)
        parts.append(frame(names, [f"c{world}"] * len(side), zero, zero, side, side, whole, whole))
    counts = count_boxes(pl.concat(parts), per_image=per_image, grid="continuous")  # type: ignore[arg-type]
    table = scale(counts, monte_carlo=9).table("classes")
    for name, share in (("median_scale", 0.5), ("q10", 0.1), ("q90", 0.9)):
        low, high = (np.array(table[f"{name}_{end}"], np.float64) for end in ("low", "high"))
        wanted = 0.2 * np.exp(0.4 * scipy.stats.norm.ppf(share))
        assert np.mean(~(low > wanted) & ~(high < wanted)) >= 0.92
        assert np.isfinite(low).mean() > 0.8


def test_few_boxes_do_not_bound_their_tenth_from_below() -> None:
    side = np.linspace(10, 50, 20)
    zero, whole = np.zeros(20), np.full(20, 100)
    table = scale(count_boxes(frame([f"i{at}" for at in range(20)], ["a"] * 20, zero, zero, side, side, whole, whole)))
    row = table.table("classes")
    assert (row["q10_low"], row["q90_high"]) == ([0.0], [1.0])
    assert row["q10"][0] < row["q10_high"][0] < row["q90_low"][0] < row["q90"][0]


def test_independent_boxes_have_the_order_statistics_of_coin_tosses() -> None:
    """Of 100 boxes, the quantiles at Clopper and Pearson's bounds of 50 heads."""
    made = median_over_images(np.arange(100.0), np.arange(100))
    expected = scipy.stats.binomtest(50, 100).proportion_ci()
    assert made.value.item() == 49.5
    assert (made.low.item(), made.high.item()) == pytest.approx((100 * expected.low - 0.5, 100 * expected.high - 0.5))


def test_boxes_that_repeat_one_another_are_worth_an_image() -> None:
    values = np.arange(40.0)
    alone = median_over_images(values, np.arange(40))
    five = median_over_images(np.repeat(values, 5), np.repeat(np.arange(40), 5))
    assert (five.low.item(), five.high.item()) == pytest.approx((alone.low.item(), alone.high.item()), abs=0.5)


@pytest.mark.parametrize("counts", [[5], [90, 1, 1, 1, 1, 1, 1, 1, 1, 2]], ids=["five boxes", "one crowded image"])
def test_few_boxes_do_not_bound_their_median(counts: list[int]) -> None:
    """Five may all lie on one side once in 16 times; 100**2 / (90**2 + 12) is worth 1.2 images."""
    image = np.repeat(np.arange(len(counts)), counts)
    made = median_over_images(image.astype(float), image)
    assert made.value.item() == np.median(image)
    assert np.isnan([made.low.item(), made.high.item()]).all()


def test_six_boxes_bound_their_median_and_none_have_none() -> None:
    assert np.isfinite(order_places([6], [6])).all()
    made = median_over_images(np.arange(6.0), np.arange(6))
    assert 0 <= made.low.item() < 1
    assert 4 < made.high.item() <= 5
    assert np.isnan(median_over_images(np.zeros(0), np.zeros(0, np.int64)).value).all()


def test_ties_at_the_median_are_the_bounds() -> None:
    made = median_over_images(np.repeat([0.2, 1.0], [4, 60]), np.arange(64))
    assert (made.low.item(), made.value.item(), made.high.item()) == (1.0, 1.0, 1.0)


def test_boxes_below_the_edge_nearest_to_the_median() -> None:
    groups = np.array([[[0, 9, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]])
    assert below_share(groups).tolist() == [[0, 1], [0, 0]]


def test_crowded_images_widen_every_median() -> None:
    """Half of the boxes lie in two of 82 images: with as many independent boxes as images, half as wide."""
    random = np.random.default_rng(1)
    image = np.repeat(np.arange(82), [40, 40, *[1] * 80])
    side = np.clip(random.uniform(10, 50, 82)[image] + random.uniform(-1, 1, 160), 1, 90)
    zero, whole = np.zeros(160), np.full(160, 100)
    boxes = frame([f"i{at}" for at in image], ["a"] * 160, zero + 5, zero + 5, 5 + side, 5 + side, whole, whole)
    tosses = 160**2 / (2 * 40**2 + 80)
    low, high = np.quantile(side / 100, order_places(tosses, 160))
    found = [
        scale(count_boxes(boxes, per_image="all", grid="continuous")).scalar("median_scale").interval,
        repair(boxes).scalar("median_scale_before").interval,
    ]
    for made in found:
        assert made.method == "order statistics, effective size over images"
        assert made.low <= low + 0.06
        assert made.high >= high - 0.06
    pooled = compare(boxes, boxes, permutations=99).table("pooled")
    row = pooled["measure"].index("median_scale")
    assert (pooled["a_low"][row], pooled["a_high"][row]) == pytest.approx((found[1].low, found[1].high))
