"""The comparison of two sides on worlds with a known answer."""

import numpy as np
import polars as pl
import pytest

from biasscope.bias.compare import compare, splits
from biasscope.bias.compare.looks import sides_of
from biasscope.bias.compare.permutation import stages
from biasscope.bias.testing import adjust
from biasscope.core.errors import InputError, UsageError
from biasscope.core.results import Result

CLASSES = 500


def boxes(
    images: int,
    *,
    seed: int,
    classes: int = CLASSES,
    shift: float = 0.0,
    shifted: int = 0,
    grow: float = 1.0,
    copies: int = 1,
) -> pl.DataFrame:
    """``images`` images of every class; the first ``shifted`` classes are pressed down; copies are jittered."""
    rng = np.random.default_rng(seed)
    n = images * classes
    label = np.repeat(np.arange(classes), images)
    side = rng.uniform(20, 60, n) * grow
    u, v = rng.beta(2, 2, (2, n))
    v = np.where(label < shifted, v * (1 - shift) + shift, v)
    repeated = np.repeat(np.arange(n), copies)
    jitter = rng.normal(0, 0.5, (2, n * copies)) * (copies > 1)
    x = np.clip((u * (200 - side))[repeated] + jitter[0], 0, 200 - side[repeated])
    y = np.clip((v * (200 - side))[repeated] + jitter[1], 0, 200 - side[repeated])
    return pl.DataFrame(
        {
            "image_id": [f"{seed}-{row}" for row in repeated],
            "label": [f"{name:04}" for name in label[repeated]],
            "x0": x,
            "y0": y,
            "x1": x + side[repeated],
            "y1": y + side[repeated],
            "image_width": 200,
            "image_height": 200,
        }
    )


def crowded(images: int, classes: int, *, seed: int, shift: float = 0.0) -> pl.DataFrame:
    """Every image holds every class in the very same place; the first class is pressed down."""
    one, first = boxes(images, seed=seed, classes=1), boxes(images, seed=seed, classes=1, shift=shift, shifted=1)
    return pl.concat([first, *(one.with_columns(label=pl.lit(f"{name:04}")) for name in range(1, classes))])


def test_the_pooled_distances_say_of_how_many_boxes_they_are() -> None:
    """60 boxes on one side and 40 on the other, of which those as large as their frame have no position."""
    first, second = boxes(60, seed=1, classes=1), boxes(40, seed=2, classes=1)
    whole = pl.int_range(pl.len()) < 7
    corners = {"x0": 0.0, "y0": 0.0, "x1": 200.0, "y1": 200.0}
    second = second.with_columns(
        pl.when(whole).then(at).otherwise(pl.col(name)).alias(name) for name, at in corners.items()
    )
    result = compare(first, second, permutations=99)
    assert [result.scalar(f"pooled_distance{of}").n for of in ("", "_scale")] == [93, 100]


def classes_of(result: Result) -> pl.DataFrame:
    return pl.DataFrame({item.name: item.values for item in result.table("classes").columns})


@pytest.mark.parametrize(("copies", "per_image"), [(1, "all"), (3, "all"), (3, "one")])
def test_no_difference_no_inflation(copies: int, per_image: str) -> None:
    """500 classes alike on both sides; also with three jittered boxes an image."""
    a, b = boxes(25, seed=1, copies=copies), boxes(15, seed=2, copies=copies)
    found = classes_of(compare(a, b, per_image=per_image, seed=3))  # type: ignore[arg-type]
    for p, q in (("p", "q"), ("p_scale", "q_scale")):
        assert 0.02 < (found[p] <= 0.05).mean() < 0.08
        assert (found[p] <= 0.001).sum() <= 4
        assert (found[q] <= 0.05).sum() <= 3
    for name in ("distance", "scale_distance"):
        assert (found[f"{name}_low"] <= 0).mean() > 0.95
    for name in ("difference_u", "difference_v"):
        covered = (found[f"{name}_low"] <= 0) & (found[f"{name}_high"] >= 0)
        assert 0.92 < covered.mean() < 0.985


