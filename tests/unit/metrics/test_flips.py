import pytest
import torch

from biasscope.metrics import functional as F
from tests.unit.metrics.hand import PREDICTIONS, REFERENCE, TARGETS

BY_HAND = {  # nine (image, view); the reference is view 1, where only image 0 is right
    "right_to_wrong": 1,  # image 0 at view 2
    "right_unchanged": 2,
    "wrong_to_right": 2,  # image 1 at views 0 and 2
    "wrong_to_wrong": 1,  # image 1 at view 3: 8 -> 9
    "wrong_unchanged": 3,  # image 2
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name):
    assert getattr(F, name)(PREDICTIONS, TARGETS, REFERENCE).item() == pytest.approx(BY_HAND[name] / 9)


def test_shares_add_up_and_the_changes_are_the_top1_change():
    shares = {name: getattr(F, name)(PREDICTIONS, TARGETS, REFERENCE).item() for name in BY_HAND}
    assert sum(shares.values()) == pytest.approx(1)
    changes = shares["right_to_wrong"] + shares["wrong_to_right"] + shares["wrong_to_wrong"]
    assert changes == pytest.approx(F.top1_change(PREDICTIONS, reference=REFERENCE).item())


@pytest.mark.parametrize("name", BY_HAND)
def test_images_without_a_label_are_left_out(name):
    function = getattr(F, name)
    unknown = torch.tensor([-1, 7, 5])
    assert function(PREDICTIONS, unknown, 1) == function(PREDICTIONS[:, 1:], unknown[1:], 1)
    assert function(PREDICTIONS, torch.full((3,), -1)).isnan()
