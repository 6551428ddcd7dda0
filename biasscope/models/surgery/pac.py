"""Pixel-adaptive convolution in the place of plain convolutions of a pretrained model."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models.surgery.edit import Change, Plan, described, own
from biasscope.models.surgery.layers.guided import GuidedPacConv2d
from biasscope.models.surgery.layers.links import Forget, KeepInput, KeepOutput, Link
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.follow import Example, follow
from biasscope.models.surgery.reading.placement import can_edit
from biasscope.models.surgery.reading.record import Node, Record, pair
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, check_skip, matches
from biasscope.models.surgery.reading.sites import refuse
from biasscope.models.surgery.spread import level, pass_input
from biasscope.models.surgery.table import Replacement, add_to_table
from biasscope.nn.pac import PacConv2d

M = TypeVar("M", bound=nn.Module)
DEFAULT_SCALE = 1e-4
OPTIONS = ("kernel_type", "smooth_kernel_type", "normalize_kernel", "native_impl")
"""Options of `biasscope.nn.PacConv2d` that `pac` hands on."""


def pac(
    model: M,
    layers: Selectors = None,
    guidance: str = "input",
    scale: float | None = None,
    *,
    skip: Selectors = None,
    example: Example = None,
    inplace: bool = False,
    **options: Any,
) -> M:
    """Hot-swap convolutions for pixel-adaptive ones that keep the pretrained weights.

    The filters are modulated by how alike the guidance is at two pixels. Guidance times a small ``scale`` makes the
    modulation almost 1, so the network starts out equal to the original (to 1e-5 at the default scale) and is then
    fine-tuned. The deviation grows with the square of the scaled guidance.

    Parameters
    ----------
    model
        Any module that takes one (N, C, H, W) tensor.
    layers
        Names, name patterns or types of convolutions with odd windows. Not given: the last such convolution with
        stride 1 at each map size below that of the picture.
    guidance
        ``"input"``: the picture that the model is given; ``"self"``: each layer's own input; or the name of a module
        whose output guides all layers behind it. It is resized (bilinear) to the layer's input, and gradients flow
        through it.
    scale
        Factor on the guidance. Not given: 1e-4 for the picture; for other guidance 1e-4 over its spread, where that
        exceeds 1, so that hundreds of channels of large values begin as evenly as a picture does. The spread is the
        root mean square difference between neighbouring pixels, all channels together, at each layer in one pass over
        ``example`` (normal noise if that is no tensor); `surgery_table` states the factor.
    skip
        Names, name patterns or types of convolutions to leave.
    example
        Input to follow the model with, a tensor or (C, H, W), where 224 or 64 pixels do not fit.
    inplace
        Change the model itself instead of a copy.
    options
        ``kernel_type``, ``smooth_kernel_type``, ``normalize_kernel``, ``native_impl`` of `biasscope.nn.PacConv2d`.
        With others than the default the network does not start out equal.

    Returns
    -------
        The model. `surgery_table` tells what was replaced. Module names and parameters stay, so state dicts fit both
        ways (a learned ``inv`` or ``full`` kernel adds its own parameters).

    Notes
    -----
    The layers are as shift-equivariant as their guidance: that of a strided stem moves in steps. Guidance from
    another module travels by a forward hook on that module; one such model must not run in two threads at a time. It is
    let go when the pass ends, so a single layer runs only as part of the whole model.
    Source: Su et al., "Pixel-Adaptive Convolutional Neural Networks", CVPR 2019, section 6 (layer hot-swapping).

    Raises
    ------
    UsageError
        A selector fits no convolution, one cannot be replaced, or the guidance is made behind a layer it should guide.
        The model is then as it was.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3, padding=1))
    >>> swapped, x = pac(net), torch.rand(1, 3, 16, 16)
    >>> bool((swapped(x) - net(x)).abs().max() < 1e-5)
    True
    """
    _check_options(DEFAULT_SCALE if scale is None else scale, options)
    model = own(model, inplace)
    check_skip(model, skip)
    record = follow(model, example)
    nodes = _chosen(model, record, layers, skip, guidance)
    _check_guidance(model, record, guidance, nodes)
    link = None if guidance == "self" else Link()
    plan = Plan()
    for node in nodes:
        plan.changes.append((node.where, _swap(link, scale or DEFAULT_SCALE, options)))
    convs = {node.where: cast(nn.Conv2d, model.get_submodule(node.where)) for node in nodes}
    texts = {name: (pair(conv.stride), described(conv)) for name, conv in convs.items()}
    model = plan.carry_out(model)
    if link is not None and nodes:
        _listen(model, guidance, link)
    if scale is None and guidance != "input":
        level(model, list(texts), pass_input(model, example, record.shapes[record.source]))
    add_to_table(model, [_row(model, name, guidance, *text) for name, text in texts.items()])
    return model


def _row(model: nn.Module, name: str, guidance: str, stride: tuple[int, int], before: str) -> Replacement:
    scale = cast(GuidedPacConv2d, model.get_submodule(name)).scale
    after = f"GuidedPacConv2d guided by {guidance}, scale={scale:.4g}"
    return Replacement("pac", name, "convolution", stride, before, after)


def _check_options(scale: float, options: dict[str, Any]) -> None:
    if not 0 < scale < float("inf"):
        raise UsageError(f"scale must be a positive number, got {scale!r}")
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise UsageError(f"pac has no option {unknown[0]!r}", hint=f"There are: {', '.join(OPTIONS)}.")
    try:
        PacConv2d(1, 1, 3, device="meta", **options)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error


def _swap(link: Link | None, scale: float, options: dict[str, Any]) -> Change:
    return lambda module: GuidedPacConv2d.of(cast(nn.Conv2d, module), link, scale, options)


def _listen(model: nn.Module, guidance: str, link: Link) -> None:
    if guidance == "input":
        model.register_forward_pre_hook(KeepInput(link), with_kwargs=True)
    else:
        model.get_submodule(guidance).register_forward_hook(KeepOutput(link))
    model.register_forward_hook(Forget(link), always_call=True)


def _chosen(model: nn.Module, record: Record, layers: Selectors, skip: Selectors, guidance: str) -> list[Node]:
    """Steps of the convolutions to replace, in order."""
    steps = [n for n in record.nodes if n.is_module and isinstance(model.get_submodule(n.where), nn.Conv2d)]
    steps = [n for n in steps if not matches(n.where, model.get_submodule(n.where), as_tuple(skip))]
    if layers is None:
        return _last_of_each_size(model, record, steps, guidance)
    for selector in as_tuple(layers):
        if not any(matches(n.where, model.get_submodule(n.where), [selector]) for n in steps):
            raise UsageError(f"no convolution is meant by {selector!r}", hint="Names are those of named_modules().")
    chosen = [n for n in steps if matches(n.where, model.get_submodule(n.where), as_tuple(layers))]
    for node in chosen:
        if reason := _obstacle(model, record, node, guidance):
            raise refuse(node.where, reason)
    return chosen


def _last_of_each_size(model: nn.Module, record: Record, steps: list[Node], guidance: str) -> list[Node]:
    picture = record.shapes[record.source][-2:]
    last: dict[tuple[int, ...], Node] = {}
    for node in steps:
        size = record.shapes[node.outputs[0]][-2:]
        fits = record.shapes[node.inputs[0]][-2:] == size != picture and max(size) > 1
        conv = cast(nn.Conv2d, model.get_submodule(node.where))
        if fits and max(conv.kernel_size) > 1 and not _obstacle(model, record, node, guidance):
            last[size] = node
    return list(last.values())


def _obstacle(model: nn.Module, record: Record, node: Node, guidance: str) -> str | None:
    """Why a convolution cannot be replaced, if so."""
    conv = cast(nn.Conv2d, model.get_submodule(node.where))
    if not can_edit(conv):
        return f"{class_name(conv)} is not a plain nn.Conv2d"
    if not {"weight", "bias"} <= conv._parameters.keys():
        made = "its weight is made in every pass, as weight_norm, spectral_norm and pruning do: make it permanent first"
        return f"{made} (remove_parametrizations, remove_spectral_norm, prune.remove and the like)"
    if any(k % 2 == 0 for k in conv.kernel_size):
        return f"pixel-adaptive windows are odd, this one is {conv.kernel_size}"
    if guidance != "self" and record.shapes[node.inputs[0]][0] != record.shapes[record.source][0]:
        return "its maps are not one a picture (they are heads, windows or frames): only guidance='self' fits"
    return "it is used several times in one pass" if record.calls(node.where) > 1 else None


def _check_guidance(model: nn.Module, record: Record, guidance: str, nodes: list[Node]) -> None:
    if guidance in ("input", "self"):
        return
    inside = [n for n in record.nodes if any(f"{name}.".startswith(f"{guidance}.") for name in (n.where, *n.within))]
    if guidance not in dict(model.named_modules()) or not inside:
        raise UsageError(f"guidance {guidance!r} is not a module that runs", hint="Say input, self or a module's name.")
    shape = record.shapes[inside[-1].outputs[0]]
    if len(shape) != 4:
        raise UsageError(f"guidance {guidance!r} makes a value of shape {shape}, not a map (N, C, H, W)")
    for node in nodes:
        if node.index <= inside[-1].index:
            raise refuse(node.where, f"its guidance {guidance!r} is made behind it", "Choose an earlier module.")
