"""Adaptive polyphase sampling wherever a model subsamples."""

from __future__ import annotations

from typing import NamedTuple, TypeVar, cast

from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.architectures.layers import SubsampleShortcut
from biasscope.models.surgery.circular import circular as make_circular
from biasscope.models.surgery.edit import Change, Plan, described, own, unstrided, with_sampler
from biasscope.models.surgery.grids import linked
from biasscope.models.surgery.layers import CircularAvgPool2d, CircularMaxPool2d
from biasscope.models.surgery.links import Link
from biasscope.models.surgery.placement import Placement, place
from biasscope.models.surgery.record import Example, Record, follow
from biasscope.models.surgery.selection import Selectors, as_tuple, check_skip, matches, select
from biasscope.models.surgery.sites import Site, coarser, find_sites, pair, refuse, refuse_hidden
from biasscope.models.surgery.table import Kept, Replacement
from biasscope.nn import BlurPool2d, MaxBlurPool2d, PacConv2d, PolyphaseSampling2d
from biasscope.nn._fx import one_step
from biasscope.nn.polyphase import UnevenMode

M = TypeVar("M", bound=nn.Module)


class LinkedSampling2d(PolyphaseSampling2d):
    """`PolyphaseSampling2d` that takes part in a choice: the first to run in a pass chooses, the others follow.

    The last one lets the choice go, so that nobody follows the choice of another pass.
    """

    def __init__(
        self, stride: tuple[int, int], p: float, uneven: UnevenMode, link: Link, leader: bool, last: bool
    ) -> None:
        super().__init__(stride, p, uneven)
        self.link, self.leader, self.last = link, leader, last

    @one_step
    def forward(self, x: Tensor, index: Tensor | None = None) -> Tensor:
        """Sample (N, C, H, W) at the phase that the group has chosen."""
        if self.leader:
            out, self.link.value = self.with_index(x)
            return out
        chosen = self.link.value
        if chosen is None:
            raise UsageError(
                "a sampling runs without the branch that chooses its phase",
                hint="Run the branches of a block together.",
            )
        self.link.value = None if self.last else chosen
        return super().forward(x, chosen)

    def extra_repr(self) -> str:
        """Show the arguments and the part played."""
        return f"{super().extra_repr()}, {'chooses' if self.leader else 'follows'}"


def polyphase(
    model: M,
    p: float = 2.0,
    *,
    uneven: UnevenMode = "wrap",
    circular: bool = True,
    layers: Selectors = None,
    skip: Selectors = None,
    example: Example = None,
    inplace: bool = False,
) -> M:
    """Let every subsampling of a model choose its phase by content (APS), with its weights kept.

    Stride-s layers become stride-1 layers followed by `biasscope.nn.PolyphaseSampling2d`, behind the activation as in
    `antialias`. A shortcut is sampled at the phase that its residual branch chose (or the other way round: the branch
    that runs first chooses). With circular padding and a global average in the head, the answer is the same at every
    circular shift, even untrained and for sides that the strides do not divide.

    Parameters
    ----------
    model
        Any module that takes one (N, C, H, W) tensor.
    p
        Order of the norm that chooses.
    uneven
        What happens where the stride does not divide a side; see `biasscope.nn.PolyphaseSampling2d`.
    circular
        Apply `circular` first. Without it the promise holds only away from the edges.
    layers, skip
        Names, name patterns or types of the modules to replace (all if not given), and to leave.
    example
        Input to follow the model with, a tensor or (C, H, W), where 224 or 64 pixels do not fit.
    inplace
        Change the model itself instead of a copy.

    Returns
    -------
        The model. `surgery_table` tells what was replaced. Module names and parameters stay, nothing is stored, so
        state dicts fit both ways. Average pools keep their average at stride 1. The convolution that reads the
        picture is included.

    Notes
    -----
    Branches that meet share their phase through a `Link`, so one such model must not run in two threads at a time.
    Source: Chaman and Dokmanic, "Truly shift-invariant convolutional neural networks", CVPR 2021.

    Raises
    ------
    UsageError
        Something subsamples that cannot be replaced, or maps meet that were subsampled in different ways. The model is
        then as it was.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, 2, 1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1))
    >>> sampled, x = polyphase(net), torch.rand(1, 1, 9, 9)
    >>> torch.allclose(sampled(x), sampled(x.roll((1, 3), (2, 3))))
    True
    """
    if layers is None:
        _refuse_inexact(model, follow(model, example), skip)
    check_skip(model, skip)
    original, model = model, own(model, False)
    if circular:
        model = make_circular(model, skip=skip, example=example, inplace=True)
    record = follow(model, example)
    if layers is None:
        refuse_hidden(model, record, skip)
    sites = select(find_sites(model, record), layers, skip)
    plan = Plan([], [], [Kept("polyphase", *row) for row in coarser(model, record, skip)])
    samplers = _Samplers(p, uneven, _places(model, record, sites), linked(record, sites))
    for site in sites:
        _plan_site(plan, samplers, site)
    if not inplace:
        return plan.carry_out(model)
    return _again(original, plan, circular, skip, example)


