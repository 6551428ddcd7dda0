"""Anti-aliasing of a whole model: blur wherever it subsamples."""

from __future__ import annotations

from typing import TypeVar, cast

from torch import nn

from biasscope.models.architectures.layers import SubsampleShortcut
from biasscope.models.surgery.blurs import Blurs, average_pool, max_pool, slicing
from biasscope.models.surgery.edit import Plan, described, own, unstrided, with_sampler
from biasscope.models.surgery.reading.axes import folds
from biasscope.models.surgery.reading.follow import Example, follow
from biasscope.models.surgery.reading.hidden import coarser, refuse_hidden
from biasscope.models.surgery.reading.placement import place
from biasscope.models.surgery.reading.record import Record
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, check_skip, matches
from biasscope.models.surgery.reading.sites import AVERAGE_POOLS, MAX_POOLS, Site, find_sites, select
from biasscope.models.surgery.spelling import in_the_way, spelled
from biasscope.models.surgery.table import Kept, Replacement
from biasscope.nn._checks import PaddingMode
from biasscope.nn.antialias import binomial_taps

M = TypeVar("M", bound=nn.Module)


def antialias(
    model: M,
    filter_size: int = 4,
    stem: bool = False,
    *,
    layers: Selectors = None,
    skip: Selectors = None,
    padding_mode: PaddingMode | None = None,
    example: Example = None,
    inplace: bool = False,
) -> M:
    r"""Blur before every subsampling of a model, with its weights kept.

    ============================  =====================================================================
    what the model has            what it gets (m taps, stride s)
    ============================  =====================================================================
    ``MaxPool(k, s)``             ``MaxPool(k, 1)``, ``BlurPool(m, s)``
    ``ReLU(norm(Conv(k, s)))``    ``BlurPool(m, s)`` of ``ReLU(norm(Conv(k, 1)))``, any activation, also depthwise
    ``norm(Conv(1, s))``          ``norm(Conv(1, 1)`` of ``BlurPool(m, s))``: residual shortcuts
    other ``Conv(k, s)``          ``BlurPool(m, s)`` of ``Conv(k, 1)``
    ``AvgPool(k, s)``             ``BlurPool(m, s)``; where k > m, ``AvgPool(k, 1)`` and then ``BlurPool(m, s)``
    ``x[:, :, ::s, ::s]``         ``BlurPool(m, s)``, in the shortcuts of `CifarResNet`
    ============================  =====================================================================

    Where the activation is a function or one module used several times (the ReLU of a residual block), the blur sits
    in front of the convolution or pool that reads it: the same place in the computation. Where something else reads it,
    and where a forward calls a pool as a function, that forward is written again with modules for its functions, by
    ``torch.fx``: the module is then of another class, which the table tells, without its other methods, and numbers
    and flags that its forward reads are what they were. Module names and parameters stay, and the blur stores nothing,
    so state dicts of the original load with ``strict=True`` and the other way round. Convolutions of a class of their
    own (weight standardisation) keep it, and are sampled by hooks where no activation follows.

    Parameters
    ----------
    model
        Any module that takes one (N, C, H, W) tensor. It must be possible to run it, hooks included, on the meta
        device.
    filter_size
        Taps m, 1 to 7. With 1 the result is that of the original; where a norm takes its statistics over positions
        (``GroupNorm``, ``InstanceNorm2d``) they are then of the denser map.
    stem
        Whether the strided convolution that reads the picture is anti-aliased too. It is the most costly one.
    layers
        Names, name patterns or types of the modules to replace; all if not given.
    skip
        Likewise, modules to leave.
    padding_mode
        What the blur sees outside the map; circular where the model pads circularly, otherwise ``"reflect"``.
    example
        Input to follow the model with, a tensor or (C, H, W), where 224 or 64 pixels do not fit.
    inplace
        Change the model itself instead of a copy, which is refused where a forward has to be written again.

    Returns
    -------
        The model. `surgery_table` tells what was replaced, and under ``kept`` what subsamples and was left: adaptive
        pools to more than one pixel, shrinking ``nn.Upsample``, ``nn.Unfold`` with a stride, pixels that are reshaped
        into channels (patch merging of transformers).

    Notes
    -----
    Source: Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019, section 3.2.

    Raises
    ------
    UsageError
        Something subsamples that cannot be replaced (its name and the reason are given), or a selector fits nothing.
        The model is then as it was.

    Examples
    --------
    >>> from torch import nn
    >>> from biasscope.models import surgery_table
    >>> net = antialias(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU()))
    >>> surgery_table(net).names
    ['1']
    >>> net[2]
    Sequential(
      (0): ReLU()
      (1): BlurPool2d(8, filter_size=4, stride=(2, 2), padding_mode='reflect')
    )
    """
    binomial_taps(filter_size)
    model = own(model, inplace)
    check_skip(model, skip)
    record = follow(model, example)
    names = in_the_way(model, record, layers, skip, lambda site: not (_left(site, stem) and layers is None))
    model, record, rows = spelled(model, record, "antialias", names, example, inplace)
    if layers is None:
        refuse_hidden(model, record, skip)
    plan = Plan([], rows, [Kept("antialias", *row) for row in _untouched(model, record, skip) if layers is None])
    blurs = Blurs(model, record, filter_size, padding_mode)
    for site in select(find_sites(model, record), layers, skip):
        if _left(site, stem) and layers is None:
            plan.kept.append(Kept("antialias", site.name, site.kind, "reads the picture, and stem=False"))
        elif filter_size == 1 and isinstance(site.module, AVERAGE_POOLS):
            plan.kept.append(Kept("antialias", site.name, site.kind, "an average is not replaced by one tap"))
        else:
            _plan_site(plan, blurs, site)
    return plan.carry_out(model)


