"""Pixel-adaptive forms: how much of what a shift does is that the guidance is found anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from torch import Tensor

from biasscope.core.errors import InputError
from biasscope.images.picture import Picture
from biasscope.models.surgery.frozen import frozen_guidance
from biasscope.models.surgery.layers import GuidedPacConv2d
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.pipeline.layers.moving import activations, prepared
from biasscope.trace.probe import device_of, float_type


def guided(items: Sequence[Measurement], pictures: Sequence[Picture]) -> Iterator[str]:
    """A sentence for every pixel-adaptive form, from the first picture that fits."""
    for item in items:
        for picture in pictures:
            with suppress(InputError):
                yield from _said(item, prepared(item, picture, [item.transformation.reference]))
                break


def _said(item: Measurement, x: Tensor) -> Iterator[str]:
    module = item.subject.model.module
    names = {name for name, part in module.named_modules() if isinstance(part, GuidedPacConv2d)}
    found = [one for one in item.trace.layers if one.name in names and one.stride is not None]
    if not found:
        return
    layer = found[-1]
    step = round(max(layer.stride or (1.0,)))
    moved = x.roll((step, step), (-2, -1))
    functional = bool(item.functions)
    anew = activations(module, moved, [layer], functional=functional)[layer.name]
    with frozen_guidance(module, x.to(device_of(module), float_type(module))):
        frozen = activations(module, moved, [layer], functional=functional)[layer.name]
    change = float((frozen - anew).norm() / anew.norm().clamp_min(1e-30))
    share = f"by {change:.1e} of its length" if change else "by nothing that single precision shows"
    yield (
        f"{item.label}: guidance is found anew in every shifted picture. Frozen at the unshifted one it would change "
        f"the response of {layer.name} to a picture moved by {step} pixels down and right {share}; "
        "the more the guidance is scaled up, the more (freezing alone is not equivariant)."
    )
