"""A batch of no image gives a batch of no output and gradients of zeros, as in ``nn.Conv2d``."""

import pytest
import torch

from biasscope.nn import (
    MaxBlurPool2d,
    PacConv2d,
    PacConvTranspose2d,
    PacCRF,
    PacCRFLoose,
    PacJointUpsample2d,
    PacPool2d,
    PolyphaseSampling2d,
    PolyphaseUpsampling2d,
)

TERMS = [{}, {"compat_type": "potts", "blur": 2}, {"compat_type": "2d"}, {"compat_type": "na"}]
INVERSE = {"kernel_type": "inv_0.1_0.5", "smooth_kernel_type": "full_3", "normalize_kernel": True}
LAYERS = {
    "conv": (lambda o: PacConv2d(16, 8, 3, padding=1, **o), 16, 1),
    "inverse conv": (lambda o: PacConv2d(16, 8, 3, padding=1, **INVERSE, **o), 16, 1),
    "groups": (lambda o: PacConv2d(16, 8, 3, padding=1, groups=2, **o), 16, 1),
    "few channels": (lambda o: PacConv2d(4, 8, 3, padding=1, **o), 4, 1),
    "shared": (lambda o: PacConv2d(4, 4, 3, padding=1, shared_filters=True, **o), 4, 1),
    "reflect": (lambda o: PacConv2d(16, 8, 3, padding=1, padding_mode="reflect", **o), 16, 1),
    "transpose": (lambda o: PacConvTranspose2d(16, 8, 3, 2, 1, 1, **o), 16, 2),
    "pool": (lambda o: PacPool2d(3, padding=1, **o), 4, 1),
    "field": (lambda o: PacCRF(3, 2, pairwise_kernels=TERMS, **o), 3, 1),
    "loose field": (lambda o: PacCRFLoose(3, 2, pairwise_kernels=TERMS, **o), 3, 1),
}


def check(layer, x, *others):
    out = layer(x, *others)
    out.sum().backward()
    assert out.shape[0] == 0
    assert x.grad.shape == x.shape
    assert all(p.grad is not None and not p.grad.any() for p in layer.parameters())
    return out


@pytest.mark.parametrize("native_impl", [False, True])
@pytest.mark.parametrize("guides", [0, 1])
@pytest.mark.parametrize("name", LAYERS)
def test_pixel_adaptive_layers(name, guides, native_impl):
    make, channels, scale = LAYERS[name]
    layer = make({"native_impl": native_impl})
    x, guide = torch.rand(2, channels, 7, 7), torch.rand(2, 5, 7 * scale, 7 * scale)
    empty, some = x[:0].requires_grad_(), guide[:guides].requires_grad_()
    out = check(layer, empty, some)
    assert out.shape[1:] == layer(x, guide).shape[1:]
    assert some.grad is not None
    assert not some.grad.any()


def test_joint_upsampling():
    out = check(PacJointUpsample2d(4, width=8), torch.rand(0, 1, 4, 4, requires_grad=True), torch.rand(0, 3, 16, 16))
    assert out.shape == (0, 1, 16, 16)


@pytest.mark.parametrize("uneven", ["wrap", "pad"])
@pytest.mark.parametrize("p", [2.0, float("inf")])
@pytest.mark.parametrize("stride", [2, 3])
def test_polyphase_layers(stride, p, uneven):
    x = torch.rand(0, 3, 8, 8, requires_grad=True)
    sample = PolyphaseSampling2d(stride, p, uneven)
    out = check(sample, x)
    assert out.shape == (0, *sample(torch.rand(1, 3, 8, 8)).shape[1:])
    index = torch.zeros(0, 2, dtype=torch.long)
    assert check(PolyphaseUpsampling2d(2), torch.rand(0, 3, 4, 4, requires_grad=True), index).shape == (0, 3, 8, 8)


def test_max_blur():
    assert check(MaxBlurPool2d(3), torch.rand(0, 3, 8, 8, requires_grad=True)).shape == (0, 3, 4, 4)