def test_every_class_keeps_all_its_images_in_one_mode() -> None:
    """Six classes an image: 60 and 50 images of each are compared, not a sixth of them; and 60 and 50 together."""
    a, b = crowded(60, 6, seed=1), crowded(50, 6, seed=2, shift=0.4)
    result = compare(pl.concat([a, a]), b, per_image="one")
    found = classes_of(result).sort("label")
    assert found["boxes_a"].to_list() == found["images_a"].to_list() == [60] * 6
    assert found["boxes_b"].to_list() == found["images_b"].to_list() == [50] * 6
    assert found["verdict"].to_list() == ["different"] + ["not rejected"] * 5
    sides = sides_of(pl.concat([a, a]), b, per_image="one", most=10**6, seed=0)
    assert sides.together.boxes().sum(0).tolist() == [60, 50]
    every = sides_of(pl.concat([a, a]), b, per_image="all", most=10**6, seed=0)
    assert every.together.boxes().sum(0).tolist() == [720, 300]
    assert every.alone.boxes().sum(0).tolist() == [120, 50]


def test_the_one_of_an_image_is_any_of_its_boxes() -> None:
    """Three cats and one dog an image: 400 images are stood for by about 300 cats, binomial."""
    cat, dog = crowded(400, 2, seed=1).partition_by("label", maintain_order=True)
    sides = sides_of(pl.concat([cat, cat, cat, dog]), dog, per_image="one", most=10**6, seed=0)
    assert sides.boxes()[:, 0].tolist() == [400, 400]
    assert abs(sides.together.boxes()[0, 0] - 300) < 4 * np.sqrt(400 * 3 / 16)


@pytest.mark.parametrize("per_image", ["one", "all"])
def test_the_pooled_p_holds_where_images_hold_several_classes(per_image: str) -> None:
    """Up to eight classes in one place an image: permuted apart, 99 of 100 worlds come out below 5 %."""
    p = []
    for seed in range(100):
        a, b = (crowded(n, 8, seed=2 * seed + at) for at, n in enumerate((30, 20)))
        a, b = (side.filter(pl.int_range(pl.len()).over("label") >= pl.col("label").cast(int)) for side in (a, b))
        result = compare(a, b, per_image=per_image, permutations=199, seed=seed)  # type: ignore[arg-type]
        p.append(result.scalar("pooled_p").value or 0)
    assert (np.array(p) <= 0.05).sum() <= 5 + 3 * np.sqrt(5)
    assert 0.35 < np.mean(p) < 0.65


def test_notes_say_how_images_of_several_classes_count() -> None:
    a, b = crowded(10, 3, seed=1), crowded(10, 3, seed=2)
    said = {how: " ".join(compare(a, b, per_image=how).notes) for how in ("all", "one")}  # type: ignore[arg-type]
    assert "the pooled p takes one class of an image" in said["all"]
    assert "One box of a class an image is compared" in said["one"]
    assert "Every box counts" not in " ".join(compare(boxes(9, seed=1), boxes(9, seed=2)).notes)


def test_differences_are_found_and_only_they() -> None:
    a, b = boxes(50, seed=1), boxes(50, seed=2, shift=0.35, shifted=250)
    found = classes_of(compare(a, b)).sort("label")
    different = (found["verdict"] == "different").to_numpy()
    assert different[:250].mean() > 0.95
    assert different[250:].mean() < 0.05
    assert (found["difference_v"].to_numpy()[:250] > 0).all()


def test_a_lone_difference_among_a_thousand_classes_is_found() -> None:
    a, b = boxes(30, seed=1, classes=1000), boxes(30, seed=2, classes=1000, shift=0.6, shifted=1)
    result = compare(a, b)
    found = classes_of(result).filter(pl.col("label") == "0000")
    assert found["verdict"].to_list() == ["different"]
    assert found["p"][0] <= 5.001e-5
    assert found["permutations"][0] == 19_999
    assert result.scalar("classes_different").value in (1.0, 2.0)


