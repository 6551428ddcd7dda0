"""Many networks at once: their weights are stacked and one forward and backward pass serves all of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from biasscope.copies.train.engine import loss_of, moments, optimizer, restore_moments
from biasscope.copies.train.settings import Training


class CannotVectoriseError(RuntimeError):
    """These networks cannot be stacked; they are trained one after the other."""


class Vectorised:
    """Train K networks of one kind by ``torch.vmap`` over their weights.

    Batch normalisation is kept: each network normalises by its own batch, and its running statistics are a stacked
    buffer that is updated in place, as in training alone. A network that draws random numbers while it is trained
    (dropout) is refused, because it would not get the numbers that it gets alone.

    Parameters
    ----------
    networks
        They are left as they are; `networks` gives the trained ones.
    training
        Settings.

    Raises
    ------
    CannotVectoriseError
        The networks differ in kind, or hold modules that draw random numbers.
    """

    vectorised = True

    def __init__(self, networks: Sequence[nn.Module], training: Training) -> None:
        _check(networks)
        self._originals, self._training = networks, training
        for network in networks:
            network.train()
        try:
            self._parameters, self._buffers = stack_module_state(list(networks))
        except RuntimeError as error:
            raise CannotVectoriseError(str(error)) from error
        self._skeleton = copy.deepcopy(networks[0]).to("meta").train()
        self._descent = optimizer(list(self._parameters.values()), training)
        together = torch.vmap(self._loss, in_dims=(0, 0, 0, 0), randomness="error")
        self._losses = torch.compile(together) if training.compile else together

    def _loss(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        logits = functional_call(self._skeleton, (parameters, buffers), (x,))
        return loss_of(logits, y)

    def step(self, x: Tensor, y: Tensor, rate: float, seeds: Sequence[int] = ()) -> Tensor:
        """Take one step; see `Engine.step`. Networks that draw random numbers are refused, so seeds have no effect.

        Raises
        ------
        CannotVectoriseError
            An operation of the network has no vectorised form.
        """
        self._descent.param_groups[0]["lr"] = rate
        self._descent.zero_grad()
        try:
            with self._training.precision(x.device):
                losses: Tensor = self._losses(self._parameters, self._buffers, x, y)
            losses.sum().backward()  # type: ignore[no-untyped-call]
        except (RuntimeError, NotImplementedError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise CannotVectoriseError(str(error)) from error
        self._descent.step()
        return losses.detach()

    def state(self) -> dict[str, Tensor]:
        """Give everything the next step depends on; see `Engine.state`."""
        stacked = {f"stack.{name}": tensor for name, tensor in {**self._parameters, **self._buffers}.items()}
        return {**stacked, **moments(self._descent, "opt.")}

    @torch.no_grad()
    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state; see `Engine.restore`."""
        for name, tensor in {**self._parameters, **self._buffers}.items():
            tensor.copy_(state[f"stack.{name}"])
        restore_moments(self._descent, state, "opt.")

    @torch.no_grad()
    def networks(self) -> list[nn.Module]:
        """Give copies of the networks with the weights they have now."""
        made = [copy.deepcopy(network) for network in self._originals]
        for k, network in enumerate(made):
            for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
                source = self._parameters.get(name, self._buffers.get(name))
                if source is not None:
                    tensor.copy_(source[k])
        return made


def _check(networks: Sequence[nn.Module]) -> None:
    if len({str(network) for network in networks}) != 1:
        raise CannotVectoriseError("the networks are of several kinds")
    for name, module in networks[0].named_modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            raise CannotVectoriseError(f"{name} draws random numbers")
