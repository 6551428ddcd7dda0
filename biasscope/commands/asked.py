"""From the arguments of a command to the definition of an analysis."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, TypeVar

from biasscope.commands.options import Common

if TYPE_CHECKING:
    from biasscope.pipeline.definition import Definition

D = TypeVar("D", bound="Definition")


def asked(kind: type[D], arguments: Mapping[str, object], common: Common, *, joined: Collection[str] = ()) -> D:
    """Fill in every field of a definition from the argument of the same name; those left out keep their defaults.

    Parameters
    ----------
    kind
        Of the definition.
    arguments
        All arguments of the command, as ``locals()`` gives them in its first line.
    common
        Gives the seed and the device.
    joined
        Arguments whose items may come one by one or joined with commas.

    Raises
    ------
    UsageError
        A value has the wrong type or is out of range.

    Examples
    --------
    >>> from biasscope.pipeline.definition import UpsamplingAnalysis
    >>> names = dict.fromkeys(UpsamplingAnalysis.__struct_fields__)
    >>> asked(UpsamplingAnalysis, names | {"remedies": ["hold, smooth"]}, Common(seed=3), joined=["remedies"]).remedies
    ['hold', 'smooth']
    """
    from biasscope.pipeline.definition import defined

    given = {**arguments, "seed": common.seed, "device": common.device}
    options = {name: value for name in kind.__struct_fields__ if (value := given[name]) is not None}
    for name in options.keys() & set(joined):
        options[name] = parts(options[name])
    return defined(kind, options)


def parts(given: object) -> list[str]:
    """Items that were given one by one or joined with commas.

    >>> parts(["a,b", "c"])
    ['a', 'b', 'c']
    """
    items = given if isinstance(given, list | tuple) else [given]
    return [part.strip() for item in items for part in str(item).split(",") if part.strip()]
