"""Transforms of ``torchvision.transforms.v2`` from text that was parsed."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torchvision.transforms import v2

from biasscope.bias.repair.arguments import check_arguments
from biasscope.bias.repair.text import Call, Name, Value, unknown
from biasscope.core.errors import UsageError

REFUSED = (
    *("Lambda", "CutMix", "MixUp", "FiveCrop", "TenCrop", "LinearTransformation"),
    *("SanitizeBoundingBoxes", "SanitizeKeyPoints", "ClampKeyPoints"),
)
"""They need code, labels or batches, give several pictures, or drop boxes or the points of their corners."""
UNTOLD = ("AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix")
"""They turn and shear pictures, but refuse boxes."""
HOLDERS = ("Compose", "RandomApply", "RandomChoice", "RandomOrder", "Lambda")
"""They pass on what they are given, those of the first version of torchvision's transforms too."""
OTHERS = ("kornia", "albumentations", "imgaug", "monai", "timm")
"""Packages whose transforms know no boxes of torchvision."""


def built(value: Value) -> Any:
    """What a parsed text stands for: a transform, a constant of torchvision, or plain values.

    Raises
    ------
    UsageError
        The transform or constant is not known, cannot be run on boxes, or does not take the arguments.

    Examples
    --------
    >>> built(Call("CenterCrop", (60,))).size
    (60, 60)
    """
    match value:
        case Call():
            return _constructed(value)
        case Name():
            return _constant(value)
        case list():
            return [built(item) for item in value]
        case tuple():
            return tuple(built(item) for item in value)
        case dict():
            return {built(key): built(item) for key, item in value.items()}
    return value


def check_steps(given: object) -> None:
    """Refuse transforms, and those that they hold, that are known to take no boxes.

    Raises
    ------
    UsageError
        That names the first.

    Examples
    --------
    >>> check_steps(v2.Compose([v2.RandAugment()]))
    Traceback (most recent call last):
    biasscope.core.errors.UsageError: --augment: RandAugment does not say what it does to boxes. Leave it out, or...
    """
    if isinstance(given, type):
        hint = f"Make one of it: {given.__name__}(...)."
        raise UsageError(f"{given.__name__} is a class of transforms and no transform", where="--augment", hint=hint)
    name, (_, _, version) = type(given).__name__, type(given).__module__.partition("torchvision.transforms.")
    if (package := type(given).__module__.partition(".")[0]) in OTHERS:
        hint = "Give what does the same in torchvision.transforms.v2."
        raise UsageError(
            f"{name} is of {package}, which does not know torchvision's boxes", where="--augment", hint=hint
        )
    if version and not version.startswith("v2.") and name not in HOLDERS:
        hint = "Take it from torchvision.transforms.v2, which knows boxes too."
        raise UsageError(
            f"{name} is of torchvision.transforms, which knows pictures only", where="--augment", hint=hint
        )
    if version:
        _check_told(name)
    for step in _held(given):
        check_steps(step)


def _held(given: object) -> Iterable[object]:
    """Steps that a transform holds."""
    held = given if isinstance(given, torch.nn.Sequential) else getattr(given, "transforms", ())
    return held if isinstance(held, Iterable) else ()


def is_slow(given: object) -> bool:
    """Whether a transform, or one that it holds, draws a field as large as the picture for each picture.

    >>> is_slow(v2.Compose([v2.RandomHorizontalFlip(), v2.RandomApply([v2.ElasticTransform()])])), is_slow(v2.Pad(2))
    (True, False)
    """
    return isinstance(given, v2.ElasticTransform) or any(map(is_slow, _held(given)))


def _check_told(name: str) -> None:
    if name in UNTOLD:
        hint = "Leave it out, or say what moves in its place, such as RandomAffine(30, translate=(0.1, 0.1), shear=17)."
        raise UsageError(f"{name} does not say what it does to boxes", where="--augment", hint=hint)


@contextmanager
def quiet() -> Iterator[None]:
    """Without torchvision's warnings: they are of pictures, or of what is checked here and refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _known() -> dict[str, Any]:
    named = {name: getattr(v2, name) for name in dir(v2) if name[0].isupper() and name not in REFUSED}
    return {name: kind for name, kind in named.items() if isinstance(kind, type) and issubclass(kind, torch.nn.Module)}


def _constructed(call: Call) -> Any:
    known = _known()
    if call.name in REFUSED:
        raise UsageError(f"{call.name} cannot be run on boxes alone.", where="--augment", hint="Leave it out.")
    if call.name not in known:
        raise unknown(call.name, known)
    _check_told(call.name)
    given = [built(item) for item in call.arguments], {name: built(item) for name, item in call.options}
    try:
        check_arguments(call.name, inspect.signature(known[call.name]).bind(*given[0], **given[1]).arguments)
        with quiet():
            return known[call.name](*given[0], **given[1])
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{call.name} does not take these arguments ({error}).", where="--augment") from error


def _constant(name: Name) -> Any:
    space = name.prefix.rpartition(".")[2]
    if space == "InterpolationMode" and name.name in v2.InterpolationMode.__members__:
        return v2.InterpolationMode[name.name]
    if space == "torch" and isinstance(getattr(torch, name.name, None), torch.dtype):
        return getattr(torch, name.name)
    raise unknown(f"{name.prefix}.{name.name}", list(v2.InterpolationMode.__members__), "constant")
