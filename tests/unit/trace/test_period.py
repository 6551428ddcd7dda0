"""After how many pixels errors repeat: against a naive loop over all pairs, and at the edges of what is a repeat."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.trace.measures import lattice_period


def naive(lattice, tolerance):
    """Smallest step down at which no two known errors differ by more than a share of the largest one."""
    known = [abs(value) for value in lattice.ravel() if not np.isnan(value)]
    rows, columns = lattice.shape
    for step in range(1, rows):
        pairs = [(lattice[y, x], lattice[y + step, x]) for y in range(rows - step) for x in range(columns)]
        if not any(abs(a - b) > tolerance * max(known) for a, b in pairs):
            return step
    return rows


errors = st.sampled_from([0.0, 0.25, -0.5, 0.75, 1.0, -1.0, np.nan])
sizes = st.tuples(st.integers(1, 5), st.integers(1, 4))
lattices = sizes.flatmap(lambda size: st.lists(errors, min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
    lambda values: np.reshape(values, size)
))  # fmt: skip


@given(lattices, st.sampled_from([0.0, 0.25, 0.5]))
def test_periods_are_those_of_a_loop_over_all_pairs(lattice, tolerance):
    assert lattice_period(lattice, tolerance) == (naive(lattice, tolerance), naive(lattice.T, tolerance))


@pytest.mark.parametrize("period", [(1, 1), (2, 3), (4, 1), (5, 7)])
@pytest.mark.parametrize("size", [(5, 7), (8, 12), (9, 10)])
def test_a_tiled_block_repeats_after_its_sides(period, size):
    block = np.random.default_rng(0).permutation(np.prod(period)).reshape(period) + 1.0
    tiled = np.tile(block, (9, 12))[: size[0], : size[1]]
    assert lattice_period(tiled) == lattice_period(1e-6 * tiled) == period


@pytest.mark.parametrize(("other", "period"), [(0.96, 1), (0.94, 2)])
def test_what_differs_by_a_twentieth_of_the_largest_error_is_the_same_unless_told(other, period):
    rows = np.array([[1.0, 1.0], [other, other]] * 3)
    assert lattice_period(rows) == (period, 1)
    assert lattice_period(rows, 0.1) == (1, 1)
    assert lattice_period(rows, 0.01) == (2, 1)


def test_a_difference_of_the_tolerance_itself_is_still_the_same():
    assert lattice_period(np.array([[1.0], [0.75], [1.0]]), 0.25) == (1, 1)
    assert lattice_period(np.zeros((3, 2)), 0.0) == (1, 1)


def test_where_nothing_is_known_nothing_differs():
    lattice = np.array([[0.0, np.nan, 1.0], [np.nan, np.nan, np.nan], [0.0, 2.0, 1.0]])
    assert lattice_period(lattice) == (1, 3)
    assert lattice_period(np.full((3, 3), np.nan)) == (1, 1)
