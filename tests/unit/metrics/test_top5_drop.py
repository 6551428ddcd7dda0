import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import Top5Drop, Top5DropAnywhere, top5_drop, top5_drop_anywhere

RANKS = torch.tensor([[0, 4, -1, 6], [5, 4, -1, 6], [3, 7, -1, 2], [9, 9, -1, 2]])


def test_share_of_steps_by_hand():
    # steps that begin inside: image 0: 0->1 (drops), 2->3 (drops); image 1: 0->1, 1->2 (drops); image 3: 2->3
    assert top5_drop(RANKS).item() == pytest.approx(3 / 5)


def test_share_of_images_by_hand():
    assert top5_drop_anywhere(RANKS, 0).item() == pytest.approx(2 / 2)  # images 0, 1 are inside at view 0
    assert top5_drop_anywhere(RANKS, 2).item() == pytest.approx(2 / 2)  # images 0, 3, and both are outside somewhere


def test_n_counts_images_that_have_a_say():
    steps, images = Top5Drop(), Top5DropAnywhere()
    steps.update(RANKS)
    images.update(RANKS, 0)
    assert steps.interval().n == 3
    assert images.interval().n == 2


def test_never_inside_is_undefined():
    assert top5_drop(torch.full((3, 2), 8)).isnan()


def test_a_label_is_there_at_all_views_or_at_none():
    with pytest.raises(UsageError, match="within an image"):
        top5_drop(torch.tensor([[0], [-1]]))
