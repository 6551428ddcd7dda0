"""Leakage on worlds with a known answer, and its parts against naive computations."""

import numpy as np
import polars as pl
import pytest

from biasscope.bias.compare import compare
from biasscope.bias.leakage import leakage
from biasscope.bias.leakage.cells import backed_off, binned, quantile_cells
from biasscope.bias.leakage.clusters import Mean, image_folds, mean_over_images
from biasscope.bias.leakage.discriminant import discriminant, spline_features
from biasscope.bias.leakage.score import Fitted, Score, Split, mixture, shares
from biasscope.bias.leakage.tables import finding
from biasscope.bias.repair import repair
from biasscope.core.errors import UsageError
from biasscope.core.results import Result


def world(
    images: int, classes: int, *, seed: int, leak: float = 0.0, copies: int = 1, uneven: bool = False
) -> pl.DataFrame:
    """Boxes whose size (and so place) depends on the class by ``leak``; copies repeat a box within its image."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1, classes + 1) if uneven else np.ones(classes)
    label = rng.choice(classes, images, p=weights / weights.sum())
    side = 20 * np.exp(rng.normal(0, 0.4, images) + leak * label / classes)
    x, y = rng.random((2, images)) * (200 - np.minimum(side, 190))
    side = np.minimum(side, 190)
    frame = {
        "image_id": [f"{row:06}" for row in range(images)],
        "label": [f"{name:04}" for name in label],
        "x0": x,
        "y0": y,
        "x1": x + side,
        "y1": y + side,
        "image_width": np.full(images, 200),
        "image_height": np.full(images, 200),
    }
    return pl.concat([pl.DataFrame(frame)] * copies)


def bounds(result: Result, name: str) -> tuple[float, float]:
    found = result.scalar(name).interval
    assert found is not None
    return found.low, found.high


@pytest.mark.parametrize(("classes", "uneven"), [(2, False), (5, True), (40, False)])
def test_without_leakage_the_interval_covers_zero(classes: int, uneven: bool) -> None:
    """12 worlds; three equal boxes an image, which a model that split images could memorise."""
    misses = {"accuracy_over_chance": 0, "mutual_information": 0}
    for seed in range(12):
        result = leakage(world(400, classes, seed=seed, copies=1 + 2 * (seed % 2), uneven=uneven), seed=seed)
        for name in misses:
            low, high = bounds(result, name)
            misses[name] += low > 0 if name == "mutual_information" else not low <= 0 <= high
    assert all(count <= 2 for count in misses.values()), misses


def test_no_information_is_below_zero() -> None:
    """Uniform data in many classes: the held-out gain is negative, the information is not."""
    result = leakage(world(300, 8, seed=1))
    low, high = bounds(result, "mutual_information")
    assert low == 0 <= high
    assert result.scalar("mutual_information").value == 0
    assert "no measurable information" in result.finding
    table = result.table("features")
    for name in ("mutual_information", "mutual_information_low", "mutual_information_high"):
        assert min(float(str(value)) for value in table[name]) >= 0
    assert "-0.00" not in result.finding


def test_information_that_names_no_class_is_not_called_more() -> None:
    """Nine in ten boxes are of one class, a little larger: its name stays the best guess everywhere."""
    frame = world(4000, 2, seed=2, leak=0.6)
    rare = (pl.col("label") == frame["label"].max()) & (pl.int_range(pl.len()) % 5 > 0)
    result = leakage(frame.filter(~rare))
    assert bounds(result, "accuracy_over_chance")[0] <= 0 < bounds(result, "mutual_information")[0]
    assert "make some classes likelier (at least" in result.finding
    assert "give away" not in result.finding


def test_images_are_never_split_between_folds() -> None:
    """Ten copies of each box: a nearest neighbour in another fold would give the class away."""
    result = leakage(world(300, 3, seed=1, copies=10))
    assert bounds(result, "mutual_information")[0] <= 0
    assert (result.scalar("accuracy").value or 0) < 0.45


@pytest.mark.parametrize("classes", [2, 8, 100])
def test_planted_leakage_is_found(classes: int) -> None:
    result = leakage(world(4000, classes, seed=2, leak=1.5))
    assert bounds(result, "mutual_information")[0] > 0.1
    assert bounds(result, "accuracy_over_chance")[0] > 0
    assert result.finding.startswith("Position and size alone give away part")
    features = dict(
        zip(result.table("features")["feature"], result.table("features")["mutual_information"], strict=True)
    )
    size, place = features["size (width, height)"], features["centre x"]
    assert isinstance(size, float)
    assert isinstance(place, float)
    assert size > place


def test_the_bound_is_below_the_true_information_and_near_it() -> None:
    """Two classes with normal log sizes of standard deviation .4 and means .5 apart: the integral is known."""
    result = leakage(world(20_000, 2, seed=3, leak=1.0))
    grid = np.linspace(-4, 5, 20_001)
    one, two = (np.exp(-((grid - mean) ** 2) / (2 * 0.4**2)) / (0.4 * np.sqrt(2 * np.pi)) for mean in (0.0, 0.5))
    both = (one + two) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.nan_to_num(part * np.log2(part / both)) for part in (one, two)]
    truth = float(sum(terms).sum() * (grid[1] - grid[0]) / 2)  # type: ignore[union-attr]
    low, high = bounds(result, "mutual_information")
    assert low <= truth
    assert high > 0.9 * truth


def test_recall_stands_beside_what_naming_the_class_gives_by_chance() -> None:
    """Nothing tells the classes, of which one is four in five: its recall is that of always naming it."""
    label = pl.when(pl.col("label") == "0000").then(pl.lit("rare")).otherwise(pl.lit("common"))
    found = leakage(world(1_000, 5, seed=1).with_columns(label.alias("label"))).table("classes")
    assert found["label"][0] == "common"
    (most, _), (named, rare) = found["recall"], found["recall_by_chance"]
    assert most == pytest.approx(named, abs=0.02)
    assert named > 0.95
    assert named + rare == pytest.approx(1.0)  # type: ignore[operator]


@pytest.mark.parametrize("level", [0.0, 1.5])
def test_a_level_that_is_none_is_a_usage_error(level: float) -> None:
    frame = world(100, 2, seed=1, leak=0.0)
    for measured in (leakage, repair, lambda boxes, level: compare(boxes, boxes, level=level)):
        with pytest.raises(UsageError, match=f"level = {level} is out of range"):
            measured(frame, level=level)


def law(kind: str, n: int, *, seed: int) -> pl.DataFrame:
    """Two classes: told by the quadrant but not by x or y (``xor``), by log size alone (``size``), or by both."""
    rng = np.random.default_rng(seed)
    label, wrong, right = rng.integers(0, 2, n), rng.random(n) < 0.1, rng.integers(0, 2, n)
    lower = right ^ label ^ wrong if kind != "size" else rng.integers(0, 2, n)
    side = 20 * np.exp(rng.normal(0, 0.4, n) + 0.5 * label * (kind != "xor"))
    side = np.minimum(side, 190)
    x, y = (half * 100 + rng.random(n) * 100 for half in (right, lower))
    frame: dict[str, object] = {"image_id": [f"{row:06}" for row in range(n)], "label": [f"{name}" for name in label]}
    made = pl.DataFrame(frame | {"image_width": [400] * n, "image_height": [400] * n})
    return made.with_columns(x0=x, y0=y, x1=x + side, y1=y + side)


@pytest.mark.parametrize(("kind", "truth"), [("xor", 0.9), ("size", 0.734)])
def test_accuracy_is_nearly_the_best_there_is(kind: str, truth: float) -> None:
    """One label in ten is wrong; normal log sizes .5 apart with deviation .4 are told at .25: Phi(.625) = .734."""
    result = leakage(law(kind, 6000, seed=8))
    low, high = bounds(result, "accuracy")
    assert low <= truth + 0.01
    assert truth - 0.03 <= high
    assert result.finding.startswith("Position and size alone give away part")


@pytest.mark.parametrize("kind", ["xor", "size", "both"])
def test_accuracy_is_that_of_boosted_trees(kind: str) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import cross_val_score

    frame = law(kind, 4000, seed=9)
    side = pl.col("x1") - pl.col("x0")
    features = frame.select(pl.col("x0") + side / 2, pl.col("y0") + side / 2, side.log()).to_numpy()
    trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, random_state=0)
    theirs = cross_val_score(trees, features, frame["label"].to_numpy(), cv=5).mean()
    result = leakage(frame)
    table = result.table("features")
    alone = [float(str(share)) for share in table["accuracy_alone"][1:]]
    assert (result.scalar("accuracy").value or 0) > theirs - 0.04
    assert (result.scalar("accuracy").value or 0) > max(alone) - 0.01


def test_what_x_and_y_tell_together_is_found_of_few_boxes_of_all_sizes() -> None:
    """One class lies along the diagonal: position alone told .77 of them, and all four numbers .53."""
    rng = np.random.default_rng(1)
    (x, other), (w, h) = rng.random((2, 800)), np.exp(rng.uniform(np.log(0.1), np.log(0.8), (2, 800)))
    label = np.arange(800) % 2
    y = np.where((label == 0) & (rng.random(800) < 0.9), x, other)
    frame = pl.DataFrame({"image_id": [f"{row}" for row in range(800)], "label": [f"{name}" for name in label]})
    frame = frame.with_columns(x0=x * (1 - w) * 400, y0=y * (1 - h) * 400, image_width=400, image_height=400)
    result = leakage(frame.with_columns(x1=pl.col("x0") + w * 400, y1=pl.col("y0") + h * 400))
    alone = [float(str(share)) for share in result.table("features")["accuracy_alone"][1:]]
    assert (result.scalar("accuracy").value or 0) > max(alone) - 0.01 > 0.69
    assert result.finding.startswith("Position and size alone give away part")


def test_no_leakage_is_found_in_uniform_data() -> None:
    """60 worlds of 2 to 10 classes; where 2.5 % of intervals lie above 0, six or more do so in one run of 260."""
    found = {"accuracy_over_chance": 0, "mutual_information": 0}
    for seed in range(60):
        frame = world(300, (2, 3, 10)[seed % 3], seed=100 + seed, copies=1 + seed % 2, uneven=seed % 4 == 0)
        result = leakage(frame, seed=seed)
        for name in found:
            found[name] += bounds(result, name)[0] > 0
    assert max(found.values()) <= 5, found


NONE, SOME = Mean(0.0, 0.0, 0.01), Mean(0.12, 0.05, 0.19)
MORE, EQUAL = Mean(0.055, 0.004, 0.106), Mean(0.075, -0.003, 0.152)


@pytest.mark.parametrize(
    ("gain", "bits", "words"),
    [
        (MORE, SOME, "alone give away part of the class: 38.8% of held-out boxes among 3 classes, chance 33.3%, "),
        (MORE, NONE, "alone name the class more often than its most frequent one would, but what they tell"),
        (EQUAL, SOME, "alone make some classes likelier (at least 0.12 [0.05, 0.19] bits), but do not name"),
        (EQUAL, NONE, "alone do not measurably give away the class: 40.8% of held-out boxes"),
    ],
)
def test_the_finding_shows_what_decides_and_does_not_contradict_itself(gain: Mean, bits: Mean, words: str) -> None:
    accuracy = Mean(1 / 3 + gain.value, 0.0, 1.0)
    text = finding({"accuracy": accuracy, "accuracy_over_chance": gain, "mutual_information": bits}, 1 / 3, 3)
    assert words in text
    assert ("+5.5 points [+0.4, +10.6]" if gain is MORE else "+7.5 points [-0.3, +15.2]") in text
    assert "give away part" not in text or "no measurable" not in text


@pytest.mark.parametrize(
    ("chance", "shown"),
    [
        (1 / 3000, "0.050% of held-out boxes among 3,000 classes, chance 0.033%, +0.017 points [+0.010, +0.024]"),
        (0.01, "1.017% of held-out boxes among 3,000 classes, chance 1.000%, +0.017 points [+0.010, +0.024]"),
    ],
)
def test_many_classes_have_digits_enough(chance: float, shown: str) -> None:
    gain = Mean(1 / 6000, 1e-4, 2.4e-4)
    means = {"accuracy": Mean(chance + gain.value, 0, 1), "accuracy_over_chance": gain, "mutual_information": SOME}
    assert shown in finding(means, chance, 3000)


def test_recall_counts_and_chance() -> None:
    frame = world(1500, 4, seed=4, leak=2.0, uneven=True)
    result = leakage(frame)
    counts = dict(frame.group_by("label").len().iter_rows())
    table = result.table("classes")
    assert dict(zip(table["label"], table["boxes"], strict=True)) == counts
    right = sum(float(str(n)) * float(str(r)) for n, r in zip(table["boxes"], table["recall"], strict=True))
    assert right / 1500 == pytest.approx(result.scalar("accuracy").value)
    assert result.scalar("chance").value == max(counts.values()) / 1500
    assert result.scalar("chance_uniform").value == 0.25
    for low, value, high in zip(table["recall_low"], table["recall"], table["recall_high"], strict=True):
        assert 0 <= float(str(low)) <= float(str(value)) <= float(str(high)) <= 1


def test_order_of_rows_does_not_matter_and_the_seed_decides() -> None:
    frame = world(300, 3, seed=5, leak=1.0)
    assert leakage(frame) == leakage(frame.sample(fraction=1, shuffle=True, seed=1).lazy())
    assert leakage(frame, seed=1).scalars != leakage(frame).scalars


@pytest.mark.parametrize("frame", [world(300, 1, seed=0), world(20, 2, seed=0), world(0, 2, seed=0)])
def test_too_little_to_test(frame: pl.DataFrame) -> None:
    result = leakage(frame)
    assert result.scalar("accuracy").value is None
    assert "not tested" in result.finding


def test_boxes_that_are_all_alike() -> None:
    same = world(200, 3, seed=0).with_columns(x0=pl.lit(1.0), y0=pl.lit(2.0), x1=pl.lit(9.0), y1=pl.lit(8.0))
    low, high = bounds(leakage(same), "mutual_information")
    assert low <= 0 <= high


def test_a_class_with_one_image_is_listed() -> None:
    frame = world(300, 2, seed=0).with_columns(
        label=pl.when(pl.col("image_id") == "000000").then(pl.lit("rare")).otherwise(pl.col("label"))
    )
    table = leakage(frame).table("classes")
    assert dict(zip(table["label"], table["boxes"], strict=True))["rare"] == 1


def test_sampling_is_said() -> None:
    result = leakage(world(500, 2, seed=0), most_boxes=200)
    assert 150 < int(str(result.parameters["boxes"])) < 250
    assert any("sampled" in note for note in result.notes)


def test_one_fold_is_none() -> None:
    with pytest.raises(UsageError, match="folds"):
        leakage(world(60, 2, seed=0), folds=1)


def halves(n: int) -> Split:
    rows = np.random.default_rng(0).permutation(n)
    return Split(rows[: n // 2], rows[n // 2 : 3 * n // 4], rows[3 * n // 4 :])


@pytest.mark.parametrize("classes", [2, 5])
def test_the_discriminant_is_that_of_scikit_learn_when_nothing_is_held_back(
    classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    from biasscope.bias.leakage import discriminant as module

    monkeypatch.setattr(module, "STRENGTHS", (1.0,))
    rng = np.random.default_rng(1)
    label = rng.integers(0, classes, 1200)
    features = rng.normal(0, 1, (1200, 3)) + label[:, None] * [1.0, 0.5, 0.0]
    split = halves(1200)
    made = discriminant(features, label, classes, split)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=1e-3).fit(features[split.fit], label[split.fit])
    prior = shares(label[split.training], classes)
    theirs = model.predict_proba(features[split.test]) / model.priors_ * prior
    theirs /= theirs.sum(1, keepdims=True)
    own = label[split.test]
    np.testing.assert_allclose(made.test.bits, np.log2(theirs[np.arange(len(own)), own] / prior[own]), atol=1e-3)
    assert (made.test.guess == theirs.argmax(1)).mean() > 0.995


def test_cells_hold_smoothed_shares() -> None:
    rng = np.random.default_rng(2)
    label = rng.integers(0, 3, 800)
    cell = (label + rng.integers(0, 2, 800)) % 4
    split = halves(800)
    made = binned(cell, 4, label, 3, split)
    prior = shares(label[split.training], 3)
    matches = []
    for weight in (4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 1e9):
        bits = []
        for row in split.test:
            near = split.fit[cell[split.fit] == cell[row]]
            p = ((label[near] == label[row]).sum() + weight * prior[label[row]]) / (len(near) + weight)
            bits.append(np.log2(p / prior[label[row]]))
        matches.append(np.allclose(bits, made.test.bits))
    assert sum(matches) == 1
    assert made.test.bits.mean() > 0.3


def test_pairs_of_cells_find_what_neither_cell_shows() -> None:
    rng = np.random.default_rng(3)
    one, two = rng.integers(0, 2, (2, 4000))
    label = one ^ two
    split = halves(4000)
    assert binned(one, 2, label, 2, split).test.bits.mean() < 0.01
    assert backed_off(one, two, (2, 2), label, 2, split).test.bits.mean() > 0.9


def fitted(bits: list[float], tune: list[float], chances: list[list[float]]) -> Fitted:
    table = np.array(chances)
    return Fitted(Score(table.argmax(1), np.array(bits)), np.array(tune), lambda rows: table[rows])


def test_a_mixture_is_no_worse_than_the_better_model_and_is_a_distribution() -> None:
    even, rows = [[0.5, 0.5]] * 2, np.arange(2)
    good, bad = fitted([1.0, 1.1], [1.0, 1.0], even), fitted([-3.0, -2.0], [-3.0, -3.0], even)
    np.testing.assert_allclose(mixture(bad, good, rows).bits, [1.0, 1.1])
    np.testing.assert_allclose(mixture(good, bad, rows).bits, np.log2([0.98 * 2 + 0.02 / 8, 0.98 * 2**1.1 + 0.02 / 4]))
    first, second = fitted([0.0, 0.0], [2.0, -9.0], even), fitted([1.0, 1.0], [-9.0, 2.0], even)
    np.testing.assert_allclose(mixture(first, second, rows).bits, np.log2(0.5 + 0.5 * 2))


def test_a_mixture_names_its_own_likeliest_class() -> None:
    """By hand, at half and half: (.5, .4, .1) and (0, .4, .6) are (.25, .4, .35), which neither puts first."""
    first = fitted([0.0, 0.0], [2.0, -9.0], [[0.5, 0.4, 0.1], [0.9, 0.1, 0.0]])
    second = fitted([0.0, 0.0], [-9.0, 2.0], [[0.0, 0.4, 0.6], [0.0, 0.4, 0.6]])
    assert mixture(first, second, np.arange(2)).guess.tolist() == [1, 0]


def test_nothing_bounds_the_discriminant_but_the_mixture() -> None:
    """A box that the discriminant holds for impossible costs what the cells say, and log2(.02)."""
    even = [[0.5, 0.5]] * 2
    sure, calm = fitted([-5000.0, 1.0], [1.0, 1.0], even), fitted([-0.5, 0.0], [0.0, 0.0], even)
    assert mixture(sure, calm, np.arange(2)).bits[0] == pytest.approx(-0.5 + np.log2(0.02))


def test_folds_keep_images_whole_and_classes_level() -> None:
    rng = np.random.default_rng(5)
    image = rng.integers(0, 500, 1500)
    label = rng.integers(0, 7, 500)[image]
    folds = image_folds(label, image, 5, rng)
    assert all(len(np.unique(folds[image == number])) <= 1 for number in range(500))
    first = np.unique(image, return_index=True)[1]
    for name in range(7):
        counts = np.bincount(folds[first][label[first] == name], minlength=5)
        assert np.ptp(counts) <= 1


def test_the_interval_over_images_is_the_cluster_jackknife() -> None:
    rng = np.random.default_rng(6)
    image = rng.integers(0, 60, 200)
    values = rng.random(200) + (rng.random(60) * 2)[image]
    made = mean_over_images(values, image)
    names = np.unique(image)
    left = np.array([values[image != name].mean() for name in names])
    jackknife = np.sqrt((len(names) - 1) / len(names) * ((left - left.mean()) ** 2).sum())
    from scipy import stats

    reach = stats.t.ppf(0.975, len(names) - 1)
    assert (made.high - made.low) / 2 == pytest.approx(reach * jackknife, rel=0.03)


def test_splines_of_a_constant_are_nothing() -> None:
    assert spline_features(np.ones((10, 2))).shape == (10, 0)
    assert quantile_cells(np.ones(10), 4).tolist() == [1] * 10 or quantile_cells(np.ones(10), 4).max() < 4
