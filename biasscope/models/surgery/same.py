"""TensorFlow's SAME padding, for weights that were trained with it."""

from __future__ import annotations

from typing import TypeVar, cast

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from biasscope.models.surgery.edit import Plan, described, own
from biasscope.models.surgery.layers import SurgeryConv2d
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.follow import refuse_lazy
from biasscope.models.surgery.reading.record import pair
from biasscope.models.surgery.reading.sites import refuse
from biasscope.models.surgery.table import Replacement

M = TypeVar("M", bound=nn.Module)


def same_padding(model: M, *, inplace: bool = False) -> M:
    """Give the strided convolutions of a model TensorFlow's SAME padding.

    At stride 2 and an even side it pads one pixel less in front: every output then looks half a pixel elsewhere, and
    weights trained with it lose accuracy with symmetric padding. At stride 1 both are the same for odd windows.

    Parameters
    ----------
    model
        Model whose strided convolutions are plain ``nn.Conv2d``.
    inplace
        Change the model itself instead of a copy.

    Returns
    -------
        The model. `surgery_table` tells what was replaced.

    Notes
    -----
    In all ``max((ceil(H / s) - 1) s + d (k - 1) + 1 - H, 0)`` pixels per axis, the smaller half in front. `antialias`
    keeps the alignment. timm's ``Conv2dSame`` layers (its ``tf_`` networks), which other surgery refuses, are turned
    into equal ones that it accepts.

    Raises
    ------
    UsageError
        A strided convolution is not a plain one.

    Examples
    --------
    >>> import torch
    >>> net = same_padding(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, stride=2, padding=1)))
    >>> net[0](torch.rand(1, 1, 224, 224)).shape
    torch.Size([1, 1, 112, 112])
    """
    model = own(model, inplace)
    refuse_lazy(model)
    plan = Plan()
    for name, module in model.named_modules():
        timm = _is_timms(module)
        if not isinstance(module, nn.Conv2d) or not (timm or max(module.stride) > 1 < max(module.kernel_size)):
            continue
        if type_before_parametrizations(module) is not nn.Conv2d and not timm:
            hint = "It is done on plain ones, before other surgery."
            raise refuse(name, f"{class_name(module)} is not a plain nn.Conv2d", hint)
        plan.changes.append((name, _same))
        row = Replacement("same_padding", name, "convolution", pair(module.stride), described(module), "SAME padding")
        plan.rows.append(row)
    return plan.carry_out(model)


def _is_timms(module: nn.Module) -> bool:
    """Whether this is timm's convolution with the same law, which becomes a layer that other surgery knows."""
    kind = type_before_parametrizations(module)
    return kind.__name__ == "Conv2dSame" and kind.__module__.startswith("timm.")


def _same(module: nn.Module) -> nn.Module:
    conv = SurgeryConv2d.of(cast(nn.Conv2d, module))
    conv.same = pair(conv.stride)
    return conv
