"""The one way to a model: `load_model`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.core.registry import Entry, Registry
from biasscope.models.device import refuse_lazy
from biasscope.models.loaded import LoadedModel, describe, own_preprocessing
from biasscope.models.options import COMMON, apply_options
from biasscope.models.preprocessing import Preprocessing
from biasscope.models.spec import Spec, parse_spec
from biasscope.models.surgery.layers.spelled import class_name

SCHEMES = Registry(
    "model scheme",
    {
        "torchvision": Entry(
            "biasscope.models.sources.torchvision:load",
            {"title": "torchvision:<name>[@weights | @none]", "options": (), "untrained": ("seed", "classes")},
        ),
        "timm": Entry(
            "biasscope.models.sources.timm:load",
            {"title": "timm:<name>[@none], needs the extra timm", "options": (), "untrained": ("seed", "classes")},
        ),
        "file": Entry(
            "biasscope.models.sources.file:load",
            {"title": "file:<checkpoint>?arch=<architecture>", "options": ("arch", "classes")},
        ),
        "small": Entry(
            "biasscope.models.sources.small:load", {"title": "small:<name>, trained here on first use", "options": ()}
        ),
        "python": Entry(
            "biasscope.models.sources.python:load",
            {"title": "python:<module>:<function>, where code is allowed", "options": ()},
        ),
    },
)
"""Schemes of `load_model`: each entry is a function from a `Spec` and an optional factory to a `LoadedModel`.

Facts: ``options`` of the scheme beside those of every scheme, and ``untrained``, those it has with ``@none``.
"""


def load_model(
    spec: str | nn.Module,
    *,
    factory: Callable[[], nn.Module] | None = None,
    preprocessing: Preprocessing | None = None,
    class_names: Sequence[str] | None = None,
) -> LoadedModel:
    """Load a model with its preprocessing, class names and provenance.

    ===========================================  ================================================================
    specification                                model
    ===========================================  ================================================================
    ``torchvision:resnet18``                     default weights, from torchvision's cache on this machine
    ``torchvision:resnet18@IMAGENET1K_V1``       named weights
    ``torchvision:resnet18@none?seed=1``         untrained, initialised from a seed (0 if not given)
    ``torchvision:fcn_resnet50@none?size=128``   a segmentation network; it gives its maps (N, classes, H, W)
    ``timm:resnet18``                            likewise from timm (``@none`` untrained)
    ``file:weights.safetensors?arch=...``        safetensors, or a ``.pth`` of tensors only; ``arch`` is
                                                 ``torchvision:<name>``, ``timm:<name>`` or one of
                                                 ``cifar_resnet20 .. 56``, ``mobilenet_v1_025_128``,
                                                 ``mobilenet_v1_050_160``
    ``small:digits8``                            small network trained on the digit scenes on first use
    ``python:package.module:function``           what the function builds, where code is allowed
                                                 (``biasscope.core.trust``); also as ``arch`` of ``file:``
    a module                                     any ``nn.Module``
    ===========================================  ================================================================

    Options after ``?`` are joined with ``&``: ``padding=same`` (TensorFlow's SAME padding), ``size=160``,
    ``resize=183``, ``mean=0.5,0.5,0.5``, ``std=...``, ``interpolation=bicubic``, ``seed=0``,
    ``classes=37`` (number of outputs, for ``file:`` with ``arch`` and for ``@none``). ``seed`` is for ``@none`` alone.
    An option that would have no effect is refused.

    Parameters
    ----------
    spec
        A specification, or a module (which is set to evaluation mode).
    factory
        For ``file:``, a function that builds the network, in the place of ``arch``.
    preprocessing
        How pictures are prepared, in the place of what the source says. Otherwise a module given as such, or built by a
        function, has 224 x 224 pixels and ImageNet's mean, and one whose first convolution reads a single channel has
        grey pictures.
    class_names
        Names of the outputs, in the place of what the source says.

    Returns
    -------
        The model in evaluation mode on the CPU, with what belongs to it.

    Raises
    ------
    UsageError
        The specification is wrong, or weights are not on this machine.
    InputError
        A checkpoint cannot be read or does not fit its architecture.

    Examples
    --------
    >>> model = load_model("torchvision:squeezenet1_1@none")
    >>> model.preprocessing.size, model.provenance.parameters, model.class_names[0]
    ((224, 224), 1235496, 'tench')
    """
    if not isinstance(spec, (str, nn.Module)):
        raise UsageError(
            f"a model is a specification or a module, not {spec!r}", hint="For example torchvision:resnet18."
        )
    loaded = _module(spec) if isinstance(spec, nn.Module) else _from_spec(parse_spec(spec), factory)
    names = loaded.class_names if class_names is None else tuple(class_names)
    return LoadedModel(loaded.module, preprocessing or loaded.preprocessing, names, loaded.provenance)


def _from_spec(spec: Spec, factory: Callable[[], nn.Module] | None) -> LoadedModel:
    load = SCHEMES.load(spec.scheme)
    if factory is not None and spec.scheme != "file":
        raise UsageError(f"a factory goes with file:, not with {spec.scheme}:")
    _check_options(spec)
    loaded: LoadedModel = load(spec, factory) if spec.scheme == "file" else load(spec)
    return apply_options(loaded, spec)


def _check_options(spec: Spec) -> None:
    facts = SCHEMES[spec.scheme].facts
    own = facts.get("untrained", facts["options"]) if spec.name.endswith("@none") else facts["options"]
    for key in spec.options:
        if key not in (*own, *COMMON):
            hint = f"It takes {', '.join((*own, *COMMON))}."
            raise UsageError(f"option {key!r} has no effect on {spec.scheme}:{spec.name}", where=spec.text, hint=hint)


def _module(module: nn.Module) -> LoadedModel:
    refuse_lazy(module)  # they have no channels either
    name = class_name(module)
    try:
        return describe(
            module,
            own_preprocessing(module, pictures=False),
            None,
            spec=f"module:{name}",
            source=f"{name} given as a module",
        )
    except NotImplementedError as error:
        hint = "Give the module that was exported."
        said = "it cannot be put into evaluation mode, as an exported program"
        raise UsageError(said, where=name, hint=hint) from error
