"""Frozen guidance against recomputed guidance: equal to the identities of pixel-adaptive convolution, by loops."""

import itertools

import pytest
import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import pac
from biasscope.models.surgery.frozen import frozen_guidance

SHIFT = (2, 1)


@pytest.fixture
def net():
    torch.manual_seed(3)
    layers = [nn.Conv2d(channels, 3, 3, padding=1, padding_mode="circular") for channels in (2, 3)]
    return pac(nn.Sequential(layers[0], nn.ReLU(), layers[1]).double(), "2", scale=1.0).eval()


@pytest.fixture
def picture():
    return torch.rand(1, 2, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


def moved(x):
    return x.roll(SHIFT, (-2, -1))


def left_behind(v, f, weight):
    """Sum over windows of (K(f_i, f_j) - K(f_(i-s), f_(j-s))) W v_(j-s), around the edges, one number at a time."""
    height, width = v.shape[-2:]
    out = torch.zeros(weight.shape[0], height, width, dtype=v.dtype)

    def alike(y, x, down, right):
        gap = f[0, :, (y + down) % height, (x + right) % width] - f[0, :, y % height, x % width]
        return torch.exp(-0.5 * (gap**2).sum())

    for y, x, down, right in itertools.product(range(height), range(width), (-1, 0, 1), (-1, 0, 1)):
        change = alike(y, x, down, right) - alike(y - SHIFT[0], x - SHIFT[1], down, right)
        value = v[0, :, (y + down - SHIFT[0]) % height, (x + right - SHIFT[1]) % width]
        out[:, y, x] += change * weight[:, :, down + 1, right + 1] @ value
    return out[None]


def test_guidance_that_moves_with_the_picture_is_equivariant(net, picture):
    with torch.no_grad():
        expected = moved(net(picture))
        torch.testing.assert_close(net(moved(picture)), expected, rtol=0, atol=1e-12)
        with frozen_guidance(net, picture, SHIFT):
            torch.testing.assert_close(net(moved(picture)), expected, rtol=0, atol=1e-12)


def test_frozen_guidance_leaves_what_the_identity_says(net, picture):
    with torch.no_grad():
        expected, hidden = moved(net(picture)), net[1](net[0](picture))
        with frozen_guidance(net, picture) as guidance:
            torch.testing.assert_close(guidance["2"], picture)
            torch.testing.assert_close(net(picture).roll(SHIFT, (-2, -1)), expected)
            error = net(moved(picture)) - expected
    assert error.abs().max() > 1e-3
    torch.testing.assert_close(error, left_behind(hidden, picture, net[2].weight), rtol=0, atol=1e-12)


def test_constant_guidance_loses_nothing_when_frozen(net, picture):
    constant = torch.full_like(picture, 0.3)
    plain = nn.functional.conv2d(
        nn.functional.pad(net[1](net[0](moved(picture))), (1, 1, 1, 1), mode="circular"), net[2].weight, net[2].bias
    )
    with torch.no_grad(), frozen_guidance(net, constant):
        torch.testing.assert_close(net(moved(picture)), plain, rtol=0, atol=1e-12)


def test_the_model_is_left_as_it_was(net, picture):
    before = net(picture)
    with pytest.raises(RuntimeError, match="stop"), frozen_guidance(net, picture):
        raise RuntimeError("stop")
    assert "guidance" not in vars(net[2])
    torch.testing.assert_close(net(picture), before)
    with pytest.raises(UsageError, match="does not fit"), frozen_guidance(net, picture):
        net(picture[..., :5])
    with pytest.raises(UsageError, match="no pixel-adaptive"), frozen_guidance(nn.Conv2d(1, 1, 3), picture):
        pass
