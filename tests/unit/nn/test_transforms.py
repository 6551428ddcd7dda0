"""Forward-mode derivatives and vmap."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import jacfwd, jacrev, jvp, vmap

from biasscope.nn import BlurPool2d, MaxBlurPool2d, PolyphaseSampling2d

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")  # by torch's own jvp

LAYERS = {
    "blur": BlurPool2d(2, dtype=torch.float64),
    "max blur": MaxBlurPool2d(2, 3, 2, 1).double(),
    "circular max blur": MaxBlurPool2d(2, 3, 2, 1, padding_mode="circular", circular_max=True).double(),
    "polyphase": PolyphaseSampling2d(2),
    "uneven polyphase": PolyphaseSampling2d(3, p=3.0),
    "maximum polyphase": PolyphaseSampling2d(2, p=float("inf")),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    return LAYERS[request.param]


def maps(*batch, seed=0):
    return torch.randn(*batch, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_forward_mode_against_finite_differences(layer):
    x, v = maps(2), maps(2, seed=1)
    out, tangent = jvp(layer, (x,), (v,))
    assert torch.equal(out, layer(x))
    torch.testing.assert_close(tangent, (layer(x + 1e-6 * v) - layer(x - 1e-6 * v)) / 2e-6, rtol=1e-6, atol=1e-6)


def test_forward_mode_against_reverse_mode(layer):
    x = maps(1)
    torch.testing.assert_close(jacfwd(layer)(x), jacrev(layer)(x))


def test_dual_numbers(layer):
    x, v = maps(2), maps(2, seed=1)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, v))).tangent
    torch.testing.assert_close(tangent, jvp(layer, (x,), (v,))[1])


def test_vmap_against_a_loop(layer):
    x = maps(3, 2)
    torch.testing.assert_close(vmap(layer)(x), torch.stack([layer(each) for each in x]))
