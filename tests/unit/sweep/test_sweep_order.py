import numpy as np
import pytest

from biasscope.core.errors import UsageError
from biasscope.sweep.order import chunks, evaluation_order


def check(order, steps, reference):
    """The reference is first, every view is there once, and predecessors come before."""
    assert order.views[0] == reference
    assert sorted(order.views.tolist()) == list(range(steps.shape[1]))
    np.testing.assert_array_equal(order.views[order.positions], np.arange(steps.shape[1]))
    for k, view in np.argwhere(steps >= 0):
        before = steps[k, view]
        assert order.previous[k, order.positions[view]] == order.positions[before]
        assert view == reference or order.positions[before] < order.positions[view]


@pytest.mark.parametrize("reference", range(6))
def test_a_chain_from_any_reference(reference):
    steps = np.array([[-1, 0, 1, 2, 3, 4]])
    check(evaluation_order(steps, reference), steps, reference)


def test_given_order_is_kept_where_it_can_be():
    steps = np.array([[-1, 0, 1, 2], [-1, -1, 0, 1]])
    assert evaluation_order(steps, 0).views.tolist() == [0, 1, 2, 3]


def test_views_that_come_before_their_predecessors_are_put_behind_them():
    steps = np.array([[1, 2, 3, -1, 0]])
    order = evaluation_order(steps, 3)
    assert order.views.tolist() == [3, 2, 1, 0, 4]
    check(order, steps, 3)


def test_thousands_of_steps_in_a_row():
    steps = np.arange(-1, 4999)[None]
    check(evaluation_order(steps, 2500), steps, 2500)


def test_no_steps_at_all():
    order = evaluation_order(np.zeros((0, 3), np.int64), 1)
    assert order.views.tolist() == [1, 0, 2]
    assert order.previous.shape == (0, 3)


def test_circles_are_refused():
    with pytest.raises(UsageError, match="circle"):
        evaluation_order(np.array([[-1, 2, 1]]), 0)


@pytest.mark.parametrize(("views", "pictures", "size"), [(5, 3, 4), (1, 1, 8), (4, 4, 4), (2, 9, 5)])
def test_chunks_hold_every_pair_once_and_have_one_size(views, pictures, size):
    order, pairs = np.arange(views)[::-1], []
    for chunk in chunks(order, pictures, size):
        assert len(chunk.views) == len(chunk.pictures) == size
        pairs += list(zip(chunk.views, chunk.pictures, strict=True))[: chunk.used]
        assert len(pairs) == chunk.stop
    assert pairs == [(view, picture) for view in order for picture in range(pictures)]
