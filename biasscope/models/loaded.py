"""A model with everything that is known about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from biasscope.models.device import refuse_lazy, refuse_meta
from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class ModelProvenance:
    """Where a model came from.

    Attributes
    ----------
    spec
        What was asked for.
    source
        Where the weights come from, in words.
    sha256
        SHA-256 of the weights: every entry of the state dict by name, type, shape and bytes (`weights_sha256`).
    parameters
        Number of parameters.
    recipe
        What a training here was made of, options that were set, the file's own SHA-256, and so on.

    Examples
    --------
    >>> from biasscope.models import load_model
    >>> load_model("torchvision:squeezenet1_1@none?classes=10&size=32").provenance.parameters
    727626
    """

    spec: str
    source: str
    sha256: str
    parameters: int
    recipe: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for use.

    Attributes
    ----------
    module
        In evaluation mode, on the CPU.
    preprocessing
        How pictures are prepared for it.
    class_names
        Names of its outputs in order, ``None`` where they are not known.
    provenance
        Where it came from.

    Examples
    --------
    >>> from biasscope.models import load_model
    >>> model = load_model("torchvision:squeezenet1_1@none?classes=10&size=32")
    >>> model.preprocessing.size, model.module.training
    ((32, 32), False)
    """

    module: nn.Module
    preprocessing: Preprocessing
    class_names: tuple[str, ...] | None
    provenance: ModelProvenance

    def __call__(self, x: Tensor) -> Tensor:
        """Run the module on prepared pictures (N, C, H, W), without gradients."""
        with torch.inference_mode():
            out: Tensor = self.module(x)
        return out


def weights_sha256(module: nn.Module) -> str:
    """SHA-256 over a module's state dict, the same on every machine and for every file format.

    Parameters
    ----------
    module
        Any module.

    Returns
    -------
        64 hexadecimal digits.

    Examples
    --------
    >>> weights_sha256(nn.Identity())[:8]
    'e3b0c442'
    """
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        if isinstance(value, Tensor):
            digest.update(f"{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def own_preprocessing(module: nn.Module, pictures: bool = True) -> Preprocessing:
    """How pictures are prepared for a network of which nothing is said: 224 pixels, in its first layer's channels.

    Where it is asked about ``pictures`` these are grey or RGB, whatever stands first in it. A convolution of one
    channel may be registered first without being first (attention over places): RGB where another reads three.
    """
    read = [one.in_channels for one in module.modules() if isinstance(one, nn.Conv2d)] or [3]
    channels = 3 if read[0] == 1 and 3 in read else read[0]
    plain = Preprocessing((224, 224), 256)
    if channels == 3 or (pictures and channels != 1):
        return plain
    return plain.with_options(mean=(0.5,) * channels, std=(0.5,) * channels)


def describe(
    module: nn.Module,
    preprocessing: Preprocessing,
    class_names: tuple[str, ...] | None,
    *,
    spec: str,
    source: str,
    recipe: dict[str, str] | None = None,
) -> LoadedModel:
    """Put a module into evaluation mode and note what is known about it; weights without values are refused."""
    refuse_meta(module)
    refuse_lazy(module)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    provenance = ModelProvenance(spec, source, weights_sha256(module), parameters, recipe or {})
    return LoadedModel(module.eval(), preprocessing, class_names, provenance)
