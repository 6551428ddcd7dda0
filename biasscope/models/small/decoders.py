"""Small networks that draw their input again, with three ways of upsampling, trained on the digit scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.loaded import LoadedModel, describe
from biasscope.models.preprocessing import Preprocessing
from biasscope.models.small.cache import stored
from biasscope.models.small.recipe import Recipe
from biasscope.models.small.train import descend, one_thread, scenes
from biasscope.models.spec import Spec
from biasscope.nn import ResizeConv2d


class SmallDecoder(nn.Module):
    """Three strided convolutions down, three layers up, for grey pictures.

    Parameters
    ----------
    upsampling
        ``transposed3`` (kernel 3, stride 2), ``transposed4`` (kernel 4, stride 2) or ``resize`` (nearest neighbour,
        then a 3x3 convolution).
    width
        Channels at half the side; twice as many below.

    Notes
    -----
    The side of the picture is a multiple of 8. The encoder's kernels are 4x4 with stride 2, so that its own gradients
    are even and what is seen is the decoder's.

    Examples
    --------
    >>> SmallDecoder("transposed3")(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 1, 64, 64])
    """

    def __init__(self, upsampling: str = "transposed3", width: int = 8) -> None:
        super().__init__()
        if upsampling not in _UPSAMPLERS:
            raise ValueError(f"upsampling must be one of {', '.join(_UPSAMPLERS)}, got {upsampling!r}")
        make = _UPSAMPLERS[upsampling]
        down, code = (1, width, 2 * width), 2 * width
        self.encoder = nn.Sequential(
            *(part for a, b in pairwise((*down, code)) for part in (nn.Conv2d(a, b, 4, 2, 1), _act()))
        )
        up = (code, 2 * width, width)
        self.decoder = nn.Sequential(*(part for a, b in pairwise(up) for part in (make(a, b), _act())))
        self.decoder.append(make(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Draw pictures (N, 1, H, W) again."""
        out: Tensor = self.decoder(self.encoder(x))
        return out


def _act() -> nn.Module:
    return nn.LeakyReLU(0.1)


def _transposed3(incoming: int, outgoing: int) -> nn.Module:
    return nn.ConvTranspose2d(incoming, outgoing, 3, 2, 1, 1)


def _transposed4(incoming: int, outgoing: int) -> nn.Module:
    return nn.ConvTranspose2d(incoming, outgoing, 4, 2, 1)


_UPSAMPLERS: dict[str, Callable[[int, int], nn.Module]] = {
    "transposed3": _transposed3,
    "transposed4": _transposed4,
    "resize": ResizeConv2d,
}


@dataclass(frozen=True)
class DecoderRecipe(Recipe):
    """One small decoder and its training, as a `Recipe` whose ``form`` is the upsampling."""

    def build(self) -> nn.Module:
        """Untrained network."""
        return SmallDecoder(self.form, self.width)


DECODERS = {
    f"decoder-{form}": DecoderRecipe(f"decoder-{form}", 8, form, width=8, scenes=1250, epochs=5, rate=0.01)
    for form in _UPSAMPLERS
}
"""Recipes by name."""


def train_decoder(recipe: DecoderRecipe) -> tuple[nn.Module, float]:
    """Build and train a decoder to give its input back; gives it with its peak signal-to-noise ratio in dB.

    The ratio is over the scenes kept back, for pictures in [-1, 1]. One thread computes; torch's global generator is
    put back afterwards.
    """
    pictures, _, chosen = scenes(recipe)
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), one_thread():
        torch.manual_seed(recipe.seed)
        net = recipe.build().train()
        descend(net, recipe, pictures[chosen], pictures[chosen], F.mse_loss)
    net.eval()
    with torch.inference_mode():
        error = float(F.mse_loss(net(pictures[~chosen]), pictures[~chosen]))
    return net, float(10 * torch.log10(torch.tensor(4 / error)))


def cached_decoder(recipe: DecoderRecipe) -> tuple[nn.Module, float]:
    """Trained decoder and its ratio in dB: read if it is there and whole, otherwise trained and written."""
    return stored(recipe, train_decoder)


def load_decoder(spec: Spec) -> LoadedModel:
    """Give a small decoder, trained now if it is not in the cache.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if spec.name not in DECODERS:
        raise UsageError(f"there is no small decoder {spec.name!r}", hint=f"There are: {', '.join(DECODERS)}.")
    wanted = DECODERS[spec.name]
    module, decibels = cached_decoder(wanted)
    prepared = Preprocessing((wanted.side, wanted.side), None, (0.5,), (0.5,))
    facts = {**wanted.facts(), "recipe_sha256": wanted.key(), "psnr": f"{decibels:.2f}"}
    return describe(module, prepared, None, spec=spec.text, source="trained on the digit scenes", recipe=facts)
