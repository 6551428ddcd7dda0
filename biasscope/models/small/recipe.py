"""How the small networks are made: everything that decides their weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.core.provenance import versions
from biasscope.models.small.network import SmallNet
from biasscope.models.surgery import antialias, pac, polyphase

PACKAGES = ("biasscope", "torch", "numpy", "scikit-learn", "pillow")
"""Packages whose versions belong to the weights."""


@dataclass(frozen=True)
class Recipe:
    """One small network and its training.

    Attributes
    ----------
    name
        As in ``small:<name>``.
    stride
        Product of strides.
    form
        ``plain``, or the surgery that is done before the training: ``antialias``, ``polyphase``, ``pac`` (guided by the
        picture).
    scenes, side, uniform
        Number of scenes (four fifths train), their side in pixels, and whether all digits are placed uniformly.
    epochs, batch, rate, seed
        Training: AdamW with one cycle of the learning rate.
    """

    name: str
    stride: int
    form: str = "plain"
    width: int = 12
    scenes: int = 5000
    side: int = 64
    uniform: bool = True
    epochs: int = 4
    batch: int = 64
    rate: float = 0.01
    seed: int = 0

    def build(self) -> nn.Module:
        """Untrained network in its form."""
        net = SmallNet(self.stride, width=self.width)
        shape = (1, self.side, self.side)
        forms: dict[str, Callable[[SmallNet], SmallNet]] = {
            "plain": lambda plain: plain,
            "antialias": partial(antialias, example=shape, inplace=True),
            "polyphase": partial(polyphase, example=shape, inplace=True),
            "pac": partial(pac, example=shape, scale=1.0, inplace=True),
        }
        return forms[self.form](net)

    def facts(self) -> dict[str, str]:
        """Every setting and version, as text."""
        settings = {key: str(value) for key, value in asdict(self).items()}
        return {**settings, **{f"version {name}": text for name, text in versions(PACKAGES).items()}}

    def key(self) -> str:
        """SHA-256 of `facts`."""
        return hashlib.sha256(json.dumps(self.facts(), sort_keys=True).encode()).hexdigest()


RECIPES = {
    f"digits{stride}{'' if form == 'plain' else '-' + form}": Recipe(
        f"digits{stride}{'' if form == 'plain' else '-' + form}", stride, form
    )
    for stride in (4, 8)
    for form in ("plain", "antialias", "polyphase", "pac")
}
"""Recipes by name."""


def recipe(name: str) -> Recipe:
    """Find a recipe.

    Raises
    ------
    UsageError
        There is none of that name.

    Examples
    --------
    >>> recipe("digits8").stride
    8
    """
    if name not in RECIPES:
        raise UsageError(f"there is no small network {name!r}", hint=f"There are: {', '.join(RECIPES)}.")
    return RECIPES[name]
