"""Energy distances, jackknife and permutation p-values against naive loops."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from biasscope.bias.compare.differences import mean_difference
from biasscope.bias.compare.energy import Units, cells_at, energy_distance, grid_cells, line_cells, units_of
from biasscope.bias.compare.permutation import EXCEEDING, permutation_test

POINTS = np.random.default_rng(0).random((7, 2))
CELLS = cells_at(POINTS)


def naive_square(images_a: list[list[int]], images_b: list[list[int]]) -> float:
    """Half the coefficient's numerator over the mean distance across: expectations over boxes of different images."""

    def distance(one: int, two: int) -> float:
        return float(np.linalg.norm(POINTS[one] - POINTS[two]))

    def within(images: list[list[int]]) -> float:
        pairs = [(x, y) for i, p in enumerate(images) for j, q in enumerate(images) if i != j for x in p for y in q]
        return float(np.mean([distance(*pair) for pair in pairs]))

    across = float(np.mean([distance(x, y) for p in images_a for q in images_b for x in p for y in q]))
    return (2 * across - within(images_a) - within(images_b)) / (2 * across)


def world(seed: int, images: tuple[int, int], most: int = 3) -> tuple[list[list[list[int]]], Units]:
    rng = np.random.default_rng(seed)
    sides = [[rng.integers(0, 7, rng.integers(1, most + 1)).tolist() for _ in range(count)] for count in images]
    flat = [
        (cell, side, (side, at)) for side, held in enumerate(sides) for at, image in enumerate(held) for cell in image
    ]
    cell, side = np.array([row[0] for row in flat]), np.array([row[1] for row in flat])
    numbers = {key: at for at, key in enumerate(dict.fromkeys(row[2] for row in flat))}
    image = np.array([numbers[row[2]] for row in flat])
    shuffled = rng.permutation(len(cell))
    owner = np.zeros(len(cell), np.int64)
    return sides, units_of(cell[shuffled], owner, image[shuffled], side[shuffled], CELLS, 1)


@pytest.mark.parametrize("seed", range(6))
def test_the_distance_is_the_naive_mean_over_pairs_of_images(seed: int) -> None:
    (a, b), units = world(seed, (6, 5))
    assert energy_distance(units, 1).value[0] == pytest.approx(max(0.0, naive_square(a, b)) ** 0.5, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_is_the_jackknife_that_leaves_out_images(seed: int) -> None:
    (a, b), units = world(seed, (6, 5))
    left_a = [naive_square(a[:i] + a[i + 1 :], b) for i in range(len(a))]
    left_b = [naive_square(a, b[:i] + b[i + 1 :]) for i in range(len(b))]
    variance = sum(
        (len(side) - 1) / len(side) * ((np.array(side) - np.mean(side)) ** 2).sum() for side in (left_a, left_b)
    )
    assert energy_distance(units, 1).error[0] == pytest.approx(variance**0.5, abs=1e-9)


@pytest.mark.parametrize(
    ("images", "value", "bounds"), [((1, 5), False, False), ((2, 5), True, False), ((3, 3), True, True)]
)
def test_an_interval_needs_three_images_a_side(images: tuple[int, int], value: bool, bounds: bool) -> None:
    """Of two images neither leaves a pair behind: what is left says nothing, and no spread is not no error."""
    made = energy_distance(world(3, images)[1], 1)
    assert np.isfinite(made.value[0]) == value
    assert [np.isfinite(part[0]) for part in (made.low, made.high, made.error)] == [bounds] * 3


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_bounds_are_those_of_the_square_with_students_t_of_the_smaller_side(level: float) -> None:
    (a, b), units = world(11, (40, 25), most=1)
    made, square = energy_distance(units, 1, level=level), naive_square(a, b)
    reach = stats.t.ppf((1 + level) / 2, 24) * made.error[0]
    bounds = np.sqrt(np.clip([square - reach, max(square, 0) + reach], 0, 1))
    assert 0 < bounds[1] < 1
    assert (made.low[0], made.high[0]) == pytest.approx(tuple(bounds), abs=1e-9)


def test_a_square_below_0_does_not_make_sure_that_there_is_no_distance() -> None:
    """Of many pairs of sides with one law, some have a square that lies below 0 by more than its error."""
    cells, found = grid_cells(8), []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        cell = (8 * rng.beta(3, 3, (240, 2))).astype(int) @ [8, 1]
        units = units_of(cell, np.zeros(240, int), np.arange(240), np.repeat([0, 1], [200, 40]), cells, 1)
        found.append(energy_distance(units, 1))
    least = min(made.high[0] for made in found)
    assert sum(made.value[0] == 0 for made in found) > 100
    assert least > 0.05


def test_features_reproduce_distances_on_a_grid_and_a_line() -> None:
    for cells in (grid_cells(4), line_cells(9, 0.25)):
        gap = cells.features[:, None] - cells.features[None]
        np.testing.assert_allclose((gap**2).sum(-1), 2 * cells.distance, atol=1e-9)
    assert grid_cells(4).distance[0, 5] == pytest.approx(2**0.5 / 4)


def naive_statistic(images: list[list[int]], first: tuple[int, ...]) -> float:
    a = [x for i in first for x in images[i]]
    b = [x for i in range(len(images)) if i not in first for x in images[i]]
    mean = [np.mean([np.linalg.norm(POINTS[x] - POINTS[y]) for x in p for y in q]) for p, q in ((a, b), (a, a), (b, b))]
    return float(len(a) * len(b) / (len(a) + len(b)) * (2 * mean[0] - mean[1] - mean[2]))


@pytest.mark.parametrize(("seed", "images"), [(0, (3, 5)), (1, (6, 3)), (2, (4, 4)), (7, (2, 6))])
def test_p_is_the_share_of_all_ways_to_choose_images(seed: int, images: tuple[int, int]) -> None:
    (a, b), units = world(seed, images)
    everything, m = a + b, len(a)
    observed = naive_statistic(everything, tuple(range(m)))
    ways = [naive_statistic(everything, chosen) for chosen in combinations(range(len(everything)), m)]
    exact = np.mean([value >= observed * (1 - 1e-6) for value in ways])
    found = permutation_test(units, [0], (19_999,), np.random.default_rng(0))
    assert found.p[0] == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 19_999) ** 0.5 + 1e-3)
    assert found.pooled == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 19_999) ** 0.5 + 1e-3)


