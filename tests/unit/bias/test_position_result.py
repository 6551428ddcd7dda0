"""The position result: the tables and scalars of its contract, ranking, words."""

import msgspec
import numpy as np
import polars as pl
import pytest

from biasscope.bias import count_boxes, effects, testing
from biasscope.bias.distances import jensen_shannon_interval
from biasscope.bias.position import placement, position
from biasscope.core.errors import UsageError
from biasscope.core.results import Result
from tests.box_scenes import frame, scene

SCALARS = [
    "classes",
    "tested",
    "nonuniform_raw",
    "nonuniform_feasible",
    "nonuniform_interior",
    "nonuniform_joint",
    "nonuniform_cvm_u",
    "nonuniform_cvm_v",
    "pooled_effect",
    "pooled_effect_raw",
    "pooled_displacement_u",
    "pooled_displacement_v",
    "pooled_concentration_u",
    "pooled_concentration_v",
    "pooled_correlation",
    "interior_p",
    "joint_p",
    "edge_contact",
    "design_effect",
    "median_effect",
]
PARAMETERS = [
    "bins",
    "alpha",
    "correction",
    "per_image",
    "minimum",
    "groups",
    "seed",
    "grid",
    "family",
    "monte_carlo",
    "monte_carlo_again",
]
COLUMNS = [
    "label",
    "boxes",
    "images",
    "tested_boxes",
    "verdict",
    "verdict_raw",
    "effect",
    "effect_low",
    "effect_high",
    "p",
    "q",
    "effect_raw",
    "effect_raw_low",
    "effect_raw_high",
    "p_raw",
    "q_raw",
    "p_interior",
    "q_interior",
    "p_joint",
    "q_joint",
    "p_cvm_u",
    "p_cvm_v",
    "q_cvm_u",
    "q_cvm_v",
    *(f"{name}{end}" for name in ("js", "w1_u", "w1_v") for end in ("", "_low", "_high")),
    "displacement_u",
    "displacement_u_low",
    "displacement_u_high",
    "displacement_v",
    "displacement_v_low",
    "displacement_v_high",
    "p_displacement_u",
    "p_displacement_v",
    "concentration_u",
    "concentration_u_low",
    "concentration_u_high",
    "concentration_v",
    "concentration_v_low",
    "concentration_v_high",
    "p_concentration_u",
    "p_concentration_v",
    "correlation",
    "correlation_low",
    "correlation_high",
    "p_correlation",
    *("edge_contact", "edge_contact_low", "edge_contact_high"),
    "edge_left",
    "edge_top",
    "edge_right",
    "edge_bottom",
    "slack_x",
    "slack_y",
    "no_slack_x",
    "no_slack_y",
    "design_effect",
    "map_feasible",
    "map_raw",
    "marginal_u",
    "marginal_v",
]
POOLED = [
    "effect",
    "js",
    "w1_u",
    "w1_v",
    "displacement_u",
    "displacement_v",
    "concentration_u",
    "concentration_v",
    "correlation",
]


@pytest.fixture(scope="module")
def boxes() -> pl.DataFrame:
    """A uniform class, a gathered one, and one too small to test."""
    gathered = scene(1, 150, beta=6, seed=5).with_columns(
        pl.format("g{}", "image_id").alias("image_id"), pl.lit("mid").cast(pl.Categorical()).alias("label")
    )
    small = scene(1, 4, seed=6).with_columns(
        pl.format("s{}", "image_id").alias("image_id"), pl.lit("rare").cast(pl.Categorical()).alias("label")
    )
    return pl.concat([scene(1, 150, seed=4), gathered, small])


@pytest.fixture(scope="module")
def counts(boxes):
    return count_boxes(boxes)


@pytest.fixture(scope="module")
def result(counts) -> Result:
    return position(counts)


def test_scalars_and_parameters_of_the_contract(result):
    assert [scalar.name for scalar in result.scalars] == SCALARS
    assert set(result.parameters) == set(PARAMETERS)
    assert result.parameters["family"] == result.scalar("tested").value == 2
    assert result.scalar("nonuniform_feasible").n == 2
    for name in (*SCALARS[8:15], "edge_contact"):
        scalar = result.scalar(name)
        assert scalar.interval.low <= scalar.value <= scalar.interval.high


