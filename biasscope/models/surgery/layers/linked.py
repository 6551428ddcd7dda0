"""Polyphase sampling that shares its choice with the branches it meets."""

from __future__ import annotations

from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.models.surgery.layers.links import Link
from biasscope.nn import PolyphaseSampling2d
from biasscope.nn._fx import one_step
from biasscope.nn.polyphase import UnevenMode


class LinkedSampling2d(PolyphaseSampling2d):
    """`PolyphaseSampling2d` that takes part in a choice: the first to run in a pass chooses, the others follow.

    The last one lets the choice go, so that nobody follows the choice of another pass.
    """

    def __init__(
        self, stride: tuple[int, int], p: float, uneven: UnevenMode, link: Link, leader: bool, last: bool
    ) -> None:
        super().__init__(stride, p, uneven)
        self.link, self.leader, self.last = link, leader, last

    @one_step
    def forward(self, x: Tensor, index: Tensor | None = None) -> Tensor:
        """Sample (N, C, H, W) at the phase that the group has chosen."""
        if self.leader:
            out, self.link.value = self.with_index(x)
            return out
        chosen = self.link.value
        if chosen is None:
            raise UsageError(
                "a sampling runs without the branch that chooses its phase",
                hint="Run the branches of a block together.",
            )
        self.link.value = None if self.last else chosen
        return super().forward(x, chosen)

    def extra_repr(self) -> str:
        """Show the arguments and the part played."""
        return f"{super().extra_repr()}, {'chooses' if self.leader else 'follows'}"
