"""Running tables: what was counted stays when rows are added or counts get wider."""

import numpy as np
import pytest

from biasscope.bias.counting.running import Running


def test_rows_are_views_that_are_counted_into():
    running = Running({"boxes": (2,)})
    running.rows("boxes", 3)[1, 0] += 5
    assert running.rows("boxes", 3).tolist() == [[0, 0], [5, 0], [0, 0]]


@pytest.mark.parametrize("counts", [(1, 2, 3, 50), (4, 4, 5), (7, 3, 9)])
def test_counts_survive_growth(counts):
    running = Running({"joint": (2,)})
    expected = np.zeros((max(counts), 2), np.int64)
    for count in counts:
        running.rows("joint", count)[:] += 1
        expected[:count] += 1
    assert running.rows("joint", max(counts)).tolist() == expected.tolist()


def test_fewer_rows_than_held_are_the_first_ones():
    running = Running({"boxes": ()})
    running.rows("boxes", 4)[:] = [1, 2, 3, 4]
    assert running.rows("boxes", 2).tolist() == [1, 2]


def test_a_map_widens_and_keeps_its_counts():
    running = Running({"raw": (1,)})
    running.rows("raw", 2)[:] = 2**31 - 1
    assert running.rows("raw", 2).dtype == np.int32
    wide = running.rows("raw", 2, wide=True)
    wide += 1
    assert wide.dtype == np.int64
    assert running.rows("raw", 3, wide=True).ravel().tolist() == [2**31, 2**31, 0]


def test_take_gives_a_table_once():
    running = Running({"boxes": (), "raw": (3,)})
    running.rows("boxes", 2)[:] += 1
    assert running.take("boxes").tolist() == [1, 1]
    assert running.take("boxes").shape == (0,)
    assert running.take("raw").shape == (0, 3)