def test_columns_of_the_contract(result):
    table = result.table("classes")
    assert {column.name for column in table.columns} == set(COLUMNS)
    assert table.height == 3
    lengths = {name: {len(cell) for cell in table[name]} for name in ("map_feasible", "map_raw", "marginal_u")}
    assert lengths == {"map_feasible": {64}, "map_raw": {64}, "marginal_u": {32}}


def test_other_tables_of_the_contract(result):
    assert result.table("pooled")["measure"] == POOLED
    assert [column.name for column in result.table("pooled").columns][2:] == [
        f"{side}{end}" for side in ("feasible", "raw") for end in ("", "_low", "_high", "_p")
    ]
    assert result.table("maps")["name"] == ["feasible", "raw", "interior"]
    assert result.table("joint")["name"] == ["cy_height", "cx_height"]
    assert result.table("joint")["rows"] == result.table("joint")["columns"] == [16, 16]
    assert result.table("marginals")["axis"] == ["u", "v", "cx", "cy"]
    assert {len(cell) for cell in result.table("marginals")["counts"]} == {64}


def test_all_classes_together_are_tested_like_one_class():
    boxes = scene(3, 60, beta=1.6, seed=11)
    apart = position(count_boxes(boxes))
    as_one = position(count_boxes(boxes.with_columns(pl.lit("all").cast(pl.Categorical()).alias("label"))))
    pooled, own = apart.table("pooled"), as_one.table("classes")
    p = dict(zip(pooled["measure"], pooled["feasible_p"], strict=True))
    assert p["effect"] == pytest.approx(own["p"][0], abs=0.01)
    for name, column in (("w1_u", "p_cvm_u"), ("w1_v", "p_cvm_v"), ("displacement_u", "p_displacement_u")):
        assert p[name] == pytest.approx(own[column][0])
    assert p["js"] is None
    assert pooled["raw_p"][0] == pytest.approx(own["p_raw"][0], abs=0.01)
    assert apart.scalar("interior_p").value == pytest.approx(own["p_interior"][0], abs=0.01)
    assert apart.scalar("joint_p").value == pytest.approx(own["p_joint"][0], abs=0.01)


def test_p_of_all_classes_together_holds_its_level():
    p = []
    for seed in range(200):
        table = position(count_boxes(scene(4, 15, beta=1.0, seed=seed)), monte_carlo=499).table("pooled")
        p.append([table["feasible_p"][0], table["feasible_p"][2], table["feasible_p"][4]])
    assert ((np.array(p) <= 0.05).mean(0) < 0.1).all()
    assert ((np.array(p) <= 0.5).mean(0) > 0.35).all()


def test_it_is_strict_json(result):
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result


def test_verdicts_and_ranking(result):
    table = result.table("classes")
    assert table["label"] == ["mid", "c0", "rare"]
    assert table["verdict"] == ["non-uniform", "not rejected", "not tested"]
    assert table["p"][2] is None
    assert table["q"][2] is None


def test_ranking_is_by_effect_not_by_p(counts):
    many = scene(1, 2000, beta=1.3, seed=7).with_columns(pl.format("m{}", "image_id").alias("image_id"))
    few = scene(1, 60, beta=5, seed=8).with_columns(pl.lit("few").cast(pl.Categorical()).alias("label"))
    table = position(count_boxes(pl.concat([many, few]))).table("classes")
    assert table["label"] == ["few", "c0"]
    assert table["p_cvm_u"][0] > table["p_cvm_u"][1] or table["p"][0] >= table["p"][1]


def test_class_numbers_are_those_of_the_array_functions(result, counts):
    table, place = result.table("classes"), counts.labels.index("mid")
    feasible = counts.feasible[place].sum(0)
    assert table["map_feasible"][0] == feasible.tolist()
    assert table["effect"][0] == pytest.approx(effects.cramers_v(feasible).item())
    js = jensen_shannon_interval(counts.feasible)
    assert [table[name][0] for name in ("js", "js_low", "js_high")] == [part[place].item() for part in js[:3]]
    assert table["q"][:2] == testing.adjust(table["p"][:2]).tolist()
    assert table["boxes"] == table["images"] == [150, 150, 4]
    assert sum(table["marginal_u"][0]) == table["tested_boxes"][0] + table["no_slack_y"][0]


