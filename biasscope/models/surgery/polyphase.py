"""Adaptive polyphase sampling wherever a model subsamples."""

from __future__ import annotations

from typing import TypeVar, cast

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models.architectures.layers import SubsampleShortcut
from biasscope.models.surgery.circular import positions_read, wrapped_around
from biasscope.models.surgery.edit import Change, Plan, described, own, unstrided, with_sampler
from biasscope.models.surgery.layers import CircularAvgPool2d, CircularMaxPool2d
from biasscope.models.surgery.reading.follow import Example, follow
from biasscope.models.surgery.reading.grids import linked
from biasscope.models.surgery.reading.hidden import coarser, refuse_hidden
from biasscope.models.surgery.reading.placement import Placement, place
from biasscope.models.surgery.reading.record import Record, pair
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, check_skip, matches
from biasscope.models.surgery.reading.sites import Site, find_sites, refuse, select
from biasscope.models.surgery.samplers import Samplers
from biasscope.models.surgery.spelling import in_the_way, spelled
from biasscope.models.surgery.table import Kept, Replacement
from biasscope.nn import BlurPool2d, MaxBlurPool2d, PacConv2d
from biasscope.nn.polyphase import UnevenMode

M = TypeVar("M", bound=nn.Module)


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

    Stride-s layers become stride-1 layers followed by `biasscope.nn.PolyphaseSampling2d`, behind the activation and
    with forwards written again where needed, as in `antialias`. A shortcut is sampled at the phase that its residual
    branch chose (or the other way round: the branch that runs first chooses). With circular padding and a global
    average in the head, the answer is the same at every circular shift, even untrained and for sides that the strides
    do not divide.

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
        Change the model itself instead of a copy, which is refused where a forward has to be written again.

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
        model = wrapped_around(model, skip, example, inplace)
    record = follow(model, example)
    names = in_the_way(model, record, layers, skip)
    model, record, rows = spelled(model, record, "polyphase", names, example, inplace)
    if layers is None:
        refuse_hidden(model, record, skip)
    sites = select(find_sites(model, record), layers, skip)
    plan = Plan([], rows, [Kept("polyphase", *row) for row in coarser(model, record, skip)])
    if not circular:
        plan.kept.extend(positions_read("polyphase", record))
    samplers = Samplers(p, uneven, record, _places(model, record, sites), linked(record, sites))
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
        wrapped_around(model, skip, example, True)
    return plan.carry_out(model)


def _places(model: nn.Module, record: Record, sites: list[Site]) -> dict[str, Placement]:
    return {site.name: place(model, record, site) for site in sites if isinstance(site.module, nn.Conv2d)}


def _plan_site(plan: Plan, samplers: Samplers, site: Site) -> None:
    text = samplers.text(site)
    if isinstance(site.module, nn.Conv2d):
        placement = samplers.places[site.name]
        if len(placement.names) > 1:
            raise refuse(site.name, "its activation is read by several layers, which would choose apart")
        plan.changes.append((site.name, unstrided))
        plan.samplings.extend(with_sampler(placement, lambda _: samplers.make(site)))
        text = f"stride 1, {text} {placement}"
    elif isinstance(site.module, SubsampleShortcut):
        plan.changes.append((site.name, _sampled_shortcut(samplers, site)))
    else:
        plan.changes.append((site.name, _sampled_pool(samplers, site)))
        text = f"stride 1, {text}"
    plan.rows.append(Replacement("polyphase", site.name, site.kind, site.stride, described(site.module), text))


def _sampled_shortcut(samplers: Samplers, site: Site) -> Change:
    def change(module: nn.Module) -> nn.Module:
        cast(SubsampleShortcut, module).sampler = samplers.make(site)
        return module

    return change


def _sampled_pool(samplers: Samplers, site: Site) -> Change:
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
