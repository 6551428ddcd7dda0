"""One network after the other: plain training, which every network takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from biasscope.copies.train.engine import loss_of, moments, optimizer, restore_moments
from biasscope.copies.train.settings import Training


class Sequential:
    """Train K networks, each by its own forward pass, backward pass and optimiser.

    Parameters
    ----------
    networks
        They are trained in place.
    training
        Settings.
    """

    vectorised = False

    def __init__(self, networks: Sequence[nn.Module], training: Training) -> None:
        self._networks = [network.train().to(memory_format=training.layout()) for network in networks]
        self._training = training
        self._optimizers = [optimizer(list(network.parameters()), training) for network in networks]
        self._forward = [torch.compile(net) if training.compile else net for net in self._networks]

    def step(self, x: Tensor, y: Tensor, rate: float, seeds: Sequence[int] = ()) -> Tensor:
        """Take one step; see `Engine.step`."""
        losses = []
        for k in range(len(self._networks)):
            if seeds:
                torch.manual_seed(seeds[k])
            losses.append(self._one(k, x[k], y[k], rate))
        return torch.stack(losses)

    def _one(self, k: int, x: Tensor, y: Tensor, rate: float) -> Tensor:
        descent = self._optimizers[k]
        descent.param_groups[0]["lr"] = rate
        descent.zero_grad()
        with self._training.precision(x.device):
            logits = self._forward[k](x.contiguous(memory_format=self._training.layout()))
        loss = loss_of(logits, y)
        loss.backward()  # type: ignore[no-untyped-call]
        descent.step()
        return loss.detach()

    def state(self) -> dict[str, Tensor]:
        """Give everything the next step depends on; see `Engine.state`."""
        state: dict[str, Tensor] = {}
        for k, (network, descent) in enumerate(zip(self._networks, self._optimizers, strict=True)):
            state |= {f"net{k}.{name}": tensor for name, tensor in network.state_dict().items()}
            state |= moments(descent, f"opt{k}.")
        return state

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state; see `Engine.restore`."""
        for k, (network, descent) in enumerate(zip(self._networks, self._optimizers, strict=True)):
            start = f"net{k}."
            network.load_state_dict({n.removeprefix(start): t for n, t in state.items() if n.startswith(start)})
            restore_moments(descent, state, f"opt{k}.")

    def networks(self) -> list[nn.Module]:
        """Give the networks themselves."""
        return self._networks