def test_measures_of_a_gathered_class(result):
    """Beta(6, 6) has variance 1/52: concentration 12/52, with a standard error of .024 at n = 150."""
    table = result.table("classes")
    assert table["concentration_u"][0] == pytest.approx(12 / 52, abs=4 * 0.024)
    assert table["concentration_u_low"][0] < table["concentration_u"][0] < table["concentration_u_high"][0] < 0.5
    assert table["displacement_u_low"][0] < 0 < table["displacement_u_high"][0]
    assert table["p_concentration_u"][0] < 1e-6 < table["p_concentration_u"][1]


def test_the_finding_says_both_numbers(result):
    assert result.finding == (
        "Raw centres reject uniform placement in 2 of 2 classes; "
        "given the box sizes (feasible coordinates) 1 of 2 does, and 1 of 2 when boxes that touch the frame, which may "
        "cut them off, are left out."
    )
    assert result.finding.count(".") == 1


def test_nothing_to_test_is_said_in_words():
    counts = count_boxes(scene(2, 3))
    result = position(counts)
    assert result.finding.startswith("Given the box sizes (feasible coordinates) no class could be tested.")
    assert result.scalar("median_effect").value is None
    assert result.table("classes")["verdict"] == ["not tested"] * 2
    empty = position(count_boxes(scene(1, 1)[:0]))
    assert empty.table("classes").height == 0
    assert empty.scalar("pooled_effect").value is None


def test_boxes_as_wide_as_their_frame_are_tested_on_the_other_axis():
    y = np.floor(np.random.default_rng(0).beta(6, 1, 60) * 51)
    wide = frame([f"i{k}" for k in range(60)], ["road"] * 60, 0 * y, y, 0 * y + 100, y + 50, [100] * 60, [100] * 60)
    found = position(count_boxes(wide))
    assert found.table("classes")["q_cvm_u"] == [None]
    assert found.table("classes")["q_cvm_v"][0] < 0.001
    assert found.finding.startswith(
        "Given the box sizes (feasible coordinates) no class could be tested on both axes; vertically alone 1 of 1 "
        "class is non-uniform; raw centres"
    )


@pytest.mark.parametrize(("per_image", "words"), [("one", "one box an image"), ("all", "all boxes")])
def test_head_numbers_name_their_population(boxes, per_image, words):
    found = position(count_boxes(boxes, per_image=per_image))
    assert found.scalar("edge_contact").title == f"Boxes that touch the frame, {words}"


def test_less_bias_is_better(result):
    declared = {item.name for item in result.scalars if item.better == "lower"}
    assert declared >= {"pooled_effect", "pooled_effect_raw", "median_effect", "nonuniform_feasible"}
    assert not {item.name for item in result.scalars if item.better == "higher"}


@pytest.mark.parametrize("alpha", [0, 1, 2, -0.1, float("nan")])
def test_a_level_outside_0_and_1_is_a_usage_error(counts, alpha):
    with pytest.raises(UsageError, match=f"alpha = {alpha} is out of range"):
        position(counts, alpha=alpha)


def test_each_correction_is_applied_over_the_tested_family(counts):
    found = {name: placement(counts, correction=name, draws=999) for name in testing.CORRECTIONS}
    p = found["none"].p["raw"]
    for name, made in found.items():
        np.testing.assert_array_equal(made.q["raw"], testing.adjust(p, name))
    with pytest.raises(UsageError):
        position(counts, correction="hb")


def test_other_grids_of_cells(boxes):
    counts = count_boxes(boxes, bins=5)
    result = position(counts, monte_carlo=999)
    assert {len(cell) for cell in result.table("classes")["map_raw"]} == {25}
    assert result.table("maps")["bins"] == [5] * 3


