"""Intervals of shares: coverage by simulation, also where all boxes agree, and their closed forms."""

import numpy as np
import polars as pl
import pytest
import scipy.stats

from biasscope.bias import count_boxes
from biasscope.bias.compare import compare
from biasscope.bias.leakage import leakage
from biasscope.bias.leakage.clusters import net_share, share_mean
from biasscope.bias.position import position
from biasscope.bias.position.pooled import edge_contact
from biasscope.bias.repair import repair
from biasscope.bias.shares import share_interval, share_over_images
from biasscope.core.errors import UsageError
from tests.box_scenes import frame

WORLDS, GROUPS = 1000, 20


def inside(count: int, per_image: int = 1) -> pl.DataFrame:
    """Small boxes in the middle of frames of 100 pixels."""
    at = 40 + np.random.default_rng(0).integers(0, 10, (2, count)).astype(float)
    names = [f"i{row // per_image}" for row in range(count)]
    return frame(names, ["c"] * count, at[0], at[1], at[0] + 9, at[1] + 9, [100] * count, [100] * count)


@pytest.mark.parametrize("hashed", [True, False], ids=["hashed groups", "images"])
@pytest.mark.parametrize(("boxes", "alike"), [(1, 0.0), (3, 0.0), (3, 0.5), (3, 1.0)])
@pytest.mark.parametrize("share", [0.0065, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("n", [30, 200, 2000])
def test_the_interval_holds_the_share(n: int, share: float, boxes: int, alike: float, hashed: bool) -> None:
    """``alike``: how probable it is that a box of an image is as its first would be."""
    random, images = np.random.default_rng(n), n // boxes
    first, own = random.random((WORLDS, images)) < share, random.random((WORLDS, images, boxes)) < share
    hits = np.where(random.random(own.shape) < alike, first[..., None], own).sum(2)
    sizes = np.full(hits.shape, boxes)
    if hashed:
        slots = random.integers(0, GROUPS, hits.shape) + GROUPS * np.arange(WORLDS)[:, None]
        hits, sizes = (
            np.bincount(slots.ravel(), part.ravel(), WORLDS * GROUPS).reshape(WORLDS, GROUPS) for part in (hits, sizes)
        )
    made = share_interval(hits, sizes, np.full(WORLDS, images) if hashed else None)
    assert ((made.low <= share) & (share <= made.high)).mean() >= 0.92
    assert (made.high > made.low).all()


def test_independent_boxes_have_the_exact_binomial_interval() -> None:
    """One box an image: Clopper and Pearson's, however the images fall into the groups."""
    hits, sizes = np.array([[3, 0, 4, 0]]), np.array([[10, 5, 20, 1]])
    made = share_interval(hits, sizes, [36])
    expected = scipy.stats.binomtest(7, 36).proportion_ci()
    assert (made.low.item(), made.high.item()) == pytest.approx((expected.low, expected.high))


def test_boxes_that_repeat_one_another_are_worth_an_image() -> None:
    """Twenty images of five boxes, all alike within an image: 20 tosses, not 100, of which t leaves fewer."""
    flags = np.repeat(np.arange(20) % 2 == 0, 5).astype(float)
    made, alone = (
        share_over_images(values, np.arange(len(values)) // each) for values, each in ((flags, 5), (flags[::5], 1))
    )
    assert made.low == pytest.approx(alone.low)
    assert made.high == pytest.approx(alone.high)


def test_one_crowded_image_is_not_many() -> None:
    """90 boxes in one image, ten alone: (100)**2 / (90**2 + 10) = 1.23 images."""
    made = share_over_images(np.zeros(100), np.minimum(np.arange(100), 10))
    size = 100**2 / (90**2 + 10)
    assert made.high.item() == pytest.approx(1 - 0.025 ** (1 / size))


def test_classes_at_once_are_classes_alone() -> None:
    random = np.random.default_rng(2)
    values, image, owner = (random.integers(0, most, 300) for most in (2, 40, 3))
    made = share_over_images(values.astype(float), image, owner, 4)
    for row in range(3):
        alone = share_over_images(values[owner == row].astype(float), image[owner == row])
        np.testing.assert_allclose([part[row] for part in made], [part[0] for part in alone])
    assert np.isnan(made.value[3])


@pytest.mark.parametrize("law", ["geometric", "pareto"])
def test_the_share_of_unequal_images_that_agree_is_held(law: str) -> None:
    """60 images, in each of which all boxes are right, or none: every world is a class."""
    random, images = np.random.default_rng(7), 60 * WORLDS
    heavy = np.minimum(1 + (2 * random.pareto(1.2, images)).astype(int), 60)
    boxes = random.geometric(1 / 7, images) if law == "geometric" else heavy
    image = np.repeat(np.arange(images), boxes)
    right = (random.random(images) < 0.7)[image]
    made = share_over_images(right.astype(float), image, image // 60, WORLDS)
    assert ((made.low <= 0.7) & (made.high >= 0.7)).mean() >= 0.92


def test_lists_are_taken_and_what_cannot_be_is_a_usage_error() -> None:
    flags, image = [True, False, True, True], [0, 0, 1, 2]
    assert share_mean(flags, image) == share_mean(np.array(flags), np.array(image))
    assert net_share(flags, flags, image).value == 0
    with pytest.raises(UsageError, match=r"shape \(4,\) in images of \(3,\)"):
        share_mean(flags, image[:3])
    with pytest.raises(UsageError, match="more than the whole"):
        share_interval([[3, 0]], [[2, 2]])
    with pytest.raises(UsageError, match="below 0"):
        share_interval([[-1, 0]], [[2, 2]])
    with pytest.raises(UsageError, match="1 axes instead of 2"):
        share_interval([1, 0], [2, 2])


def test_nothing_is_known_of_no_boxes() -> None:
    assert np.isnan(share_over_images(np.zeros(0), np.zeros(0, np.int64))[:3]).all()
    assert np.isnan(share_interval(np.zeros((1, 4)), np.zeros((1, 4)), [0])[:3]).all()


@pytest.mark.parametrize(("per_image", "boxes"), [("one", 1), ("all", 1), ("one", 3)])
def test_no_box_at_the_frame_is_not_known_exactly(per_image: str, boxes: int) -> None:
    """None of twelve: 1 - .025**(1/12) = .265."""
    made = edge_contact(count_boxes(inside(12 * boxes, boxes), per_image=per_image))  # type: ignore[arg-type]
    assert made.value.tolist() == [0.0, 0.0]
    assert made.high == pytest.approx(1 - 0.025 ** (1 / 12))


def test_no_class_at_the_frame_is_known_exactly() -> None:
    table = position(count_boxes(inside(12)), monte_carlo=9).table("classes")
    assert table["edge_contact"] == table["edge_contact_low"] == [0.0]
    assert table["edge_contact_high"] == pytest.approx([1 - 0.025 ** (1 / 12)])


def test_repair_knows_no_share_exactly() -> None:
    result = repair(inside(30), augmentation="RandomResizedCrop(64, scale=(0.999, 1.0))")
    bound = 1 - 0.025 ** (1 / 30)
    for name in ("lost", "edge_contact_before"):
        found = result.scalar(name)
        assert found.value == 0.0
        assert (found.interval.low, found.interval.high) == pytest.approx((0.0, bound)), name
        assert found.interval.method.startswith("exact binomial")


def test_sides_told_apart_without_a_miss_are_not_known_exactly() -> None:
    small = inside(100)
    large = small.with_columns(pl.col("x1", "y1") + 30)
    found = compare(small, large, permutations=99, classifier=True).scalar("classifier_accuracy")
    assert found.value == 1.0
    assert found.interval.low == pytest.approx(0.025 ** (1 / 200))


def test_leakage_of_separate_classes_is_not_known_exactly() -> None:
    small, large = inside(40), inside(40).with_columns(pl.col("x1", "y1") + 30)
    both = pl.concat([small, large]).with_columns(
        image_id=pl.int_range(80).cast(pl.String), label=pl.Series(["a"] * 40 + ["b"] * 40)
    )
    result = leakage(both)
    found = result.scalar("accuracy")
    assert found.value == 1.0
    assert found.interval.low == pytest.approx(0.025 ** (1 / 80))
    assert result.table("features")["accuracy_alone_low"][0] == found.interval.low
    assert result.table("classes")["recall_low"] == pytest.approx([0.025 ** (1 / 40)] * 2)


def test_leakage_of_one_crowded_image_is_that_of_few() -> None:
    """41 boxes of a in one image and one in each of 39: worth 80**2 / (41**2 + 39) = 3.7 images, not 40."""
    small, large = inside(80), inside(40).with_columns(pl.col("x1", "y1") + 30)
    images = [*[0] * 41, *range(1, 40), *range(100, 140)]
    both = pl.concat([small, large]).with_columns(
        image_id=pl.Series(images).cast(pl.String), label=pl.Series(["a"] * 80 + ["b"] * 40)
    )
    table = leakage(both).table("classes")
    assert table["recall"] == [1.0, 1.0]
    low = dict(zip(table["label"], table["recall_low"], strict=True))
    assert low["a"] == pytest.approx(0.025 ** ((41**2 + 39) / 80**2))
    assert low["b"] == pytest.approx(0.025 ** (1 / 40))


@pytest.mark.parametrize(("gain", "loss"), [(0.0, 0.0), (0.01, 0.005), (0.3, 0.2)])
def test_the_net_gain_is_covered(gain: float, loss: float) -> None:
    """60 images of two boxes that agree."""
    random, image, held = np.random.default_rng(3), np.repeat(np.arange(60), 2), 0
    for _ in range(300):
        drawn = np.repeat(random.random(60), 2)
        made = net_share(drawn < gain, drawn > 1 - loss, image)
        assert made.low < made.value < made.high
        held += made.low <= gain - loss <= made.high
    assert held >= 0.92 * 300