def _refuse_inexact(model: nn.Module, record: Record, skip: Selectors) -> None:
    """Refuse what would silently break the promise that the answer is the same at every shift."""
    for name, kind, reason in coarser(model, record, skip):
        raise refuse(name, f"{kind} {reason}, which depends on where the picture lies")
    for node in record.nodes:
        module = model.get_submodule(node.where)
        if not node.is_module or matches(node.where, module, as_tuple(skip)):
            continue
        if getattr(module, "link", None) is not None and isinstance(module, PacConv2d):
            raise refuse(node.where, "its guidance would not follow the chosen phase", "Use guidance='self'.")
        if any(isinstance(m, (BlurPool2d, MaxBlurPool2d)) and max(pair(m.stride)) > 1 for m in module.modules()):
            raise refuse(
                node.where, "a blur subsamples here already", "Apply polyphase to the model without antialias."
            )


def _again(model: M, plan: Plan, circular: bool, skip: Selectors, example: Example) -> M:
    """Carry a plan that worked out on a copy out on the model itself."""
    if circular:
        make_circular(model, skip=skip, example=example, inplace=True)
    return plan.carry_out(model)


def _places(model: nn.Module, record: Record, sites: list[Site]) -> dict[str, Placement]:
    return {site.name: place(model, record, site) for site in sites if isinstance(site.module, nn.Conv2d)}


class _Part(NamedTuple):
    """What a site does in its group, whose first site is ``of``."""

    link: Link
    leader: bool
    last: bool
    of: str


class _Samplers:
    """Makes the samplings of one operation; those of a group share a link."""

    def __init__(self, p: float, uneven: UnevenMode, places: dict[str, Placement], groups: list[list[Site]]) -> None:
        self.p, self.uneven, self.places = p, uneven, places
        self.links: dict[str, _Part] = {}
        for group in groups:
            if len(group) > 1:
                self._link(sorted(group, key=self.runs_at))

    def runs_at(self, site: Site) -> int:
        """When the sampling of a site runs."""
        return self.places[site.name].index if site.name in self.places else site.nodes[0].index

    def _link(self, group: list[Site]) -> None:
        link = Link()
        for number, site in enumerate(group):
            if site.stride != group[0].stride:
                raise refuse(site.name, f"it meets {group[0].name}, whose stride differs", "Nothing helps.")
            if site.name in self.places and len(self.places[site.name].names) > 1:
                raise refuse(site.name, "its activation is read by several convolutions and meets another map")
            self.links[site.name] = _Part(link, number == 0, number == len(group) - 1, group[0].name)

    def make(self, site: Site) -> nn.Module:
        """Sampling of a site."""
        if site.name not in self.links:
            return PolyphaseSampling2d(site.stride, self.p, self.uneven)
        part = self.links[site.name]
        return LinkedSampling2d(site.stride, self.p, self.uneven, part.link, part.leader, part.last)

    def text(self, site: Site) -> str:
        """Sampling of a site for the table."""
        part = self.links.get(site.name)
        follows = f" at the phase of {part.of}" if part and not part.leader else ""
        return f"PolyphaseSampling2d({site.stride}){follows}"


def _plan_site(plan: Plan, samplers: _Samplers, site: Site) -> None:
    text = samplers.text(site)
    if isinstance(site.module, nn.Conv2d):
        placement = samplers.places[site.name]
        if len(placement.names) > 1:
            raise refuse(site.name, "its activation is read by several convolutions, which would choose apart")
        plan.changes.append((site.name, unstrided))
        plan.changes.extend(with_sampler(placement, lambda _: samplers.make(site)))
        text = f"stride 1, {text} {placement}"
    elif isinstance(site.module, SubsampleShortcut):
        plan.changes.append((site.name, _sampled_shortcut(samplers, site)))
    else:
        plan.changes.append((site.name, _sampled_pool(samplers, site)))
        text = f"stride 1, {text}"
    plan.rows.append(Replacement("polyphase", site.name, site.kind, site.stride, described(site.module), text))


def _sampled_shortcut(samplers: _Samplers, site: Site) -> Change:
    def change(module: nn.Module) -> nn.Module:
        cast(SubsampleShortcut, module).sampler = samplers.make(site)
        return module

    return change


def _sampled_pool(samplers: _Samplers, site: Site) -> Change:
    pool = site.module
    if getattr(pool, "ceil_mode", False):
        raise refuse(
            site.name, "a pool with ceil_mode has windows that sampling cannot stand for", "Use circular=True."
        )

    def change(module: nn.Module) -> nn.Module:
        return nn.Sequential(_pool_at_stride_one(module), samplers.make(site))

    return change


def _pool_at_stride_one(pool: nn.Module) -> nn.Module:
    window, padding = pair(pool.kernel_size), pair(pool.padding)
    if isinstance(pool, CircularMaxPool2d):
        return CircularMaxPool2d(window, 1, padding, pool.dilation)
    if isinstance(pool, CircularAvgPool2d):
        return CircularAvgPool2d(window, 1, padding)
    if isinstance(pool, nn.MaxPool2d):
        return nn.MaxPool2d(window, 1, padding, pair(pool.dilation))
    if isinstance(pool, nn.AvgPool2d):
        return nn.AvgPool2d(window, 1, padding, False, pool.count_include_pad, pool.divisor_override)
    raise UsageError(f"{type(pool).__name__} is not a pool")