def test_scale_is_a_question_of_its_own() -> None:
    result = compare(boxes(40, seed=1, classes=20), boxes(40, seed=2, classes=20, grow=1.5))
    assert result.scalar("classes_different").value == 0
    assert result.scalar("classes_different_scale").value == 20
    assert result.scalar("pooled_p_scale").value == 0.001


@pytest.mark.parametrize("side", [0.3, 7.0, 50.0])
@pytest.mark.parametrize("images", [12, 31, 60])
def test_boxes_that_are_all_alike_differ_in_nothing(images: int, side: float) -> None:
    """Where nothing varies the statistic is rounding alone, and no permutation may win by it."""
    rows = {"x0": 10.0, "y0": 20.0, "x1": 10.0 + side, "y1": 20.0 + side, "image_width": 200, "image_height": 100}
    names = [f"{number}" for number in range(images)]
    frame = pl.DataFrame({"image_id": names, "label": [f"c{number % 3}" for number in range(images)]})
    frame = frame.with_columns(**{name: pl.lit(value) for name, value in rows.items()})
    result = compare(frame, frame.with_columns(image_id="b" + pl.col("image_id")), minimum=2)
    assert [result.scalar(name).value for name in ("pooled_p", "pooled_p_scale")] == [1.0, 1.0]


def test_a_difference_in_scale_is_said_where_position_cannot_be_tested() -> None:
    """Boxes as high as their frame have no position down, but a size."""
    sides = (boxes(30, seed=seed, classes=1, grow=grow) for seed, grow in ((1, 1.0), (2, 2.0)))
    high = [side.with_columns(y0=pl.lit(0.0), y1=pl.lit(200.0)) for side in sides]
    result = compare(*high)
    assert result.finding.startswith("A and B differ in position in none, as no class has enough images")
    assert "in scale in 1 of 1" in result.finding


def test_small_differences_of_every_class_show_when_pooled() -> None:
    a, b = boxes(8, seed=1, classes=100), boxes(8, seed=2, classes=100, shift=0.1, shifted=100)
    result = compare(a, b)
    assert (result.scalar("classes_different").value or 0) < 5
    assert result.scalar("pooled_p").value == 0.001
    same = compare(a, boxes(8, seed=3, classes=100))
    assert (same.scalar("pooled_p").value or 0) > 0.01


def test_the_sentence_judges_the_pooled_p_at_the_level_asked_for() -> None:
    a, b = boxes(8, seed=1, classes=100), boxes(8, seed=4, classes=100, shift=0.01, shifted=100)
    p = compare(a, b).scalar("pooled_p").value or 0
    for alpha, words in ((p * 1.01, "position differs"), (p * 0.99, "position does not measurably differ")):
        assert words in compare(a, b, alpha=alpha).finding


def test_the_pooled_p_does_not_see_the_mix_of_classes() -> None:
    """Two classes in opposite corners: the pooled distributions differ, each class does not."""
    up, down = boxes(120, seed=1, classes=1), boxes(120, seed=2, classes=1, shift=0.6, shifted=1)
    down = down.with_columns(label=pl.lit("0001"))
    a = pl.concat([up.head(60), down.head(20)])
    b = pl.concat([up.tail(20), down.tail(60)])
    result = compare(a, b)
    assert (result.scalar("pooled_p").value or 0) > 0.01
    assert (result.scalar("pooled_distance").value or 0) > 0.2


def test_classes_of_one_side_are_listed_and_not_tested() -> None:
    a = boxes(10, seed=1, classes=3)
    b = boxes(10, seed=2, classes=4).filter(pl.col("label") != "0001")
    result = compare(a, b)
    found = {row["label"]: row for row in classes_of(result).iter_rows(named=True)}
    assert {label: row["verdict"] for label, row in found.items()} == {
        "0000": "not rejected",
        "0001": "not tested",
        "0002": "not rejected",
        "0003": "not tested",
    }
    assert (found["0001"]["boxes_a"], found["0001"]["boxes_b"]) == (10, 0)
    assert found["0003"]["p"] is None
    assert found["0003"]["distance"] is None
    assert result.parameters["family"] == 2
    assert any(note.startswith("2 classes occur on one side only") for note in result.notes)


