"""``torchvision:<name>[@weights | @none]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.loaded import LoadedModel, describe
from biasscope.models.options import number
from biasscope.models.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from biasscope.models.spec import Spec

OFFLINE = "Put the file into torch's cache (TORCH_HOME), use file:<checkpoint>, or @none for an untrained network."


def load(spec: Spec) -> LoadedModel:
    """Build a classification or segmentation network of torchvision, with weights from its cache or the network.

    A segmentation network gives the maps of its entry ``out``, (N, classes, H, W), in the place of its dictionary.
    """
    name, _, wanted = spec.name.partition("@")
    if wanted == "none":
        module, classes = untrained(build, name, spec)
        names = class_names(name)
        source = f"torchvision {name}, untrained"
        known = names if classes in (None, len(names)) else None
        return describe(module, preprocessing(name), known, spec=spec.text, source=source)
    weights = _weights(name, wanted)
    module = _download(name, weights, spec.text)
    return describe(
        module,
        _of_weights(weights),
        tuple(weights.meta["categories"]),
        spec=spec.text,
        source=f"torchvision {name}, {weights}",
    )


def build(name: str, classes: int | None = None) -> nn.Module:
    """Untrained network, with another number of outputs than its own if one is given."""
    from torchvision.models import get_model

    _known(name)
    extra: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name in segmentation():
        extra["weights_backbone"] = None
    if classes is not None:
        extra["num_classes"] = classes
    return _maps(name, get_model(name, weights=None, **extra))


def segmentation() -> list[str]:
    """Names of torchvision's segmentation networks.

    >>> "fcn_resnet50" in segmentation()
    True
    """
    from torchvision.models import list_models, segmentation

    names: list[str] = list_models(module=segmentation)
    return names


def _maps(name: str, module: nn.Module) -> nn.Module:
    """Make a segmentation network give its maps alone; names of layers and weights stay as they are."""
    if name in segmentation():
        module.register_forward_hook(_out)
    return module


def _out(module: nn.Module, args: Any, output: dict[str, Tensor]) -> Tensor:
    return output["out"]


def untrained(make: Callable[[str, int | None], nn.Module], name: str, spec: Spec) -> tuple[nn.Module, int | None]:
    """Build a network from the seed of a specification, with the number of outputs that it asks for, if it does."""
    seed = number(spec, "seed", 0) if "seed" in spec.options else 0
    classes = number(spec, "classes") if "classes" in spec.options else None
    return seeded(lambda: make(name, classes), seed), classes


def seeded(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Call a function with torch's generator seeded, and put the generator back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def preprocessing(name: str) -> Preprocessing:
    """How the default weights of a network want pictures."""
    from torchvision.models import get_model_weights

    _known(name)
    return _of_weights(get_model_weights(name).DEFAULT)


def class_names(name: str) -> tuple[str, ...]:
    """Names of the outputs of the default weights."""
    from torchvision.models import get_model_weights

    _known(name)
    return tuple(get_model_weights(name).DEFAULT.meta["categories"])


def _known(name: str) -> None:
    import torchvision.models
    from torchvision.models import list_models

    names = [*list_models(module=torchvision.models), *segmentation()]
    if name not in names:
        from difflib import get_close_matches

        near = get_close_matches(name, names, 3)
        hint = f"Did you mean {', '.join(near)}?" if near else f"There are {', '.join(names)}."
        raise UsageError(f"torchvision has no classification or segmentation model {name!r}", hint=hint)


def _weights(name: str, wanted: str) -> Any:
    from torchvision.models import get_model_weights

    _known(name)
    known = get_model_weights(name)
    if not wanted:
        return known.DEFAULT
    if wanted not in known.__members__:
        raise UsageError(f"{name} has no weights {wanted!r}", hint=f"There are: {', '.join(known.__members__)}, none.")
    return known[wanted]


def _download(name: str, weights: Any, text: str) -> nn.Module:
    from torchvision.models import get_model

    try:
        module: nn.Module = get_model(name, weights=weights, progress=False)
    except (URLError, OSError, RuntimeError) as error:
        reason = f"the weights {weights} of {name} are not on this machine and cannot be fetched ({error})"
        raise UsageError(reason, where=text, hint=OFFLINE) from error
    return _maps(name, module)


def _of_weights(weights: Any) -> Preprocessing:
    preset = weights.transforms()
    (side,) = set(getattr(preset, "crop_size", preset.resize_size))
    return Preprocessing(
        (side, side),
        preset.resize_size[0] if hasattr(preset, "crop_size") else None,
        tuple(getattr(preset, "mean", IMAGENET_MEAN)),
        tuple(getattr(preset, "std", IMAGENET_STD)),
        preset.interpolation.value,
    )