@pytest.mark.parametrize("images", [40, 4_000, 40_000])
@pytest.mark.parametrize("seed", range(3))
def test_the_pooled_p_of_a_lone_class_is_its_own_however_many_images(images: int, seed: int) -> None:
    """Boxes that all lie at one end of the line: what is tested is far less than the sums that it is made of."""
    rng = np.random.default_rng(seed)
    cell = np.minimum((rng.beta(1.2, 12, images) * 26).astype(int), 25)
    side = np.repeat([0, 1], [images // 5, images - images // 5])
    units = units_of(cell, np.zeros(images, int), np.arange(images), side, line_cells(26, 0.16), 1)
    found = permutation_test(units, [0], (199,), np.random.default_rng(seed))
    assert found.pooled == found.p[0]


def test_classes_whose_boxes_are_all_alike_do_not_differ() -> None:
    rng, cells = np.random.default_rng(0), grid_cells(8)
    image = np.repeat(np.arange(300), rng.integers(1, 5, 300))
    owner, side = image // 100, (image % 100 < 30).astype(int)
    for cell in range(0, 64, 9):
        units = units_of(np.full(len(image), cell), owner, image, side, cells, 3)
        found = permutation_test(units, [0, 1, 2], (199,), np.random.default_rng(1))
        assert [*found.p, found.pooled] == [1.0] * 4


def test_stages_change_how_long_a_class_is_permuted_and_not_its_answer() -> None:
    rng = np.random.default_rng(5)
    parts = [units_for(rng, shift) for shift in (0.0, 0.0, 0.25, 0.5)]
    units = Units(*(np.concatenate([getattr(part, name) for part in parts]) for name in Units._fields))
    units = units._replace(owner=np.repeat(np.arange(4), [len(part.owner) for part in parts]))
    staged = permutation_test(units, [0, 1, 2, 3], (199, 4999), np.random.default_rng(1))
    once = permutation_test(units, [0, 1, 2, 3], (4999,), np.random.default_rng(2))
    for short, long, used in zip(staged.p, once.p, staged.permutations, strict=True):
        assert used in (199, 4999)
        assert (used == 199) == (round(short * (used + 1)) - 1 >= EXCEEDING)
        assert short == pytest.approx(long, abs=5 * (long / (used + 1)) ** 0.5 + 1 / (used + 1))


def units_for(rng: np.random.Generator, shift: float) -> Units:
    cells = grid_cells(4)
    place = np.clip(rng.random((60, 2)) * 0.999 * np.array([1 - shift, 1]) + np.array([0.0, 0.0]), 0, 0.999)
    place[:30] = rng.random((30, 2)) * 0.999
    cell = (place[:, 1] * 4).astype(int) * 4 + (place[:, 0] * 4).astype(int)
    return units_of(cell, np.zeros(60, int), np.arange(60), np.repeat([0, 1], 30), cells, 1)


def test_the_difference_of_means_has_the_variance_of_a_ratio_over_images() -> None:
    rng = np.random.default_rng(0)
    image = np.repeat(np.arange(40), rng.integers(1, 4, 40))
    side = (image >= 25).astype(int)
    values = rng.random(len(image)) + 0.2 * rng.random(40)[image]
    shuffled = rng.permutation(len(image))
    made = mean_difference(values[shuffled], np.zeros(len(image), int), image[shuffled], side[shuffled], 1)
    variance = 0.0
    for number in (0, 1):
        held = side == number
        mean, names = values[held].mean(), np.unique(image[held])
        totals = [(values[held & (image == name)] - mean).sum() for name in names]
        variance += len(names) / (len(names) - 1) * np.square(totals).sum() / held.sum() ** 2
    assert made.value[0] == pytest.approx(values[side == 1].mean() - values[side == 0].mean())
    assert made.error[0] == pytest.approx(variance**0.5)
