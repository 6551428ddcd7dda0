"""Where the sampling of a strided convolution goes: behind the non-linearity that follows it.

``activation(norm(conv))`` is one value; the sampling is put behind it, in the first of these places that exists.
1. The activation is a module that runs once: directly behind it, in its own slot.
2. It is a function, or a module that runs several times (the one ReLU of a residual block): in front of every
   convolution or pool that reads the value.
3. No activation follows: in front of a 1x1 convolution (the same result at a fraction of the cost, and the form that
   shortcuts have), behind any other convolution.
Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from biasscope.models.surgery.layers import SurgeryConv2d
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.elementwise import is_activation, is_bent, is_pixelwise
from biasscope.models.surgery.reading.own_convolution import obeys
from biasscope.models.surgery.reading.record import Node, Record, pair
from biasscope.models.surgery.reading.sites import AVERAGE_POOLS, MAX_POOLS, Site, refuse
from biasscope.nn import PacConv2d

_POINTWISE_STEPS = """
    BatchNorm2d SyncBatchNorm GroupNorm InstanceNorm2d LocalResponseNorm Identity Dropout Dropout2d AlphaDropout
    batch_norm group_norm instance_norm dropout dropout2d contiguous
"""
_ADAPTIVE = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_POINTWISE = frozenset(_POINTWISE_STEPS.split())


@dataclass(frozen=True)
class Placement:
    """Modules that get a sampling layer, and on which side."""

    side: Literal["front", "behind", "slot"]
    names: tuple[str, ...]
    index: int

    def __str__(self) -> str:
        where = {"front": "in front of", "behind": "behind", "slot": "behind"}[self.side]
        return f"{where} {', '.join(self.names)}"


def activation_after(record: Record, site: Site) -> Node | None:
    """Non-linearity that the convolution's output goes through, alone, if any."""
    readers, value = _behind(record, site)
    if _forks(readers):
        raise refuse(site.name, "its output is read by an activation and by something else")
    if len(readers) != 1 or value in record.results:
        return None
    bends = is_bent(readers[0]) and readers[0].inputs == (value,) and is_pixelwise(record, readers[0], value)
    return readers[0] if bends or is_activation(readers[0]) else None


def _behind(record: Record, site: Site) -> tuple[list[Node], int]:
    """What reads the convolution's output behind its norm, and that value."""
    value = site.nodes[0].outputs[0]
    readers = record.consumers(value)
    while len(readers) == 1 and value not in record.results and readers[0].op in _POINTWISE:
        value = readers[0].outputs[0]
        readers = record.consumers(value)
    return readers, value


def _forks(readers: list[Node]) -> bool:
    """Whether an activation is one of several readers."""
    return len(readers) > 1 and any(is_activation(reader) for reader in readers)


def can_edit(module: nn.Module) -> bool:
    """Whether a convolution is a plain one, so that it can get another padding or a sampling layer."""
    return type_before_parametrizations(module) in (nn.Conv2d, SurgeryConv2d)


def _can_unstride(record: Record, site: Site) -> bool:
    """Whether a site is a convolution that gives the map of stride 1 where its stride is set to 1."""
    conv = site.module
    return can_edit(conv) or (isinstance(conv, nn.Conv2d) and obeys(conv, record.shapes[site.nodes[0].inputs[0]]))


def can_sample(module: nn.Module) -> bool:
    """Whether a convolution can get a sampling layer in front: a plain one, or one that `pac` has put in."""
    return can_edit(module) or (isinstance(module, PacConv2d) and hasattr(module, "before"))


def _takes_in_front(module: nn.Module) -> bool:
    """Whether a sampling layer can go in front of a module without a change of its parameters' names."""
    return can_sample(module) or isinstance(module, (nn.Conv2d, *MAX_POOLS, *AVERAGE_POOLS, *_ADAPTIVE))


def place(model: nn.Module, record: Record, site: Site) -> Placement:
    """Choose the place for the sampling of a strided convolution.

    Raises
    ------
    UsageError
        There is none that keeps the network's names and results.
    """
    if not _can_unstride(record, site):
        raise refuse(site.name, f"{class_name(site.module)} is not a plain nn.Conv2d whose stride can be set")
    if len(site.nodes) > 1:
        raise refuse(site.name, "the convolution is used several times in one pass")
    activation = activation_after(record, site)
    if activation is None:
        assert isinstance(site.module, nn.Conv2d)  # noqa: S101
        pointwise = pair(site.module.kernel_size) == (1, 1) and site.module.padding in (0, (0, 0), "valid", "same")
        return Placement("front" if pointwise else "behind", (site.name,), site.nodes[0].index)
    if activation.is_module and record.calls(activation.where) == 1:
        return Placement("slot", (activation.where,), activation.index)
    return _in_front_of_readers(model, record, site, activation)


def _in_front_of_readers(model: nn.Module, record: Record, site: Site, activation: Node) -> Placement:
    if reason := _no_place(model, record, activation):
        raise refuse(site.name, reason, "Give the activation a module of its own, or leave this one with skip=[name].")
    readers = record.consumers(activation.outputs[0])
    if not readers:
        raise refuse(site.name, "nothing reads its activation")
    return Placement("front", tuple(reader.where for reader in readers), min(reader.index for reader in readers))


def _no_place(model: nn.Module, record: Record, activation: Node) -> str:
    """Why no sampling can go in front of what reads an activation, if so."""
    at = f"({activation.op} in {activation.where or 'the model'})"
    if activation.outputs[0] in record.results:
        return f"the model returns its activation {at}, which is shared or a function"
    for reader in record.consumers(activation.outputs[0]):
        single = reader.is_module and record.calls(reader.where) == 1
        if not (single and _takes_in_front(model.get_submodule(reader.where))):
            by = f"{reader.op} in {reader.where or 'the model'}, neither a plain convolution nor a pool, reads it"
            return f"its activation {at} is shared or a function, and {by}"
    return ""


def stuck(model: nn.Module, record: Record, sites: Sequence[Site]) -> Iterator[str]:
    """Names of modules in whose forward an activation would have to be a module for the sampling to have a place."""
    for site in sites:
        if not _can_unstride(record, site) or len(site.nodes) > 1 or _forks(_behind(record, site)[0]):
            continue
        activation = activation_after(record, site)
        if activation is None or (activation.is_module and record.calls(activation.where) == 1):
            continue
        if _no_place(model, record, activation):
            yield activation.where.rpartition(".")[0] if activation.is_module else activation.where
