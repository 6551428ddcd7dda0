import numpy as np
import pytest

from biasscope.copies.pool import choose, make_pool
from biasscope.core.errors import UsageError


@pytest.mark.parametrize("copies", [1, 5, 16])
def test_copies_are_distinct_and_start_with_the_image_itself(copies: int) -> None:
    pool = make_pool("shift", shifts="4x4")
    chosen = choose(pool, [copies], 50, seed=3).numpy()
    assert chosen.shape == (50, copies)
    assert all(len(set(row)) == copies for row in chosen.tolist())
    assert (chosen[:, 0] == pool.reference).all()
    assert (pool.dy[pool.reference], pool.dx[pool.reference]) == (0, 0)


def test_more_copies_contain_fewer_and_images_differ() -> None:
    pool = make_pool("shift", shifts="8x8")
    few, many = choose(pool, [4], 200, seed=0), choose(pool, [9], 200, seed=0)
    assert (many[:, :4] == few).all()
    assert len({tuple(row) for row in few.tolist()}) > 190
    assert (choose(pool, [4], 20, seed=0) == few[:20]).all()
    assert (choose(pool, [4], 200, seed=1) != few).any()


def test_every_phase_is_as_likely_as_another() -> None:
    pool = make_pool("shift", shifts="3x3")
    counts = np.bincount(choose(pool, [2], 8000, seed=0)[:, 1].numpy(), minlength=9)
    assert counts[pool.reference] == 0
    assert np.abs(np.delete(counts, pool.reference) - 1000).max() < 5 * np.sqrt(1000)


def test_products_have_all_combinations_of_the_chosen_values() -> None:
    pool = make_pool("shift+rotate", shifts="2x2", angles="-10,0,10")
    chosen = choose(pool, [3, 2], 5, seed=0).numpy()
    assert chosen.shape == (5, 6)
    for row in chosen:
        shift, angle = np.unravel_index(row, pool.sizes)
        assert {(s, a) for s in shift for a in angle} == set(zip(shift.tolist(), angle.tolist(), strict=True))
        assert (len(set(shift)), len(set(angle))) == (3, 2)


def test_what_was_trained_lies_inside_and_the_rest_outside() -> None:
    inside = make_pool("shift", shifts="3x3").contains(make_pool("shift", shifts="5x5"))
    assert inside.reshape(5, 5).tolist() == np.pad(np.ones((3, 3), bool), 1).tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"transform": "blur"},
        {"transform": "rotate", "angles": "-180..180:30"},
        {"transform": "shift+shift"},
        {"shifts": "3:0.5"},
        {"transform": "scale", "scales": "0,1"},
    ],
)
def test_wrong_transformations(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        make_pool(**wrong)


def test_the_identity_is_added_where_it_is_missing() -> None:
    pool = make_pool("rotate", angles="-20,20")
    assert pool.angle.tolist() == [-20, 0, 20]
    assert pool.reference == 1
