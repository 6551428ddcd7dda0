"""Parts of chosen boxes are put together without loss, in their order, and not beyond what was allowed."""

import numpy as np
import pytest

from biasscope.bias.counting.rows import Rows
from biasscope.bias.counting.selection import together


def part(first: int, count: int) -> tuple[Rows, np.ndarray]:
    numbers = np.arange(first, first + count)
    floats = [numbers.astype(np.float64)] * 4
    sides = [numbers.astype(np.float32)] * 2
    return Rows(numbers.astype(np.uint64), numbers.astype(np.int32), *floats, *sides, numbers >= 0), numbers % 2 == 0


@pytest.mark.parametrize(("most", "sizes"), [(1, [3, 4, 2, 9]), (7, [7, 2, 9]), (9, [9, 9]), (100, [18])])
def test_together(most: int, sizes: list[int]) -> None:
    parts = [part(0, 3), part(3, 4), part(7, 2), part(9, 9)]
    made = list(together(iter(parts), most))
    assert [len(mask) for _, mask in made] == sizes
    for name in Rows._fields:
        joined = np.concatenate([getattr(rows, name) for rows, _ in made])
        assert (joined == np.concatenate([getattr(rows, name) for rows, _ in parts])).all()
    assert (np.concatenate([mask for _, mask in made]) == np.concatenate([mask for _, mask in parts])).all()


def test_nothing() -> None:
    assert list(together(iter([]), 5)) == []