def test_what_occurs_is_counted_over_all_boxes() -> None:
    """Each image holds both classes, but a sample of the images holds few of them: neither is on one side only."""
    a, b = crowded(300, 2, seed=1), crowded(300, 2, seed=2)
    rare = pl.DataFrame({"image_id": ["x"], "label": ["rare"]})
    a, b = (pl.concat([side, side.head(1).with_columns(rare["image_id"], rare["label"])]) for side in (a, b))
    lone = b.tail(1).with_columns(label=pl.lit("lone"))
    result = compare(a, pl.concat([b, lone]), per_image="one", most_boxes=60)
    notes = " ".join(result.notes)
    assert "1 class occurs on one side only; it is listed and not tested." in notes
    assert "1 class is not tested, with fewer than 5 usable images on a side of the sample." in notes
    tested = classes_of(result).filter(pl.col("verdict") != "not tested")["label"].sort()
    assert tested.to_list() == ["0000", "0001"]


def test_of_samples_is_not_said_what_only_all_boxes_tell() -> None:
    a = boxes(6, seed=1, classes=1)
    b = a.with_columns(label=pl.lit("other"))
    found = compare(a, b, available=(6, 60))
    assert found.parameters["boxes_available"] == 66
    assert "2 classes occur on one side of the sample only; they are listed and not tested." in found.notes
    assert any(note.startswith("Boxes were sampled; ") for note in found.notes)
    assert "2 classes occur on one side only; they are listed and not tested." in compare(a, b, available=(6, 6)).notes


def test_no_class_together_on_both_sides_compares_all_boxes() -> None:
    """Every image of a is stood for by one of a hundred other boxes, so no shared class is left for the pooled test."""
    b = boxes(6, seed=2, classes=1)
    many = [boxes(6, seed=1, classes=1).with_columns(label=pl.lit(f"a{name}")) for name in range(400)]
    result = compare(pl.concat([boxes(6, seed=1, classes=1), *many]), b, per_image="one")
    assert result.scalar("tested").value == 1
    assert result.scalar("pooled_p").n is None
    assert "in scale in 0 of 1; over all boxes together, whatever their class, position" in result.finding


def test_classes_that_are_not_tested_stand_behind_those_that_are() -> None:
    """Two boxes against two are far apart by chance, and would come first."""
    first, second = (boxes(4, seed=seed, classes=30) for seed in (1, 2))
    many = [boxes(30, seed=seed, classes=3) for seed in (3, 4)]
    tested = pl.col("label").replace({f"{name:04}": f"many {name}" for name in range(3)})
    rows = compare(
        *(pl.concat([few, more.with_columns(tested)]) for few, more in zip((first, second), many, strict=True))
    ).table("classes")
    assert [label.startswith("many") for label in rows["label"]] == [True] * 3 + [False] * 30
    for part in (rows["distance"][:3], rows["distance"][3:]):
        assert list(part) == sorted(part, reverse=True)


def test_nothing_in_common() -> None:
    a = boxes(6, seed=1, classes=1)
    result = compare(a, a.with_columns(label=pl.lit("other")))
    assert "share no class" in result.finding
    assert result.scalar("pooled_p").value == result.scalar("pooled_p_scale").value == 1.0
    for few in (a.head(0), a.head(4)):
        one_sided = compare(a, few.with_columns(label=pl.lit("other")))
        assert one_sided.scalar("tested").value == 0
        assert one_sided.scalar("pooled_p").value is None
        assert one_sided.finding.endswith("on both sides to be compared.")


def test_all_boxes_are_one_class_where_the_sides_share_none() -> None:
    a = crowded(60, 3, seed=1)
    b = boxes(60, seed=2, classes=1, shift=0.5, shifted=1, grow=1.5).with_columns(label=pl.lit("other"))
    result = compare(a, b)
    assert [result.scalar(name).value for name in ("pooled_p", "pooled_p_scale")] == [0.001, 0.001]
    assert result.scalar("pooled_p").n is None
    assert "; over all boxes together, whatever their class, position differs (p = 0.001) and" in result.finding
    notes = " ".join(result.notes)
    assert "the pooled p compares all boxes whatever their class" in notes
    assert "The pooled p compares the sides within classes" not in notes
    assert "takes one class of an image" not in notes


