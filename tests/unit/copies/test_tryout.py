"""What cannot be trained is refused before anything is trained, with what to do about it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from biasscope.copies import augmentation_sweep
from biasscope.copies.tryout import try_out
from biasscope.core.errors import UsageError
from tests.unit.copies.toys import data, network


class Own(nn.Module):
    """A linear classifier whose forward in training can be replaced."""

    def __init__(self, train: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.head, self.instead = nn.Linear(144, 3), train

    def forward(self, x: Tensor) -> Any:
        """Give logits (N, 3), or what is given instead while it is trained."""
        logits = self.head(x.flatten(1))
        return self.instead(logits) if self.training else logits


def broken(x: Tensor) -> Tensor:
    raise KeyError("boom")


def unbuilt() -> nn.Module:
    raise ValueError("cannot build")


SAME, FROZEN = network(), network().requires_grad_(False)


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (lambda: SAME, "gives the same network each time. Let it build a new one"),
        (lambda: nn.Sequential(SAME, nn.Linear(3, 3)), "gives the same network each time"),
        (lambda: nn.Sequential(FROZEN, nn.Linear(3, 3)), r"share a frozen part. Let it copy that part \(copy.deepcopy"),
        (unbuilt, "fails with ValueError: cannot build"),
        (lambda: None, "gives a NoneType, not a network"),
        (lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), "no weights that can be trained"),
        (lambda: network().requires_grad_(False), "no weights that can be trained"),
        (lambda: Own(lambda logits: (logits, logits)), "gives a tuple while it is trained"),
        (lambda: nn.Sequential(nn.Conv2d(1, 3, 3)), "while it is asked"),
        (lambda: Own(lambda logits: logits[:, :2]), "gives 2 answers, the images have 3 classes"),
        (lambda: Own(lambda logits: logits.mean(1)), r"gives shape \(2,\) while it is trained"),
        (lambda: Own(Tensor.detach), "do not depend on weights"),
        (lambda: Own(broken), "fails on a picture .* with KeyError: 'boom'"),
    ],
)
def test_what_cannot_be_trained_is_refused(factory: Callable[[], nn.Module], said: str) -> None:
    with pytest.raises(UsageError, match=f"^mine: .*{said}"):
        try_out({"mine": factory}, (1, 12, 12), 3, batch=8)


def test_a_frozen_part_may_be_copied() -> None:
    try_out({"mine": lambda: nn.Sequential(deepcopy(FROZEN), nn.Linear(3, 3))}, (1, 12, 12), 3, batch=8)


def test_a_batch_of_one_is_tried_as_such() -> None:
    made = {"mine": lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 3), nn.BatchNorm1d(3))}
    try_out(made, (1, 12, 12), 3, batch=2)
    with pytest.raises(UsageError, match="more than 1 value"):
        try_out(made, (1, 12, 12), 3, batch=1)


def test_random_numbers_are_put_back_and_a_sweep_tries_its_networks() -> None:
    before = torch.get_rng_state()
    try_out({"mine": lambda: nn.Sequential(nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 3))}, (1, 12, 12), 3, batch=8)
    assert torch.equal(before, torch.get_rng_state())
    with pytest.raises(UsageError, match=r"^narrow: the function gives the same network"):
        augmentation_sweep({"narrow": lambda: SAME}, data(), variants=["narrow"], copies=[1], steps=1)
