"""Moved references as windows and as rolled copies, against `torch.roll` and slices, for any set of shifts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.trace.errors.aligned import aligned_errors
from biasscope.trace.errors.between import fourier_errors
from biasscope.trace.errors.runs import find_runs
from biasscope.trace.fourier import derivative_matrix, fourier_shift
from biasscope.trace.measures import cosine_distances, relative_errors

GRID = [(y, x) for y in range(-3, 4) for x in range(-3, 4) if (y, x) != (0, 0)]


def maps(views, height, width, pictures=2, dtype=torch.float64):
    return torch.randn(pictures, views, 3, height, width, generator=torch.Generator().manual_seed(views)).to(dtype)


def naive(x, places, shifts):
    found = np.zeros((3, len(x), len(places)))
    for picture in range(len(x)):
        for number, (place, shift) in enumerate(zip(places, shifts, strict=True)):
            moved, response = x[picture, 0].roll(shift, (-2, -1)), x[picture, place]
            found[:, picture, number] = [float(part.square().sum()) for part in (response - moved, response, moved)]
    return found


@settings(max_examples=60, deadline=None)
@given(
    shifts=st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=1, max_size=12),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
)
def test_any_shifts(shifts, height, width):
    x, places = maps(len(shifts) + 1, height, width), list(range(1, len(shifts) + 1))
    found = aligned_errors(x, places, shifts)
    assert np.allclose(torch.stack(list(found)).numpy(), naive(x, places, shifts))


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("size", [(16, 16), (16, 4), (3, 16), (9, 13)])
def test_grids(size, order):
    shifts = GRID if order == "ascending" else GRID[::-1]
    x, places = maps(len(shifts) + 1, *size), list(range(1, len(shifts) + 1))
    found = aligned_errors(x, places, shifts)
    assert np.allclose(torch.stack(list(found)).numpy(), naive(x, places, shifts))


def test_a_full_grid_is_few_runs():
    assert len(find_runs(list(range(1, 49)), GRID[::-1], (32, 32)).runs) <= 5
    full = [(y, x) for y in range(7, -1, -1) for x in range(7, -1, -1)][:-1]
    assert [run.rows * run.columns for run in find_runs(list(range(1, 64)), full, (32, 32)).runs] == [56, 7]


def test_not_every_place_and_other_layouts():
    shifts, places = [(2, 0), (0, 2), (-2, 4)], [2, 5, 6]
    x = maps(8, 12, 12)
    last = x.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, (2, 8))
    for given_maps in (x, last, x[:, :7], x.float()):
        found = aligned_errors(given_maps, places, shifts)
        assert np.allclose(torch.stack(list(found)).numpy(), naive(x, places, shifts), rtol=1e-5)


def test_without_wrapping_what_both_show_is_compared():
    x, shifts = maps(4, 9, 7), [(2, 0), (-3, 1), (8, 0)]
    found = torch.stack(list(aligned_errors(x, [1, 2, 3], shifts, wraps=False)))
    for picture in range(2):
        for number, (y, right) in enumerate(shifts):
            total = np.zeros(3)
            for i in range(9):
                for j in range(7):
                    if 0 <= i - y < 9 and 0 <= j - right < 7:
                        response, fixed = x[picture, number + 1, :, i, j], x[picture, 0, :, i - y, j - right]
                        total += [float(part.square().sum()) for part in (response - fixed, response, fixed)]
            assert np.allclose(found[:, picture, number].numpy(), total)


@pytest.mark.parametrize("size", [5, 8])
def test_fourier_shifts_are_rolls_at_whole_positions_and_form_a_group(size):
    x = maps(1, size, size)[0]
    assert torch.allclose(fourier_shift(x, (2, -3)), x.roll((2, -3), (-2, -1)))
    if size % 2:
        assert torch.allclose(fourier_shift(fourier_shift(x, (0.3, 0.4)), (0.7, -0.4)), x.roll(1, -2))
    step = 1e-6
    slope = (fourier_shift(x, (step, 0)) - fourier_shift(x, (-step, 0))) / (2 * step)
    assert torch.allclose(derivative_matrix(size, x.dtype, x.device) @ x, slope, atol=1e-6)


@pytest.mark.parametrize("shift", [(0, 0), (2, -1), (-3, 4), (14, 0), (1.5, -0.25)])
def test_a_margin_leaves_the_edges_out_before_and_after_the_shift(shift):
    x, size, edge = maps(2, 16, 12), (16, 12), (3, 2)
    if all(step == int(step) for step in shift):
        found = aligned_errors(x, [1], [tuple(map(int, shift))], margin=0.2)
    else:
        found = fourier_errors(x, [1], np.array([shift]), margin=0.2)
    moved = fourier_shift(x[:, 0], shift)
    near = [(step + side / 2) % side - side / 2 for step, side in zip(shift, size, strict=True)]
    expected = np.zeros((3, 2))
    for i in range(16):
        for j in range(12):
            inside = [
                margin <= place < side - margin and margin <= place - step <= side - margin - 1
                for place, step, side, margin in zip((i, j), near, size, edge, strict=True)
            ]
            if all(inside):
                pair = x[:, 1, :, i, j], moved[:, :, i, j]
                expected += np.stack([(part**2).sum(1) for part in (pair[0] - pair[1], *pair)])
    assert np.allclose(torch.stack(list(found))[..., 0].numpy(), expected)


def test_no_common_content_is_undefined():
    x = maps(2, 8, 8)
    assert torch.stack(list(aligned_errors(x, [1], [(9, 0)], wraps=False))).isnan().all()
    assert cosine_distances(x[0], [(9, 0)], wraps=False).isnan().all()
    assert relative_errors(x[0], [(9, 0)], wraps=False).isnan().all()
