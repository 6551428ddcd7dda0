"""Where a model subsamples: pools, strided convolutions, slicing shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models.architectures.layers import SubsampleShortcut
from biasscope.models.surgery.layers import CircularAvgPool2d, CircularMaxPool2d, PaddingLaw
from biasscope.models.surgery.reading.record import Node, Record, pair
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, matches
from biasscope.nn._padding import reach

MAX_POOLS = (nn.MaxPool2d, CircularMaxPool2d)
AVERAGE_POOLS = (nn.AvgPool2d, CircularAvgPool2d)
_CONVOLUTIONS = ("Conv2d", "Conv3d", "Linear", "conv2d", "linear", "SurgeryConv2d", "AntialiasedConv2d", "PacConv2d")


@dataclass(frozen=True)
class Site:
    """One module that subsamples.

    Attributes
    ----------
    name, module
        The module, in the model that is operated on.
    kind
        As in the surgery table.
    stride
        (vertical, horizontal).
    nodes
        Its steps in the pass, more than one if the module is used repeatedly.
    channels
        Channels at its output, one number a step.
    stem
        Whether it is a convolution that reads the picture itself.
    """

    name: str
    module: nn.Module
    kind: str
    stride: tuple[int, int]
    nodes: tuple[Node, ...]
    channels: tuple[int, ...]
    stem: bool = False


def refuse(site: str, what: str, hint: str = "") -> UsageError:
    """Error that names the module and the reason."""
    return UsageError(what, where=site or "(the model itself)", hint=hint or "Leave it as it is with skip=[name].")


def stride_of(module: nn.Module) -> tuple[int, int]:
    """Subsampling factor of a module, (1, 1) for one that does not subsample."""
    if isinstance(module, (nn.Conv2d, *MAX_POOLS, *AVERAGE_POOLS, SubsampleShortcut)):
        if isinstance(module, SubsampleShortcut) and module.sampler is not None:
            return (1, 1)
        return pair(module.stride if module.stride is not None else module.kernel_size)
    return (1, 1)


def _kind(module: nn.Module) -> str:
    if isinstance(module, MAX_POOLS):
        return "max pool"
    if isinstance(module, AVERAGE_POOLS):
        return "average pool"
    if isinstance(module, SubsampleShortcut):
        return "slicing shortcut"
    assert isinstance(module, nn.Conv2d)  # noqa: S101 (stride_of lets nothing else through)
    if module.groups == module.in_channels > 1:
        return "depthwise convolution"
    return "1x1 convolution" if pair(module.kernel_size) == (1, 1) else "convolution"


def _is_global(record: Record, node: Node) -> bool:
    """Whether one window covers the map, so that nothing is subsampled but everything summed up."""
    return record.shapes[node.outputs[0]][-2:] == (1, 1)


def find_sites(model: nn.Module, record: Record) -> list[Site]:
    """Every module that subsampled during the pass, in the order in which they ran."""
    steps: dict[str, list[Node]] = {}
    for node in record.nodes:
        if node.is_module:
            steps.setdefault(node.where, []).append(node)
    sites = []
    for name, nodes in steps.items():
        module = model.get_submodule(name)
        stride = stride_of(module)
        pooled = isinstance(module, (*MAX_POOLS, *AVERAGE_POOLS))
        if max(stride) == 1 or (pooled and all(_is_global(record, node) for node in nodes)):
            continue
        channels = tuple(record.shapes[node.outputs[0]][1] for node in nodes)
        stem = isinstance(module, nn.Conv2d) and not any(a.op in _CONVOLUTIONS for a in record.ancestors(nodes[0]))
        sites.append(Site(name, module, _kind(module), stride, tuple(nodes), channels, stem))
    return sites


def size_at_stride_one(record: Record, site: Site) -> tuple[int, int]:
    """Rows and columns of the map that a site makes without its stride."""
    rows, columns = record.shapes[site.nodes[0].inputs[0]][-2:]
    if isinstance(site.module, nn.Conv2d):
        law = PaddingLaw.of(site.module)
        taps = reach(law.kernel_size, law.dilation)
        return rows + sum(law.amount(rows, 0)) - taps[0], columns + sum(law.amount(columns, 1)) - taps[1]
    if isinstance(site.module, (nn.MaxPool2d, nn.AvgPool2d)):
        taps = reach(pair(site.module.kernel_size), pair(getattr(site.module, "dilation", 1)))
        padding = pair(site.module.padding)
        return rows + 2 * padding[0] - taps[0], columns + 2 * padding[1] - taps[1]
    return rows, columns


def select(sites: Sequence[Site], layers: Selectors, skip: Selectors) -> list[Site]:
    """Sites that are meant, in order.

    Raises
    ------
    UsageError
        A selector of ``layers`` means no site.
    """
    wanted = as_tuple(layers)
    for selector in wanted:
        if not any(matches(site.name, site.module, [selector]) for site in sites):
            shown = selector.__name__ if isinstance(selector, type) else repr(selector)
            raise UsageError(f"{shown} is not a module that subsamples", hint=f"There are: {', '.join(_names(sites))}.")
    chosen = [site for site in sites if layers is None or matches(site.name, site.module, wanted)]
    return [site for site in chosen if not matches(site.name, site.module, as_tuple(skip))]


def _names(sites: Sequence[Site]) -> list[str]:
    return [site.name for site in sites] or ["none"]