def test_without_a_common_class_the_pooled_p_keeps_its_level() -> None:
    """Boxes of an image lie in one place: were boxes permuted, not images, most of these p would be small."""
    p = []
    for seed in range(40):
        a, b = (crowded(n, 4, seed=2 * seed + at) for at, n in enumerate((30, 20)))
        result = compare(a, b.with_columns(label="b" + pl.col("label")), permutations=199, seed=seed)
        p.append(result.scalar("pooled_p").value or 0)
    assert (np.array(p) <= 0.05).sum() <= 2 + 3 * np.sqrt(2)
    assert 0.35 < np.mean(p) < 0.65


def test_classes_too_small_to_be_tested_are_permuted_within_all_the_same() -> None:
    """Two images a class and side: no class is tested, and another mix of classes does not make the pooled p small."""
    a, b = boxes(2, seed=1, classes=80), boxes(2, seed=2, classes=80, shift=0.4, shifted=80)
    result = compare(a, b)
    assert result.scalar("tested").value == 0
    assert (result.scalar("pooled_p").n, result.scalar("pooled_p").value) == (80, 0.001)
    assert "; over 80 classes on both sides together position differs (p = 0.001)" in result.finding
    assert (compare(a, boxes(2, seed=3, classes=80)).scalar("pooled_p").value or 0) > 0.01


def test_all_of_these_are_the_tested_classes_whatever_position_is_permuted_within() -> None:
    """Three classes as wide as their frame are tested for scale alone; "these" stood behind six that are too small."""
    sides = []
    for seed in (1, 2):
        wide = boxes(10, seed=seed, classes=3).with_columns(label="w" + pl.col("label"), x0=0.0, x1=200.0)
        sides.append(pl.concat([wide, boxes(3, seed=seed + 2, classes=6)]))
    found = compare(*sides)
    assert [found.scalar(f"pooled_p{suffix}").n for suffix in ("", "_scale")] == [6, 3]
    said = found.finding.partition("and in scale in ")[2].split("; ")
    assert said[0].endswith(" of 3")
    assert said[1].startswith("over all of these together scale ")
    assert said[2].startswith("over 6 classes on both sides together position ")


def test_a_part_of_the_tested_classes_is_not_all_of_these() -> None:
    """Images of three classes stand for one of them; the fourth is in one image of its own on side b, and is left."""
    a, b = (pl.concat([crowded(60, 3, seed=seed), boxes(1, seed=seed + 2, classes=1)]) for seed in (1, 2))
    few = crowded(60, 30, seed=3)
    found = compare(few, crowded(7, 30, seed=4))
    within = found.scalar("pooled_p").n
    assert within is not None
    assert 0 < within < 30 == found.scalar("tested").value
    assert f"over {within} classes on both sides together" in found.finding
    assert "over all of these together" in compare(a, b).finding


def test_two_sides_without_a_class_are_refused() -> None:
    some = boxes(6, seed=1, classes=1)
    nameless = some.with_columns(label=pl.lit(None, pl.String))
    for a, b in ((some.head(0), some.head(0)), (nameless, some.lazy().head(0))):
        with pytest.raises(InputError, match=r"neither side has a box with a label\. Classes are"):
            compare(a, b)
    assert compare(nameless, some).scalar("tested").value == 0


def test_order_of_rows_names_of_classes_and_of_sides() -> None:
    a, b = boxes(12, seed=1, classes=5), boxes(9, seed=2, classes=5, shift=0.4, shifted=2)
    first = compare(a, b)
    assert first == compare(
        a.sample(fraction=1, shuffle=True, seed=0), b.sample(fraction=1, shuffle=True, seed=1).lazy()
    )
    renamed = compare(*(frame.with_columns(label="x" + pl.col("label")) for frame in (a, b)))
    assert [f"x{label}" for label in first.table("classes")["label"]] == renamed.table("classes")["label"]
    assert first.table("classes")["p"] == renamed.table("classes")["p"]
    swapped = classes_of(compare(b, a)).sort("label")
    np.testing.assert_allclose(swapped["distance"], classes_of(first).sort("label")["distance"], atol=1e-9)


