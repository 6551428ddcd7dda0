"""The scale result: its contract, its references, its bins."""

import numpy as np
import polars as pl
import pytest
import scipy.stats

from biasscope.bias import count_boxes
from biasscope.bias.counting.tables import SCALES, scale_edges
from biasscope.bias.effects import entropy, jensen_shannon
from biasscope.bias.grouped import cell_design_effect
from biasscope.bias.scale import scale, scales
from biasscope.bias.scale.differences import balanced_effect, divergence, effect_of, p_values
from biasscope.bias.scale.histograms import effective_bins, merge, merged_bins, quantile, thirds
from biasscope.core.errors import UsageError
from tests.box_scenes import frame, scene

COLUMNS = [
    "label",
    "boxes",
    *("median_scale", "median_scale_low", "median_scale_high"),
    "q10",
    "q10_low",
    "q10_high",
    "q90",
    "q90_low",
    "q90_high",
    "js",
    "js_low",
    "js_high",
    "effect",
    "effect_low",
    "effect_high",
    "p",
    "q",
    "verdict",
    *("effective_bins", "effective_bins_low", "effective_bins_high"),
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


@pytest.mark.parametrize(("reference", "size"), [("others", 0.05), ("log-uniform", 0.6)])
def test_a_lone_class_differs_whatever_the_correction(reference, size):
    """Of 301 classes, by Benjamini-Yekutieli: p must be 2.6e-5, which 19,999 samples cannot be."""
    random = np.random.default_rng(1)
    low = 0.5 if reference == "others" else 1 / 64
    alike = squares(np.exp(random.uniform(np.log(low), 0, 300 * 12)), "a")
    alike = alike.with_columns(pl.format("c{}", pl.int_range(pl.len()) // 12).cast(pl.Categorical()).alias("label"))
    made = count_boxes(pl.concat([alike, squares(np.full(40, size), "lone", 90_000)]))
    result = scale(made, reference=reference, correction="by")
    table = result.table("classes")
    assert result.parameters["monte_carlo_again"] > 37_000
    assert scale(made, reference=reference).parameters["monte_carlo_again"] == 0
    assert result.scalar("classes_different").value == 1
    assert dict(zip(table["label"], table["q"], strict=True))["lone"] <= 0.05


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
    assert result.table("classes")["verdict"][0] == "different"
    assert result.parameters["reference"] == "others"
    assert "the other classes" in result.finding


def test_the_log_uniform_reference_spares_log_uniform_classes(counts):
    result = scale(counts, reference="log-uniform")
    table = result.table("classes")
    assert dict(zip(table["label"], table["verdict"], strict=True)) == {
        "big": "not log-uniform",
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


@pytest.mark.parametrize("alpha", [0, 1, 2, -0.1, float("nan")])
def test_a_level_outside_0_and_1_is_a_usage_error(counts, alpha):
    with pytest.raises(UsageError, match=f"alpha = {alpha} is out of range"):
        scale(counts, alpha=alpha)


def test_unknown_reference_is_a_usage_error(counts):
    with pytest.raises(UsageError, match="ruler"):
        scale(counts, reference="ruler")


def test_one_class_cannot_be_tested_against_others():
    result = scale(count_boxes(scene(1, 50)))
    assert result.scalar("tested").value == 0
    assert result.finding.endswith("no class could be tested against the other classes: there are none.")
    assert result.table("classes")["verdict"] == ["not tested"]


@pytest.mark.parametrize(
    ("sides", "options", "why"),
    [
        (np.full(50, 0.2), {}, "all boxes are of about one size (within one bin)."),
        (np.linspace(0.1, 0.9, 9), {}, "each has fewer than 10 boxes, one an image, or the others have."),
        (
            np.full(50, 0.01),
            {"reference": "log-uniform"},
            "none has 10 boxes, one an image, of 1/64 of the frame or more.",
        ),
    ],
)
def test_why_no_class_was_tested(sides, options, why):
    boxes = pl.concat([squares(sides, "a"), squares(sides, "b", 1000)])
    result = scale(count_boxes(boxes), **options)
    assert result.table("classes")["verdict"] == ["not tested"] * 2
    assert result.finding.endswith(why)


@pytest.mark.parametrize("per_image", ["one", "all"])
def test_quantiles_are_those_of_the_values_also_with_full_frames_and_small_boxes(per_image):
    random = np.random.default_rng(3)
    worlds = {
        "log": np.exp(random.uniform(np.log(0.02), 0, 400)),
        "full": np.where(random.random(51) < 0.45, 1.0, random.uniform(0.3, 1, 51)),
        "nearly full": np.append(random.uniform(0.7, 0.9, 20), np.full(21, 0.994)),
        "few": np.array([0.2, 0.9, 1.0]),
        "small": np.exp(random.normal(np.log(0.03), 0.4, 300)),
    }
    parts = [squares(sides, label, 1000 * at) for at, (label, sides) in enumerate(worlds.items())]
    result = scale(count_boxes(pl.concat(parts), grid="continuous", per_image=per_image))
    table = result.table("classes")
    for row, label in enumerate(table["label"]):
        for name, share in (("q10", 0.1), ("median_scale", 0.5), ("q90", 0.9)):
            exact = np.quantile(worlds[label], share)
            assert table[name][row] == pytest.approx(exact, abs=0.004 * exact**0.5 + 1e-6), (label, name)
    pooled = result.scalar("median_scale")
    assert pooled.value == pytest.approx(np.median(np.concatenate(list(worlds.values()))), abs=0.003)
    assert pooled.interval.low < pooled.value < pooled.interval.high


def test_quantiles_of_nothing_and_of_one_box():
    row = np.zeros((2, 513), np.int64)
    row[1, 512] = 1
    assert np.isnan(quantile(row, 0.5)[0])
    assert [quantile(row, share)[1] for share in (0.0, 0.5, 1.0)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("per_image", "jitter", "said"), [("all", 3, True), ("all", None, False), ("one", 3, False)])
def test_the_finding_says_where_boxes_of_one_image_go_together(per_image, jitter, said):
    """Classes whose scales do not differ: boxes of one size an image, three of each, rejected all six."""
    boxes = scene(6, 60, seed=4, per_image=3 if jitter else 1, jitter=jitter)
    found = scale(count_boxes(boxes, per_image=per_image), monte_carlo=99).finding
    assert ("so these tests reject too often: see per-image one." in found) == said
    assert found.endswith(".")
    assert not found.endswith("..")


@pytest.mark.parametrize(("side", "said"), [(16, "spans 0.004 of"), (128, "spans 0.032 of"), (2000, "spans 0.50 of")])
def test_small_objects_do_not_span_nothing(side, said):
    """Of objects of 16 pixels in pictures of 4000 it was said that they span 0.00."""
    at = np.arange(0.0, 1900, 30)
    ids, size = [str(i) for i in range(len(at))], np.full(len(at), 4000)
    boxes = frame(ids, ["a"] * len(at), at, at, at + side, at + side, size, size)
    assert said in scale(count_boxes(boxes)).finding


def test_the_finding_and_titles_name_the_population(counts):
    assert "(one an image)" in scale(counts).finding
    assert "one box an image" in scale(counts).scalar("median_scale").title
    every = scale(count_boxes(scene(2, 50), per_image="all"))
    assert "(all boxes)" in every.finding
    assert "all boxes" in every.scalar("median_scale").title


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


def test_effective_bins_count_even_bins():
    """Five bins of 60,000 boxes; by hand, five of two boxes a group lack 4 / (2 * 200) nats."""
    even = np.array([[1] * 5 + [0] * 3])
    assert effective_bins(np.full((1, 20, 8), 3000) * even).value.item() == pytest.approx(5, abs=1e-4)
    assert effective_bins(np.full((1, 20, 8), 2) * even).value.item() == pytest.approx(5 * np.exp(4 / 400))
    assert np.isnan(effective_bins(np.zeros((1, 20, 8), np.int64)).value)


BELL = np.exp(-0.5 * ((np.arange(SCALES) - 12) / 3) ** 2)


@pytest.mark.parametrize(("n", "copies"), [(30, 1), (200, 1), (2000, 1), (200, 3)])
@pytest.mark.parametrize("law", [BELL, np.ones(SCALES), np.arange(25) < 8], ids=["bell", "even", "eight"])
def test_the_interval_of_effective_bins_holds(n, copies, law):
    """The bare perplexity of 30 boxes of the bell is 9.4 of 12.4, and its interval held it in .54 of samples."""
    random, shares = np.random.default_rng(n), law / law.sum()
    true = np.exp(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())
    alone = random.multinomial(1, shares, (500, n)).reshape(500, n, SCALES)
    slot = random.integers(0, 20, (500, n))
    groups = np.stack([(alone * (slot == group)[..., None]).sum(1) for group in range(20)], 1)
    made = effective_bins(copies * groups, np.full(500, n) if copies > 1 else None)
    assert ((made.low <= true + 1e-9) & (true <= made.high + 1e-9)).mean() > 0.9
    assert made.value.mean() == pytest.approx(true, rel=0.17 if n == 30 else 0.03)


LAWS = {
    "even": np.ones(SCALES),
    "two": np.array([0.6, 0.4]),
    "halves": np.array([0.5, 0.5]),
    "three": np.array([0.5, 0.3, 0.2]),
    "falling": 0.8 ** np.arange(SCALES),
    "spike": np.append(0.5, np.full(24, 0.5 / 24)),
    "tail": np.append(0.97, np.full(24, 0.03 / 24)),
}


@pytest.mark.parametrize(("n", "copies"), [(10, 1), (20, 1), (30, 1), (200, 1), (10, 3)])
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_interval_of_effective_bins_holds_of_few_boxes(n, copies, law):
    """It held 72 to 89 % where few boxes lie in many bins, or fill two bins about evenly."""
    random, shares = np.random.default_rng(n), law / law.sum()
    bins = random.choice(len(law), (500, n), p=shares)
    groups = np.zeros((500, 20, SCALES), np.int64)
    np.add.at(groups, (np.arange(500)[:, None], random.integers(0, 20, (500, n)), bins), copies)
    made = effective_bins(groups, np.full(500, n) if copies > 1 else None)
    true = np.exp2(entropy(shares))
    assert ((made.low <= true + 1e-9) & (true <= made.high + 1e-9)).mean() > 0.86
    assert ((made.low <= made.value) & (made.value <= made.high)).all()


@pytest.mark.parametrize("per_image", ["one", "all"])
def test_numbers_of_a_class_have_the_intervals_of_the_statistics(per_image):
    boxes = scene(3, 40, seed=2, per_image=3, jitter=4)
    made = count_boxes(boxes, per_image=per_image)
    table, found = scale(made, monte_carlo=9).table("classes"), scales(made, draws=9)
    rows = [made.labels.index(label) for label in table["label"]]
    for name, estimate in (("effective_bins", found.effective_bins), ("median_scale", found.median)):
        for end in ("low", "high"):
            assert table[f"{name}_{end}"] == getattr(estimate, end)[rows].tolist(), name
        assert (estimate.low < estimate.value).all()
        assert (estimate.value < estimate.high).all()


def test_level_against_the_others_when_classes_do_not_differ():
    """Three classes: the class is a third of its own reference, and some are small."""
    rejected = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        parts = [squares(random.beta(2, 3, size) * 0.9 + 0.05, f"c{size}", 1000 * size) for size in (15, 40, 70)]
        rejected += (scales(count_boxes(pl.concat(parts)), draws=1999).p <= 0.05).tolist()
    assert 0.01 < np.mean(rejected) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 180)


LUMPY = np.array([0.5, 0.3, 0.1, 0.05, 0.03, 0.01, 0.005, 0.005])


def null_p(sizes: tuple[int, ...], worlds: int, draws: int) -> np.ndarray:
    """p against the others of classes of the same law."""
    random, made = np.random.default_rng(sum(sizes)), []
    for seed in range(worlds):
        table = np.stack([random.multinomial(size, LUMPY) for size in sizes])
        made.append(p_values(table[:, table.any(0)], "others", 10, draws, 0, seed))
    return np.array(made)


@pytest.mark.parametrize("sizes", [(5000, 10), (800, 10), (300, 150), (20, 20), (900, 12, 12)])
def test_level_of_a_class_that_is_most_of_the_boxes(sizes):
    """Few sizes that are rare: the class has many more of them than the few others, which have none or too many."""
    p = null_p(sizes, 2000, 999)[:, 0]
    for level in (0.05, 0.01, 0.002):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level / 2000), level
    assert (p <= 0.2).mean() > 0.05


def test_two_classes_have_the_same_p():
    p = null_p((60, 15), 40, 499)
    np.testing.assert_array_equal(p[:, 0], p[:, 1])
    large = null_p((5000, 3000), 3, 99)
    np.testing.assert_allclose(large[:, 0], large[:, 1], rtol=1e-9)


def test_a_dominant_class_that_differs_is_still_found():
    table = np.stack([np.rint(5000 * LUMPY), [0, 0, 0, 0, 0, 4, 4, 4]]).astype(np.int64)
    assert (p_values(table, "others", 10, 1999, 9999, 0) == 1 / 10_000).all()


def test_repeated_boxes_do_not_look_like_a_difference():
    """Ten near copies of a box in each image: with every box counted, alike classes keep an effect of 0."""
    kept = []
    for seed in range(15):
        random = np.random.default_rng(seed)
        parts = []
        for label in range(4):
            sides = np.repeat(random.uniform(0.05, 0.99, 60), 10)
            made = squares(sides, f"c{label}").with_columns(image_id=pl.Series(np.arange(600) // 10 + 1000 * label))
            parts.append(made.with_columns(pl.col("image_id").cast(pl.String)))
        found = scales(count_boxes(pl.concat(parts), per_image="all"), draws=99)
        kept += (found.effect.low == 0).tolist()
    assert np.mean(kept) > 0.9


def test_the_design_effect_of_cells_is_the_number_of_copies():
    random = np.random.default_rng(4)
    alone = random.multinomial(40, np.full(8, 1 / 8), (300, 20))
    assert cell_design_effect(3 * alone).mean() == pytest.approx(3, rel=0.03)
    assert cell_design_effect(alone).mean() == pytest.approx(1.0, abs=0.08)


def test_the_design_effect_of_cells_sees_an_image_that_holds_half_of_the_boxes():
    """It is 28.7 where the boxes of an image share their cell; what the others tell of the large one is little."""
    random, sizes = np.random.default_rng(0), np.array([60, *[4] * 19])
    groups = np.zeros((2000, 20, 8), np.int64)
    groups[np.arange(2000)[:, None], np.arange(20), random.integers(0, 8, (2000, 20))] = sizes
    assert 10 < cell_design_effect(groups).mean() < (sizes**2).sum() / sizes.sum()


@pytest.mark.parametrize("boxes", [30, 300])
def test_the_interval_of_the_median_holds_it(boxes):
    rng, held = np.random.default_rng(boxes), 0
    for start in range(200):
        made = squares(rng.uniform(0.1, 0.9, boxes), "c", 1000 * start)
        found = scale(count_boxes(made, grid="continuous")).scalar("median_scale").interval
        held += found.low <= 0.5 <= found.high
    assert held >= 180


@pytest.mark.parametrize("boxes", [2, 10, 60])
def test_boxes_of_one_size_may_have_missed_a_share_of_the_others(boxes):
    """So much of a law, spread over the other bins, is missed by one of twenty samples of that size."""
    groups = np.zeros((1, 20, 25), int)
    groups[0, np.arange(boxes) % 20, 7] = boxes // min(boxes, 20)
    made, missed = effective_bins(groups), 1 - 0.05 ** (1 / boxes)
    law = np.append(1 - missed, np.full(24, missed / 24))
    assert (made.value.item(), made.low.item()) == (1, 1)
    assert made.high.item() == pytest.approx(2 ** -(law * np.log2(law)).sum())


@pytest.mark.parametrize("images", [5, 20, 50])
def test_boxes_of_one_size_are_worth_no_more_than_their_images(images):
    """Three boxes an image, all of one size: of this law six datasets in a hundred show no other."""
    share, random = 0.06 ** (1 / images), np.random.default_rng(images)
    law, others = np.append(share, np.full(7, (1 - share) / 7)), np.full(8, 1 / 8)
    counts, shared = np.zeros((2, 20, 8), np.int64), np.array([images, 200_000])
    np.add.at(counts, (0, random.integers(0, 20, images), 0), 3)
    counts[1] = 10_000
    effect, bits = effect_of(counts, "others", shared), divergence(counts, "others", shared)
    assert effect.low[0] <= np.sqrt(((law - others) ** 2 / (law + others)).sum() / 2) <= effect.high[0]
    assert bits.low[0] <= jensen_shannon(law, others) <= bits.high[0]
    assert effective_bins(counts, shared).high[0] >= np.exp2(entropy(law))
