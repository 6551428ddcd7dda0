"""``timm:<name>[@none]``, which needs the extra ``timm``."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models.loaded import LoadedModel, describe
from biasscope.models.options import INTERPOLATIONS
from biasscope.models.preprocessing import Preprocessing
from biasscope.models.sources.torchvision import untrained
from biasscope.models.spec import Spec


def load(spec: Spec) -> LoadedModel:
    """Build a network of timm, with its weights from the cache or the network."""
    name, _, wanted = spec.name.partition("@")
    if wanted == "none":
        module, _ = untrained(build, name, spec)
        return describe(module, preprocessing(module), None, spec=spec.text, source=f"timm {name}, untrained")
    module = _create(f"{name}.{wanted}" if wanted else name, pretrained=True, text=spec.text)
    return describe(module, preprocessing(module), None, spec=spec.text, source=f"timm {name}, pretrained {wanted}")


def build(name: str, classes: int | None = None) -> nn.Module:
    """Untrained network, with another number of outputs than its own if one is given."""
    extra = {} if classes is None else {"num_classes": classes}
    return _create(name, pretrained=False, text=f"timm:{name}", **extra)


def preprocessing(module: nn.Module) -> Preprocessing:
    """How a timm network wants pictures."""
    facts: dict[str, Any] = _timm().data.resolve_model_data_config(module)
    height, width = facts["input_size"][1:]
    method = facts["interpolation"] if facts["interpolation"] in INTERPOLATIONS else "bicubic"
    resize = int(min(height, width) / facts["crop_pct"])
    return Preprocessing((height, width), resize, tuple(facts["mean"]), tuple(facts["std"]), method)


def _timm() -> ModuleType:
    try:
        import timm
    except ImportError as error:
        raise UsageError("timm: models need the package timm", hint="Install biasscope[timm].") from error
    module: ModuleType = timm
    return module


def _create(name: str, *, pretrained: bool, text: str, **extra: int) -> nn.Module:
    timm = _timm()
    if not timm.is_model(name):
        raise UsageError(f"timm has no model {name!r}", where=text)
    try:
        module: nn.Module = timm.create_model(name, pretrained=pretrained, **extra)
    except Exception as error:  # the hub client raises errors of several libraries
        reason = f"the weights of {name} are not on this machine and cannot be fetched ({type(error).__name__})"
        raise UsageError(reason, where=text, hint="Use @none for an untrained network, or file:.") from error
    return module
