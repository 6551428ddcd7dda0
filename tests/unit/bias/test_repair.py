"""Repair as a whole: what it says of worlds with a known answer."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from biasscope.bias.columns import columns_of
from biasscope.bias.compare import compare
from biasscope.bias.counting import count_boxes
from biasscope.bias.grouped import grouped_effect
from biasscope.bias.measures import effect_change
from biasscope.bias.placement import position_of
from biasscope.bias.position import position
from biasscope.bias.repair import central_crop, padded_crop, repair, resized_crop, squashed
from biasscope.bias.repair.crop_law import random_resized_crop
from biasscope.bias.repair.laws import evaluation_of, law_of
from biasscope.bias.repair.sentence import finding
from biasscope.core.errors import UsageError
from biasscope.core.results import Result, Scalar, interval


def world(count: int, *, bias: float, seed: int, per_image: int = 1) -> pl.DataFrame:
    """Boxes placed by a symmetric beta law on their room (bias 1: uniform), whole pixels."""
    rng = np.random.default_rng(seed)
    width, height = rng.integers(120, 300, (2, count))
    w, h = rng.integers(15, 70, (2, count))
    x = np.floor(rng.beta(bias, bias, count) * (width - w + 1))
    y = np.floor(rng.beta(bias, bias, count) * (height - h + 1))
    frame = {
        "image_id": [f"{row}" for row in range(count)],
        "label": rng.choice(["a", "b", "c"], count),
        "x0": x,
        "y0": y,
        "x1": x + w,
        "y1": y + h,
        "image_width": width,
        "image_height": height,
    }
    return pl.concat([pl.DataFrame(frame)] * per_image)


def bounds(result: Result, name: str) -> tuple[float, float]:
    found = result.scalar(name).interval
    assert found is not None
    return found.low, found.high


def test_a_uniform_world_stays_uniform_and_its_zero_is_covered() -> None:
    """Crops inside the picture keep uniform placement uniform, clear of the frame: 20 worlds, few misses."""
    misses = {"effect_before": 0, "effect_after": 0, "displacement_v_after": 0}
    for seed in range(20):
        result = repair(world(3000, bias=1, seed=seed), seed=seed)
        for name in misses:
            low, high = bounds(result, name)
            misses[name] += not low <= 0 <= high
    assert all(count <= 4 for count in misses.values()), misses


def test_a_padded_crop_leaves_fewer_uniform_objects_near_the_frame_and_the_note_says_so() -> None:
    """Uniform corners plus uniform offsets on -4 to 4 are a trapezium: half as dense at the frame as in the middle."""
    frame = world(4000, bias=1, seed=3)
    square = np.random.default_rng(3).integers(0, 25, (2, 4000)).astype(float)
    x, y = square
    frame = frame.with_columns(x0=x, y0=y, x1=x + 8, y1=y + 8, image_width=32, image_height=32)
    result = repair(frame, augmentation=padded_crop(32, 4))
    assert bounds(result, "effect_before")[0] == 0 < bounds(result, "effect_after")[0]
    assert any("crop inside the picture" in note and "Padding" in note for note in result.notes)


def test_repeated_boxes_are_no_evidence_of_bias() -> None:
    """Five copies of each box in its image: the correction for chance is over images."""
    result = repair(world(600, bias=1, seed=1, per_image=5))
    assert bounds(result, "effect_before")[0] == 0
    assert bounds(result, "effect_after")[0] == 0


def test_a_centred_world_is_weakened_by_the_crop_and_not_by_the_whole_image() -> None:
    frame = world(4000, bias=4, seed=2)
    cropped, kept = repair(frame), repair(frame, augmentation=squashed(), evaluation=squashed())
    assert bounds(cropped, "effect_change")[1] < 0
    assert "weakens" in cropped.finding
    assert bounds(cropped, "effect_before")[0] > 0.1
    assert kept.scalar("effect_after").value == pytest.approx(kept.scalar("effect_before").value, abs=0.02)
    assert (kept.scalar("visible_fraction").value, kept.scalar("lost").value) == (1.0, 0.0)
    assert kept.scalar("apparent_scale_ratio").value == 1.0
    assert "not measurably change" in kept.finding
    assert "leaves 100% of the objects whole, cuts a part off 0% and loses 0%" in kept.finding
    cut, lost = (cropped.scalar(name).value or 0 for name in ("cut", "lost"))  # the former holds the latter
    assert (
        f"{1 - cut:.0%} of the objects whole, cuts a part off {cut - lost:.0%} and loses {lost:.0%}" in cropped.finding
    )


def in_squares(count: int, bias: float, seed: int) -> pl.DataFrame:
    """Small boxes in frames of 300 pixels, placed by a symmetric beta law."""
    rng = np.random.default_rng(seed)
    size = rng.integers(10, 40, (2, count))
    x, y = np.floor(rng.beta(bias, bias, (2, count)) * (301 - size))
    columns = {"x0": x, "y0": y, "x1": x + size[0], "y1": y + size[1], "image_width": 300, "image_height": 300}
    return pl.DataFrame({"image_id": [f"{row}" for row in range(count)], "label": "a"} | columns)


@pytest.mark.parametrize(("bias", "true"), [(1.6, -0.0496), (1.0, 0.0)])
def test_the_interval_of_the_change_holds_where_no_bias_is_left(bias: float, true: float) -> None:
    """An effect is not smooth at 0; the true changes are those of 400,000 boxes."""
    law, found, weakened = resized_crop(64, scale=(0.05, 0.15)), [], 0
    for seed in range(20):
        result = repair(in_squares(3000, bias, seed), augmentation=law, seed=seed)
        found.append((*bounds(result, "effect_change"), bounds(result, "effect_before")[1]))
        weakened += "weakens" in result.finding
    assert sum(low <= true <= high for low, high, _ in found) >= 18
    assert all(low >= -most for low, _, most in found)  # no more than all of it can go
    assert weakened == (20 if bias > 1 else 0)


def test_a_change_of_effects_that_go_together_is_known_better() -> None:
    """Zou 2007 by hand: arms .1 and .2 down, .2 and .1 up, apart and at correlation 1."""
    before, after = (0.5, 0.4, 0.7), (0.4, 0.3, 0.6)
    same = np.array([[9, 0], [5, 4], [7, 2]])
    apart = effect_change(before, after, (same, np.ones((3, 2), int)))
    together = effect_change(before, after, (same, same))
    assert apart == pytest.approx((-0.1, -0.1 - 0.05**0.5, -0.1 + 0.05**0.5))
    assert together == pytest.approx((-0.1, -0.2, 0.0))


def test_shares_stay_within_what_a_share_can_be() -> None:
    """One box in the corner of 10,000 is lost now and then: no interval reaches below 0 or above 1."""
    frame = in_squares(2000, 1, 0).with_columns(x0=100.0, x1=120.0, y0=100.0, y1=120.0)
    corner = frame.head(1).with_columns(image_id=pl.lit("corner"), x0=0.0, x1=2.0, y0=0.0, y1=2.0)
    result = repair(pl.concat([frame, corner]), augmentation=padded_crop(300, 10))
    for name in ("lost", "cut", "visible_fraction", "edge_contact_before", "edge_contact_after"):
        low, high = bounds(result, name)
        assert 0 <= low <= high <= 1, name
    assert bounds(result, "lost") != (0, 0)


def test_a_crop_without_a_pixel_is_refused_as_torchvision_fails_on_it() -> None:
    """In an image of one pixel: ten draws of which most do not fit, then the largest central crop, 0.5 pixels wide."""
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="an image of 1 x 1 pixels would be of 0 x 1"):
        random_resized_crop([1.0] * 1000, [1.0] * 1000, rng, ratio=(0.3, 0.5))


def test_padding_and_a_wide_crop_move_objects_further() -> None:
    frame = world(3000, bias=6, seed=3).with_columns(image_width=300, image_height=300)
    small = repair(frame, augmentation=padded_crop(300, 10)).scalar("effect_after").value
    large = repair(frame, augmentation=padded_crop(300, 100)).scalar("effect_after").value
    assert small is not None
    assert large is not None
    assert large < small


def test_numbers_of_a_case_worked_by_hand() -> None:
    """A 20 x 10 box at the left edge of a 100 x 100 image, central crop 80: half of its width is lost."""
    frame = pl.DataFrame(
        {
            "image_id": ["a", "b"],
            "label": ["x", "y"],
            "x0": [0.0, 0.0],
            "y0": [45.0, 0.0],
            "x1": [20.0, 10.0],
            "y1": [55.0, 10.0],
            "image_width": [100, 100],
            "image_height": [100, 100],
        }
    )
    result = repair(frame, augmentation=central_crop(80), evaluation=squashed(200), draws=1)
    assert result.scalar("visible_fraction").value == 0.25
    assert result.scalar("lost").value == 0.5
    assert result.scalar("apparent_scale_ratio").value == 0.5
    after = dict(zip(result.table("maps")["name"], result.table("maps")["counts"], strict=True))["after"]
    assert np.flatnonzero(after).tolist() == [4 * 8 + 0]
    assert result.table("classes")["visible_fraction"] == [0.5, 0.0]
    assert result.table("scale")["after"][int(4 * np.log2(10 / 80 * 1 / 1.0) // 1 + 32)] in (0, 1)
    assert sum(result.table("scale")["before"]) == 2
    assert result.finding == (
        "No object is clear of the frame even before CenterCrop(80), so that no placement can be compared; it leaves "
        "0% of the objects whole, cuts a part off 50% and loses 50%, and shows them 0.50 times as large as evaluation "
        "does."
    )


def test_why_it_cannot_be_said_is_not_put_down_to_the_augmentation() -> None:
    """One image; clear objects in one of two; and a crop of 20 pixels, in which none of 100 is clear of the frame."""
    price = "; it leaves 100% of the objects whole, cuts a part off 0% and loses 0%"
    many = world(20, bias=1, seed=0).with_columns(pl.col("x0", "y0").clip(1))
    same = many.with_columns(image_id=pl.lit("one"))
    assert (
        f"repairs the placement bias cannot be told from a single image{price}"
        in repair(same, augmentation=squashed()).finding
    )
    edge = many.head(1).with_columns(image_id=pl.lit("other"), x0=0.0)
    assert repair(pl.concat([same, edge]), augmentation=squashed()).finding.startswith(
        "Too few objects are clear of the frame to say whether Resize"
    )
    large = in_squares(50, 1, 0).with_columns(x0=100.0, y0=100.0, x1=200.0, y1=200.0)
    cropped = repair(large, augmentation=central_crop(20)).finding
    assert cropped.startswith("CenterCrop(20) leaves too few objects clear of the frame")
    assert "whole, cuts a part off 100% and loses 0%" in cropped


def test_the_apparent_scale_ratio_is_the_closed_form() -> None:
    """Square image, scale up to .7 so that no draw is rejected: 0.875 / sqrt(median share .39)."""
    rng = np.random.default_rng(0)
    count = 3000
    corner = rng.integers(0, 400, (count, 2)).astype(float)
    frame = world(count, bias=1, seed=0).with_columns(
        x0=corner[:, 0], y0=corner[:, 1], x1=corner[:, 0] + 50, y1=corner[:, 1] + 50, image_width=512, image_height=512
    )
    result = repair(frame, augmentation=resized_crop(scale=(0.08, 0.7)))
    low, high = bounds(result, "apparent_scale_ratio")
    assert low < 0.875 / 0.39**0.5 < high


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("RandomResizedCrop(64)", True),
        ("RandomResizedCrop(size=64, ratio=[1, 2])", True),
        ("RandomResizedCrop(64), Grayscale()", False),
        ("RandomResizedCrop((64, 32))", False),
        ("RandomResizedCrop(64, antialias=True)", False),
        ("RandomResizedCrop(64, scale=(1, 0.5))", False),
        ("RandomResizedCrop(64, scale=(0.5, 1.5))", False),
        ("CenterCrop(64)", False),
        ("Resize(256), CenterCrop(224)", False),
    ],
)
def test_text_that_names_a_law_is_the_law(text: str, law: bool) -> None:
    assert (law_of(text) is not None) == law


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("Resize(256), CenterCrop(224)", True),
        ("Compose([Resize(size=40), CenterCrop(32)])", True),
        ("CenterCrop(224), Resize(256)", False),
        ("Resize(256), CenterCrop((224, 224))", False),
        ("Resize((256, 256)), CenterCrop(224)", False),
        ("Resize(256, antialias=True), CenterCrop(224)", False),
        ("Resize(0), CenterCrop(224)", False),
        ("RandomResizedCrop(64)", False),
        ("Resize(256)", False),
    ],
)
def test_text_that_names_the_usual_evaluation_is_its_law(text: str, law: bool) -> None:
    """So that all boxes can be used where only the augmentation has a law."""
    assert (evaluation_of(text) is not None) == law
    if law:
        assert repair(world(50, bias=1, seed=1), evaluation=text).parameters["boxes"] == 50


def test_a_law_by_name_gives_the_numbers_of_the_law() -> None:
    frame = world(200, bias=2, seed=7)
    assert repair(frame, augmentation="RandomResizedCrop(224)") == repair(frame)


def test_what_cannot_be_told_is_not_called_repaired() -> None:
    """Few boxes: the effect after may be 0, and may not."""
    result = repair(world(150, bias=3, seed=8))
    assert bounds(result, "effect_after")[0] == 0 < bounds(result, "effect_before")[0]
    assert bounds(result, "effect_change")[1] < 0
    assert "cannot be told" in result.finding


def test_the_order_of_rows_does_not_matter_and_the_seed_decides() -> None:
    frame = world(500, bias=2, seed=4)
    assert repair(frame) == repair(frame.sample(fraction=1, shuffle=True, seed=1))
    assert repair(frame) == repair(frame.lazy())
    assert repair(frame, seed=1).scalars != repair(frame).scalars


def test_unusable_boxes_are_counted_and_unknown_sizes_noted() -> None:
    frame = world(50, bias=1, seed=5)
    bad = frame.head(3).with_columns(x0=pl.Series([float("nan"), -30.0, 90.0]), x1=pl.Series([5.0, 5.0, 80.0]))
    result = repair(pl.concat([frame, bad]))
    assert (result.parameters["left_out"], result.parameters["boxes"]) == (3, 50)
    shares = frame.with_columns(
        x0=pl.col("x0") / pl.col("image_width"),
        x1=pl.col("x1") / pl.col("image_width"),
        y0=pl.col("y0") / pl.col("image_height"),
        y1=pl.col("y1") / pl.col("image_height"),
        image_width=pl.lit(None, pl.Int32),
        image_height=pl.lit(None, pl.Int32),
    )
    said = [note for note in repair(shares).notes if "unknown size" in note]
    assert len(said) == 1
    assert "1000 x 1000 pixels, in which a side touches the frame within 1 px." in said[0]


def in_shares(near: float, count: int = 200) -> pl.DataFrame:
    """Boxes in images of unknown size, every other one ``near`` the left of its frame."""
    x, y = np.random.default_rng(0).uniform(0.1, 0.5, (2, count)).round(3)
    x[::2] = near
    columns = {"x0": x, "y0": y, "x1": x + 0.25, "y1": y + 0.25}
    frame = pl.DataFrame({"image_id": [f"{row}" for row in range(count)], "label": "a"} | columns)
    return frame.with_columns(image_width=pl.lit(None, pl.Int32), image_height=pl.lit(None, pl.Int32))


@pytest.mark.parametrize(("near", "share"), [(0.0, 0.5), (0.000625, 0.5), (0.00099, 0.5), (0.00101, 0.0)])
def test_a_thousandth_of_a_frame_of_unknown_size_is_contact_for_all(near: float, share: float) -> None:
    frame = in_shares(near)
    where = position(count_boxes(frame), monte_carlo=99)
    assert where.scalar("edge_contact").value == share
    assert repair(frame).scalar("edge_contact_before").value == share
    assert repair(frame, augmentation=squashed(8)).scalar("edge_contact_after").value == share
    pooled = compare(frame, frame, permutations=99).table("pooled")
    assert pooled["a"][pooled["measure"].index("edge_contact")] == share


def test_fractions_are_no_pixels_though_a_thousand_of_them_are() -> None:
    """Three decimals, times 1000, are whole numbers: as in the counts they are not spread over pixels of their own."""
    frame = in_shares(0.2)
    made = columns_of(frame)
    assert np.allclose(made.corners, made.corners.round())
    found = position_of(made.corners, made.width, made.height, made.sized, np.full((4, made.n), 0.75))
    np.testing.assert_allclose(found.feasible[0], frame.sort("image_id")["x0"].to_numpy() / 0.75)


def test_nothing_to_say_of_no_boxes() -> None:
    result = repair(world(4, bias=1, seed=0).head(0))
    assert result.scalar("effect_before").value is None
    assert result.finding.startswith("There are no objects")


def test_sampling_is_by_image_and_said() -> None:
    frame = world(400, bias=1, seed=6, per_image=2)
    result = repair(frame, most_boxes=200)
    used = result.parameters["boxes"]
    assert isinstance(used, int)
    assert used % 2 == 0
    assert 150 < used < 250
    assert any("sampled" in note for note in result.notes)


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"groups": 1}])
def test_impossible_settings(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        repair(world(5, bias=1, seed=0), **wrong)  # type: ignore[arg-type]


def test_the_effect_over_groups_is_the_mean_over_pairs_of_groups() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, (3, 6, 4))
    for row, value in zip(counts, grouped_effect(counts).value, strict=True):
        pairs = [(g, h) for g in range(6) for h in range(6) if g != h]
        top = sum((row[g] * row[h]).sum() for g, h in pairs)
        bottom = sum(row[g].sum() * row[h].sum() for g, h in pairs)
        assert value == pytest.approx(max(0.0, (4 * top / bottom - 1) / 3) ** 0.5)


PER_CLASS = ("effect_before", "effect_after", "visible_fraction", "apparent_scale_ratio")


def in_row(result: Result, name: str, row: int = 0) -> list[float]:
    table = result.table("classes")
    return [table[f"{name}{end}"][row] for end in ("", "_low", "_high")]


def test_numbers_of_a_class_have_the_intervals_that_it_has_alone() -> None:
    """Where all boxes are of one class its row is the whole, by the same groups; shares are of groups, not images."""
    result = repair(world(900, bias=2, seed=1).with_columns(label=pl.lit("a")))
    for name in PER_CLASS:
        within = 0.004 if name == "visible_fraction" else 1e-12
        value, *ends = in_row(result, name)
        assert value == pytest.approx(result.scalar(name).value)
        assert ends == pytest.approx(bounds(result, name), abs=within), name


def test_numbers_of_one_of_several_classes_have_intervals_over_its_images() -> None:
    """A central crop draws nothing: of each class what is seen of it alone; three boxes an image are one image."""
    frame = world(300, bias=2, seed=2, per_image=3)
    result = repair(frame, augmentation=central_crop(120), draws=2)
    for row, label in enumerate("abc"):
        alone = repair(frame.filter(pl.col("label") == label), augmentation=central_crop(120), draws=2)
        for name in PER_CLASS[2:]:
            within = 0.04 if name == "visible_fraction" else 1e-12
            value, *ends = in_row(result, name, row)
            assert value == pytest.approx(alone.scalar(name).value)
            assert ends == pytest.approx(bounds(alone, name), abs=within), (label, name)


def test_intervals_of_classes_of_one_image_and_of_none_left() -> None:
    """One image says nothing of an effect, and its share may be anything; of a lost class there is no effect after."""
    frame = in_squares(40, 1, 0).with_columns(label=pl.Series(["a", "b"] + ["c"] * 38))
    at = {"x0": 0.0, "x1": 40.0}
    frame = frame.with_columns(
        pl.when(pl.col("label") == "b").then(to).otherwise(name).alias(name) for name, to in at.items()
    )
    classes = repair(frame, augmentation=central_crop(200)).table("classes")
    for name in ("effect_before", "effect_before_low", "effect_before_high", "effect_after"):
        assert classes[name][0] is None
    assert classes["visible_fraction"][1] == classes["visible_fraction_low"][1] == 0
    assert classes["visible_fraction_high"][1] == pytest.approx(0.975)


def test_effects_of_classes_with_few_boxes_have_no_bounds() -> None:
    """Two boxes in one cell agree; so do they by chance."""
    classes = repair(world(40, bias=2, seed=1).with_columns(label=pl.Series(["a"] * 9 + ["b"] * 31))).table("classes")
    assert classes["effect_before_low"][0] is classes["effect_before_high"][0] is None
    assert classes["effect_before"][0] is not None
    assert classes["effect_before_low"][1] is not None


def test_neither_torch_nor_seaborn_is_imported() -> None:
    code = (
        "import sys, polars as pl; from biasscope.bias.repair import repair;"
        "repair(pl.DataFrame({'image_id': ['a'], 'label': ['b'], 'x0': [1.0], 'y0': [1.0], 'x1': [2.0], 'y1': [2.0],"
        "'image_width': [9], 'image_height': [9]}));"
        "print([m for m in ('torch', 'seaborn', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def said(before: tuple[float, float], change: tuple[float, float], after: tuple[float, float]) -> str:
    scalars = {
        f"effect_{name}": Scalar(f"effect_{name}", sum(pair) / 2, interval=interval(*pair))
        for name, pair in (("before", before), ("change", change), ("after", after))
    }
    prices = {name: Scalar(name, 0.1) for name in ("cut", "lost", "apparent_scale_ratio")}
    return finding("Crop", scalars | prices, 9)


@pytest.mark.parametrize(
    ("before", "change", "after", "words"),
    [
        ((0.0, 0.155), (-0.06, 0.02), (0.05, 0.12), "does not measurably change"),
        ((0.0, 0.02), (0.01, 0.09), (0.05, 0.12), "brings in a placement bias"),
        ((0.03, 0.05), (0.01, 0.09), (0.05, 0.12), "makes the placement bias stronger"),
        ((0.0, 0.155), (-0.06, -0.02), (0.0, 0.05), "weakens the placement bias, and whether"),
        ((0.1, 0.155), (-0.06, -0.02), (0.04, 0.09), "weakens the placement bias but does not remove it"),
        ((0.1, 0.155), (-0.06, 0.0), (0.04, 0.09), "does not measurably change"),
        ((0.0, 0.01), (-0.01, 0.01), (0.0, 0.01), "does not measurably change the placement bias, of which none"),
    ],
)
def test_the_change_decides_the_words(
    before: tuple[float, float], change: tuple[float, float], after: tuple[float, float], words: str
) -> None:
    assert f"Crop {words}" in said(before, change, after)


def test_every_number_has_its_n_and_its_population() -> None:
    frame = world(300, bias=2, seed=3, per_image=2)
    result = repair(frame, draws=3)
    n = {item.name: item.n for item in result.scalars}
    assert None not in n.values()
    clear = (pl.col("x0") > 0) & (pl.col("y0") > 0)
    clear &= (pl.col("x1") < pl.col("image_width")) & (pl.col("y1") < pl.col("image_height"))
    assert n["effect_before"] == n["displacement_v_before"] == frame.filter(clear).height
    assert n["median_scale_before"] == n["visible_fraction"] == 600
    assert 0 < (n["effect_after"] or 0) < (n["edge_contact_after"] or 0) <= 600
    lost = result.scalar("lost").value
    assert n["median_scale_after"] == pytest.approx(600 * (1 - (lost or 0)), abs=1)
    assert "of all objects" in result.scalar("median_scale_before").title
    assert "objects clear of the frame" in result.finding
    assert any("all 600 boxes" in note for note in result.notes)
    assert any("of 600 boxes" in note for note in repair(frame, most_boxes=200).notes)


def test_objects_that_fill_the_frame_are_in_the_middle_of_the_map() -> None:
    """After a crop into an object its visible part is the frame: the map must not lean to a side for it."""
    frame = world(2000, bias=1, seed=6).with_columns(
        x0=pl.lit(0.0),
        y0=pl.lit(0.0),
        x1=pl.col("image_width").cast(pl.Float64),
        y1=pl.col("image_height").cast(pl.Float64),
    )
    maps = repair(frame).table("maps")
    for name in ("before", "after"):
        middle = np.reshape(maps["counts"][maps["name"].index(name)], (8, 8))[3:5, 3:5]
        n = 2000 if name == "before" else 8000
        assert middle.sum() == n
        assert np.abs(middle / n - 0.25).max() < 4 * np.sqrt(3 / 16 / n)
