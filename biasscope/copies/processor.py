"""How the processor is used: one thread of a CPU; an accelerator is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Compute on one thread of the CPU, so that the answer does not depend on the number of cores."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def wait(device: torch.device) -> None:
    """Wait until an accelerator has done what it was told."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
