"""Arguments of transforms that torchvision takes and that make no sense: refused before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

from biasscope.core.errors import UsageError

SIZES = ("size", "min_size", "max_size")
CROPS = ("RandomResizedCrop",)


def check_arguments(name: str, given: Mapping[str, object]) -> None:
    """Refuse sizes below one pixel, negative padding, and a crop's shares of the area outside (0, 1].

    Parameters
    ----------
    name
        Transform.
    given
        Arguments by name.

    Raises
    ------
    UsageError
        That names the argument.

    Examples
    --------
    >>> check_arguments("RandomResizedCrop", {"size": 224, "scale": (0.08, 1.0)})
    >>> check_arguments("Pad", {"padding": -50})
    Traceback (most recent call last):
    biasscope.core.errors.UsageError: --augment: Pad cannot have padding = -50: it is negative.
    """
    for argument, value in given.items():
        why = _wrong(name, argument, value)
        if why:
            raise UsageError(f"{name} cannot have {argument} = {value}: {why}.", where="--augment")


def _wrong(name: str, argument: str, value: object) -> str:
    numbers = _numbers(value)
    if argument in SIZES and any(number < 1 for number in numbers):
        return "a size is at least one pixel"
    if argument == "padding" and any(number < 0 for number in numbers):
        return "it is negative"
    if name in CROPS and argument == "scale":
        return "" if _range(numbers) and numbers[-1] <= 1 else "it is two shares of the area in (0, 1], the lower first"
    if name in CROPS and argument == "ratio":
        return "" if _range(numbers) else "it is two positive numbers, the lower first"
    return ""


def _range(numbers: list[float]) -> bool:
    return len(numbers) == 2 and 0 < numbers[0] <= numbers[1]


def _numbers(value: object) -> list[float]:
    items = value if isinstance(value, list | tuple) else [value]
    return [float(item) for item in items if isinstance(item, Real)]
