"""Shapes without values: every layer runs on the meta device, which knows no autocast."""

import pytest
import torch

from biasscope.nn import (
    BlurPool2d,
    MaxBlurPool2d,
    PacConv2d,
    PacConvTranspose2d,
    PacCRF,
    PacJointUpsample2d,
    PacPool2d,
    PolyphaseSampling2d,
    PolyphaseUpsampling2d,
)

META = torch.device("meta")


def meta(*shape):
    return torch.rand(*shape, device=META)


@pytest.mark.parametrize("native_impl", [False, True])
@pytest.mark.parametrize("channels", [4, 16])
def test_convolutions_give_shapes_and_gradients(channels, native_impl):
    options = {"native_impl": native_impl, "device": META}
    x, conv = meta(2, channels, 6, 6).requires_grad_(), PacConv2d(channels, 8, 3, padding=1, **options)
    out = conv(x, meta(2, 3, 6, 6))
    assert (out.shape, out.device) == ((2, 8, 6, 6), META)
    out.sum().backward()
    assert (x.grad.shape, conv.weight.grad.shape) == (x.shape, conv.weight.shape)
    up = PacConvTranspose2d(channels, 8, 3, 2, 1, 1, **options)
    assert up(x, meta(1, 3, 12, 12)).shape == (2, 8, 12, 12)


def test_other_pixel_adaptive_layers_give_shapes():
    pool = PacPool2d(3, 2, 1, kernel_type="inv_0.1_0.5", normalize_kernel=True, device=META)
    out, mask = pool(meta(2, 4, 6, 6), meta(2, 3, 6, 6), mask=meta(2, 1, 6, 6))
    assert (out.shape, mask.shape) == ((2, 4, 3, 3), (2, 1, 3, 3))
    crf = PacCRF(3, 2, pairwise_kernels=[{}, {"compat_type": "potts", "blur": 2}], device=META)
    assert crf(meta(2, 3, 7, 7), meta(2, 5, 7, 7)).shape == (2, 3, 7, 7)
    assert PacJointUpsample2d(4, width=8, device=META)(meta(1, 1, 4, 4), meta(1, 3, 16, 16)).shape == (1, 1, 16, 16)


def test_field_made_under_a_meta_device_gives_shapes():
    with META:
        crf = PacCRF(3, 2, pairwise_kernels=[{}, {"compat_type": "2d"}])
    assert crf(meta(2, 3, 7, 7), meta(2, 5, 7, 7)).shape == (2, 3, 7, 7)


@pytest.mark.parametrize("p", [2.0, float("inf")])
@pytest.mark.parametrize(("stride", "side"), [(2, 4), (3, 3)])
def test_polyphase_layers_give_shapes(stride, side, p):
    down, index = PolyphaseSampling2d(stride, p).with_index(meta(2, 3, 8, 8))
    assert (down.shape, index.shape) == ((2, 3, side, side), (2, 2))
    assert PolyphaseUpsampling2d(stride)(down, index, (8, 8)).shape == (2, 3, 8, 8)


@pytest.mark.parametrize("layer", [BlurPool2d(3), MaxBlurPool2d(3), MaxBlurPool2d(3, circular_max=True)])
def test_pools_give_shapes(layer):
    assert layer.to(META)(meta(2, 3, 8, 8)).shape == (2, 3, 4, 4)