@pytest.mark.parametrize(("classes", "correction"), [(300, "by"), (1100, "bh")])
def test_a_lone_biased_class_is_found_whatever_the_family_and_correction(classes, correction):
    """19,999 samples allow p = 5e-5 at best: 301 classes need 2.6e-5 by Benjamini-Yekutieli, 1101 need 4.5e-5."""
    lone = scene(1, 40, beta=40, seed=3).with_columns(
        pl.format("l{}", "image_id").alias("image_id"), pl.lit("lone").cast(pl.Categorical()).alias("label")
    )
    counts = count_boxes(pl.concat([scene(classes, 15, seed=1), lone]))
    result = position(counts, correction=correction)
    assert result.parameters["monte_carlo_again"] == testing.draws_needed(classes + 1, 0.05, correction) > 19_999
    rejected = [row for row, verdict in enumerate(result.table("classes")["verdict"]) if verdict == "non-uniform"]
    assert [result.table("classes")["label"][row] for row in rejected] == ["lone"]


def test_notes_say_how_many_samples_were_simulated(counts):
    """Two classes need 40 with the observed one, by Benjamini-Yekutieli 60."""
    notes = [" ".join(position(counts, monte_carlo=draws).notes) for draws in (19, 39)]
    assert "as far out as the class, from 39 new ones (as many as a lone rejection needs); the smallest" in notes[0]
    assert [f"{1 / 40:.1e}" in note for note in notes] == [True, True]
    assert "new ones" not in notes[1]
    assert position(counts, monte_carlo=39, correction="by").parameters["monte_carlo_again"] == 59
    few = position(counts, monte_carlo=19, alpha=1e-7)
    assert "from 2,000,000 new ones (the most that are made)" in " ".join(few.notes)


def test_notes_say_how_boxes_were_counted(boxes, result):
    every = position(count_boxes(boxes, per_image="all"), monte_carlo=99)
    assert any("one box an image and class" in note for note in result.notes)
    assert any("Every box counts" in note for note in every.notes)
    assert any("whole pixels" in note for note in result.notes)


def test_same_seed_same_bytes(counts):
    assert msgspec.json.encode(position(counts)) == msgspec.json.encode(position(counts))


def jittered(classes: int, images: int, copies: int, seed: int) -> pl.DataFrame:
    """Uniform boxes, each copied within its image with a jitter of three pixels."""
    return scene(classes, images, per_image=copies, jitter=3, seed=seed)


@pytest.mark.parametrize("images", [12, 60, 250])
def test_boxes_of_one_image_do_not_make_an_effect(images):
    """Three near copies an image, every box counted: chance is corrected over images, and 0 stays inside."""
    found = placement(count_boxes(jittered(150, images, 3, seed=images), per_image="all"), draws=99)
    assert np.mean(found.effect.low[:-1] > 0) <= 0.05
    assert np.mean(found.effect.value[:-1] == 0) > 0.3
    assert found.effect.low[-1] == 0


def test_the_finding_says_that_tests_over_all_boxes_reject_too_often():
    boxes = jittered(3, 150, 3, seed=1)
    every, one = (position(count_boxes(boxes, per_image=how), monte_carlo=99) for how in ("all", "one"))
    assert f"design effect {every.scalar('design_effect').value:.1f}" in every.finding
    assert "see per-image one" in every.finding
    assert every.finding.endswith(".")
    assert "reject too often" not in one.finding
    assert "all boxes" in every.scalar("pooled_effect").title
    assert "one box an image" in one.scalar("pooled_effect").title
    alone = position(count_boxes(scene(3, 300, seed=4), per_image="all"), monte_carlo=99)
    assert "reject too often" not in alone.finding


def test_a_class_within_one_image_has_no_effect_and_spoils_no_median():
    boxes = pl.concat([scene(1, 1, per_image=30, jitter=3, seed=2), scene(3, 40, seed=3)], how="vertical_relaxed")
    boxes = boxes.with_columns(image_id=pl.concat_str(pl.lit("i"), pl.int_range(pl.len()).clip(29, None)))
    boxes = boxes.with_columns(label=pl.Series(["lone"] * 30 + ["many"] * 60 + ["more"] * 60))
    result = position(count_boxes(boxes, per_image="all"), monte_carlo=99)
    effect = dict(zip(result.table("classes")["label"], result.table("classes")["effect"], strict=True))
    assert effect["lone"] is None
    assert result.scalar("median_effect").n == 2
    assert result.scalar("median_effect").value is not None