def _untouched(model: nn.Module, record: Record, skip: Selectors) -> list[tuple[str, str, str]]:
    """Name, kind and reason of what subsamples and has no blurred form."""
    reason = "moves blocks of {0} x {0} pixels into channels, in front of which no blur is put"
    merged = [(node.where, node.op, reason.format(side)) for node, side in folds(record)]
    rows = [row for row in merged if not matches(row[0], model.get_submodule(row[0]), as_tuple(skip))]
    return [*coarser(model, record, skip), *dict.fromkeys(rows)]


def _left(site: Site, stem: bool) -> bool:
    return site.stem and not stem


def _plan_site(plan: Plan, blurs: Blurs, site: Site) -> None:
    if isinstance(site.module, MAX_POOLS):
        change, after = max_pool(blurs, site)
    elif isinstance(site.module, AVERAGE_POOLS):
        change, after = average_pool(blurs, site)
    elif isinstance(site.module, SubsampleShortcut):
        change, after = slicing(blurs, site)
    else:
        _convolution(plan, blurs, site)
        return
    plan.changes.append((site.name, change))
    plan.rows.append(Replacement("antialias", site.name, site.kind, site.stride, described(site.module), after))


def _convolution(plan: Plan, blurs: Blurs, site: Site) -> None:
    placement = place(blurs.model, blurs.record, site)
    conv = cast(nn.Conv2d, site.module)
    own_front = placement.side == "front" and placement.names == (site.name,)
    channels = conv.in_channels if own_front else conv.out_channels
    kind = "shortcut" if own_front else site.kind
    row = Replacement(
        "antialias", site.name, kind, site.stride, described(conv),
        f"stride 1, BlurPool2d({blurs.filter_size}, stride={site.stride}) {placement}",
    )  # fmt: skip
    plan.changes.append((site.name, unstrided))
    plan.samplings.extend(with_sampler(placement, lambda _: blurs.blur(channels, site.stride)))
    plan.rows.append(row)
