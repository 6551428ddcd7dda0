"""What a model that is lent leaves as it was: generators of every kind of device."""

import pytest
import torch

from biasscope.models.borrow import same_draws


class Device:
    """Stands in for `torch.mps` (one generator) or `torch.xpu` (several) on a machine without such a device."""

    def __init__(self, several):
        self.states = [torch.tensor([7, number], dtype=torch.uint8) for number in range(2 if several else 1)]
        self.is_initialized = lambda: True
        self.is_available = lambda: True
        self.device_count = lambda: len(self.states)
        self.manual_seed = self.seed
        if several:
            self.manual_seed_all = self.seed

    def seed(self, seed):
        self.states = [torch.full((2,), seed, dtype=torch.uint8) for _ in self.states]

    def get_rng_state(self, number=0):
        return self.states[number]

    def set_rng_state(self, state, number=0):
        self.states[number] = state


@pytest.mark.parametrize("name", ["mps", "xpu"])
def test_generators_of_other_devices_are_seeded_watched_and_given_back(monkeypatch, name):
    device = Device(several=name == "xpu")
    monkeypatch.setattr(torch, name, device)
    if name == "mps":
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    before = [state.tolist() for state in device.states]
    with same_draws(3) as drew:
        assert [state.tolist() for state in device.states] == [[3, 3]] * len(before)
        assert not drew()
        device.set_rng_state(torch.tensor([1, 1], dtype=torch.uint8), len(before) - 1)
        assert drew()
    assert [state.tolist() for state in device.states] == before