def test_the_interval_of_a_concentration_stays_in_what_it_can_be():
    """Twelve variances of a share are 3 at most; those of three boxes may be 4, which is then the bound."""
    left = np.array([0, 0, 80.0, 0, 1, 80])
    names = [str(at) for at in range(6)]
    found = placement(
        count_boxes(frame(names, ["a"] * 3 + ["b"] * 3, left, left, left + 20, left + 20, *[np.full(6, 100)] * 2)),
        draws=99,
    )
    for name in ("concentration_u", "concentration_v"):
        made = found.measures[name]
        assert made.value[0] > 3
        assert (made.low <= made.value).all()
        assert (made.high == np.maximum(3, made.value))[:2].all()


@pytest.mark.parametrize(("cut", "inside"), [(0, ""), (100, ", and 0 of 3 when boxes that touch the frame")])
def test_the_finding_tells_bias_from_boxes_that_the_frame_cuts(cut, inside):
    """Objects of 100 to 200 pixels placed evenly in a scene, of whose rim pictures do not show a part."""
    random, n, side = np.random.default_rng(5), 900, 600
    size = random.integers(100, 200, n)
    edges = [np.clip(random.integers(-cut, side + cut + 1 - size) + [[0], [1]] * size, 0, side) for _ in range(2)]
    (x0, x1), (y0, y1) = (list(map(list, axis.astype(float))) for axis in edges)
    images, labels, sides = [f"i{k}" for k in range(n)], list("abc") * (n // 3), [side] * n
    made = position(count_boxes(frame(images, labels, x0, y0, x1, y1, sides, sides))).finding
    assert ("3 of 3 do" in made) == bool(cut)
    assert inside in made
    assert ("touch the frame" in made) == bool(inside)


@pytest.mark.parametrize(("classes", "bounded"), [(1, False), (2, False), (5, False), (6, True), (9, True)])
def test_few_classes_do_not_bound_their_median(classes, bounded):
    """One class had the interval of 95 % from its effect to its effect."""
    made = position(count_boxes(scene(classes, 30, beta=3)), monte_carlo=9).scalar("median_effect")
    assert made.value is not None
    assert (made.interval is not None) == bounded


def test_the_joint_of_centre_and_height_is_not_called_a_test_of_uniform_placement(boxes):
    """It rejects for boxes that are placed uniformly, whose heights are not even: it stood beside those that do not."""
    made = position(count_boxes(boxes))
    for name in ("joint_p", "nonuniform_joint"):
        title = made.scalar(name).title
        assert "no real mix of sizes" in title
        assert "uniform" not in title


@pytest.mark.parametrize(
    ("correction", "said"),
    [("bh", "of the classes that it names up to 10 %"), ("holm", "in up to 10 % of datasets"), ("none", None)],
)
def test_notes_say_what_the_corrected_tests_promise_together(boxes, correction, said):
    notes = [note for note in position(count_boxes(boxes), alpha=0.1, correction=correction).notes if "30 %" in note]
    assert len(notes) == bool(said)
    assert all(said in note and "held to 0.1 by themselves" in note for note in notes)


@pytest.mark.parametrize(("alpha", "share"), [(0.001, "0.3 %"), (0.05, "15 %"), (0.4, "100 %")])
def test_notes_say_of_every_level_in_how_many_datasets_the_tests_may_err(boxes, alpha, share):
    notes = [note for note in position(count_boxes(boxes), alpha=alpha).notes if "by one of the three" in note]
    assert [note.partition("any bias up to ")[2][: len(share)] for note in notes] == [share]


def test_tests_of_all_boxes_of_an_image_promise_nothing(boxes):
    notes = position(count_boxes(boxes, per_image="all")).notes
    assert not [note for note in notes if "by chance" in note or "by one of the three" in note]
    assert any("reject too often" in note for note in notes)


def test_the_finding_says_where_no_class_could_be_tested_off_the_frame():
    """All boxes lie along the left side, at various heights."""
    n = 60
    images, down = [f"i{k}" for k in range(n)], [5.0 * k for k in range(n)]
    edges = [0.0] * n, down, [100.0] * n, [100 + at for at in down]
    made = position(count_boxes(frame(images, ["a", "b"] * (n // 2), *edges, [400] * n, [400] * n))).finding
    assert "2 of 2 do, and none can be tested when boxes that touch the frame" in made