def test_splits_are_compared_with_the_largest() -> None:
    parts = [
        boxes(count, seed=seed, classes=3).with_columns(split=pl.lit(name))
        for seed, (name, count) in enumerate([("val", 10), ("train", 30), ("test", 20)])
    ]
    made = splits(pl.concat(parts), permutations=199)
    assert [(item.kind, item.parameters["a"], item.parameters["b"]) for item in made] == [
        ("splits", "train", "test"),
        ("splits", "train", "val"),
    ]
    assert splits(parts[0]) == []


def test_pooled_p_values_of_several_pairs_of_splits_are_corrected() -> None:
    """Of many splits that do not differ, one in twenty has a small p."""
    parts = [boxes(12, seed=40 + split, classes=3).with_columns(split=split) for split in range(8)]
    made = splits(pl.concat(parts), permutations=199, correction="holm")
    for suffix in ("", "_scale"):
        p = [item.scalar(f"pooled_p{suffix}").value for item in made]
        q = [item.scalar(f"pooled_q{suffix}").value for item in made]
        assert q == adjust(p, "holm").tolist()  # type: ignore[arg-type]
        assert min(q) > 0.05  # type: ignore[type-var]
    assert min(item.scalar("pooled_p_scale").value for item in made) < 0.05  # type: ignore[type-var]
    assert all("does not measurably differ (corrected p = " in item.finding for item in made)
    assert made[0].finding.startswith("split 0 and split 1 differ")
    assert "the 7 pairs of splits" in made[0].notes[-1]
    (alone,) = splits(pl.concat(parts[:2]), permutations=199)
    assert "pooled_q" not in {item.name for item in alone.scalars}


@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_the_classifier_is_at_chance_unless_there_is_a_difference(scale: float) -> None:
    """Unequal numbers of images and a different mix of classes must not help it."""
    a = pl.concat([boxes(60, seed=1, classes=10), boxes(40, seed=3, classes=5)])
    b = boxes(80, seed=2, classes=10, grow=scale)
    found = compare(a, b, classifier=True).scalar("classifier_accuracy")
    assert found.interval is not None
    assert found.value is not None
    if scale == 1.0:
        assert found.interval.low <= 0.5 <= found.interval.high
    else:
        assert found.interval.low > 0.55


@pytest.mark.parametrize(
    ("correction", "family", "last"),
    [("bh", 1000, 19_999), ("holm", 1000, 19_999), ("by", 1000, 149_709), ("none", 1000, 999)],
)
def test_the_last_stage_is_enough_for_a_lone_discovery(correction: str, family: int, last: int) -> None:
    made = stages(999, family, 0.05, correction)
    harmonic = sum(1 / rank for rank in range(1, family + 1)) if correction == "by" else 1.0
    assert made[-1] == last
    assert correction == "none" or 1 / (made[-1] + 1) * family * harmonic <= 0.05 + 1e-12
    assert list(made) == sorted(set(made))


@pytest.mark.parametrize(
    "wrong",
    [{"permutations": 10}, {"alpha": 0.0}, {"minimum": 1}, {"groups": 1}, {"per_image": "two"}, {"correction": "x"}],
)
def test_impossible_settings(wrong: dict[str, object]) -> None:
    a = boxes(6, seed=1, classes=1)
    with pytest.raises(UsageError):
        compare(a, a, **wrong)  # type: ignore[arg-type]


def test_large_sides_are_sampled_by_image_and_that_is_said() -> None:
    a, b = boxes(60, seed=1, classes=4), boxes(60, seed=2, classes=4)
    result = compare(a, b, most_boxes=100)
    assert 70 < int(str(result.parameters["boxes_a"])) < 130
    assert any("sampled" in note for note in result.notes)
