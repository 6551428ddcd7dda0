"""What a sweep over more shifts allocates: nothing more. Counted in elements of new storages, not in time."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from biasscope.transforms import BilinearShift, BoxCrop, Circular, Crop, Embed, FourierShift, RandomPairs, Rotation
from biasscope.transforms.windows import runs


class Allocations(TorchDispatchMode):
    """Elements of the storages that operations make."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        old = {
            leaf.untyped_storage().data_ptr() for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)
        }
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, torch.Tensor) and leaf.untyped_storage().data_ptr() not in old:
                self.elements += leaf.untyped_storage().nbytes() // leaf.element_size()
        return made


def allocated(transformation, side, views):
    """Elements that opening a block makes, and that writing some views makes."""
    sources = torch.randn(4, 3, side, side)
    out = torch.empty(len(views) * 4, 3, 20, 20)
    with Allocations() as opening:
        opened = transformation.open(sources, range(4))
    with Allocations() as writing:
        opened.write(out, np.repeat(views, 4).tolist(), list(range(4)) * len(views))
    return opening.elements, writing.elements


@pytest.mark.parametrize(("family", "side"), [(Crop, 32), (Embed, 32), (BoxCrop, 32), (Circular, 20)])
def test_whole_shifts_copy_into_the_buffer_and_make_nothing(family, side):
    few, many = (allocated(family(grid), side, [0, 3]) for grid in ("3:6", "13"))
    assert few == many
    assert many[1] == 0
    assert many[0] == 0 if family is not Circular else many[0] <= 4 * 3 * (32 * 20 + 32 * 32) + 200


def test_pairs_make_nothing():
    assert allocated(RandomPairs(13, pairs=1), 32, [0, 1]) == (0, 0)
    assert allocated(RandomPairs(13, pairs=40), 32, [0, 70]) == (0, 0)


@pytest.mark.parametrize(("family", "side"), [(FourierShift, 20), (BilinearShift, 26)])
def test_fractional_shifts_make_as_much_for_many_as_for_few(family, side):
    few, many = (allocated(family(grid), side, [0, 0]) for grid in ("3:2.5", "11:0.5"))
    ramps = (20 + 11) * 10 if family is FourierShift else 0
    assert many[0] - few[0] <= 2 * ramps
    assert many[1] == few[1] > 0


def test_rotation_makes_as_much_for_many_as_for_few():
    few, many = (allocated(Rotation(angles), 22, [0, 2]) for angles in ("-10..10:10", "-10..10:1"))
    assert few == many


def test_neighbouring_pictures_at_the_same_view_are_one_copy():
    class Copies(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            Copies.count += "copy_" in str(func)
            return func(*args, **(kwargs or {}))

    opened = Crop("5").open(torch.randn(6, 1, 12, 12), range(6))
    with Copies():
        opened.write(torch.empty(12, 1, 8, 8), [2] * 6 + [3] * 6, list(range(6)) * 2)
    assert Copies.count == 2


def test_runs_end_where_the_key_changes_or_pictures_do_not_follow():
    assert list(runs([], [])) == []
    assert list(runs([1, 1, 2, 2, 2], [0, 1, 2, 3, 3])) == [(0, 2, 0), (2, 4, 2), (4, 5, 3)]
